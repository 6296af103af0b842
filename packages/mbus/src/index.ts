export * from "./link/manufacturer.ts";
export * from "./link/device-type.ts";
export * from "./link/address.ts";
export * from "./application/value-info.ts";
export * from "./application/record.ts";
export * from "./link/wired-frame.ts";
export * from "./link/frame-assembler.ts";
export * from "./link/wired-message.ts";
export * from "./cosem/cosem-segments.ts";
export * from "./application/application-error.ts";
export * from "./application/compact-frame.ts";
export * from "./application/control-information.ts";
export * from "./application/fixed-data.ts";
export * from "./application/image-transfer.ts";
export { readApplication, type Application, type ApplicationContext } from "./application/read-application.ts";
export * from "./application/read-records.ts";
export { interpretCodes, readValueInfo, VIFES_MAX } from "./application/read-value-info.ts";
export { OBJECT_ACTIONS, RECORD_ERRORS } from "./application/vife-combinable.ts";
export * from "./transport/meter-key.ts";
export type { CivilDate } from "./application/data-types.ts";
export type { SecurityOutcome } from "./transport/open-payload.ts";
export * from "./transport/tls-record.ts";
export { SECURITY_MODES, type TransportHeader } from "./transport/transport-header.ts";
export * from "./wireless/authentication-layer.ts";
export * from "./wireless/extended-link.ts";
export * from "./wireless/fragment-assembly.ts";
export {
  encodeFrameA,
  encodeFrameB,
  frameALength,
  offsetOnAir,
  stripFrame,
  type FrameFormat,
  type StrippedFrame,
} from "./wireless/frame-format.ts";
export * from "./wireless/line-code.ts";
export * from "./wireless/message-counter.ts";
export * from "./wireless/modes.ts";
export * from "./wireless/telegram.ts";
export { findVif, meterTime, recordInput, writeRecords, type RecordInput } from "./application/write-records.ts";
export { sealMessage, type MessageInput } from "./transport/seal-payload.ts";
export * from "./wireless/write-telegram.ts";
export * from "./server/wired-slave.ts";
export * from "./server/wired-bus.ts";
export { type ExchangeOptions, type ExchangeResult } from "./client/wired-exchange.ts";
export * from "./client/wired-master.ts";
export * from "./client/wired-scan.ts";
export { compactProfiles, type CompactProfile, type ProfileValue } from "./application/compact-profile.ts";
export * from "./application/storage-series.ts";
export type * from "./profiles/profile.ts";
export { METER_PROFILES, readProfile, type ProfileResult } from "./profiles/read-profile.ts";
export * from "./profiles/status-words.ts";
export { knownFormats } from "./profiles/known-formats.ts";
export * from "./decode-bench.ts";
export { readFormatFrame, writeFormatFrame } from "./application/format-frame.ts";
export * from "./client/wireless-receiver.ts";
export * from "./client/collector-telegram.ts";
export * from "./server/wireless-meter.ts";
export type * from "./explain/explain-node.ts";
export * from "./explain/explain.ts";
export { explainSeries } from "./explain/explain-series.ts";
export * from "./server/wireless-beacon.ts";
export {
  TLS_CHANNEL,
  TLS_SESSION_MAX_MS,
  type TlsLinkEffect,
  type TlsLinkInput,
  type TlsLinkLimits,
  type TlsLinkOptions,
} from "./tls/tls-link.ts";
export * from "./tls/tls-gateway-link.ts";
export * from "./tls/tls-meter-link.ts";
export * from "./tls/tls-channel.ts";
