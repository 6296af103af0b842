export * from "./acse/acse.ts";
export * from "./acse/conformance.ts";
export * from "./acse/initiate.ts";
export * from "./apdu/apdu.ts";
export type * from "./apdu/descriptors.ts";
export * from "./apdu/exceptions.ts";
export { BlockTransfer, type BlockTransferOptions, type BlockTransferStep } from "./apdu/block-transfer.ts";
export { GENERAL_BLOCK_TRANSFER_TAG } from "./apdu/ciphered.ts";
export { ExceptionResponseError, decodeAnswer, encodeApdu, type Exchange } from "./apdu/exchange.ts";
export * from "./apdu/results.ts";
export * from "./client/connect-dlms.ts";
export type * from "./client/dlms-client.ts";
export { confirmationOf, isNotification, readNotification } from "./client/notifications.ts";
export * from "./client/security-setup.ts";
export * from "./cosem/index.ts";
export * from "./data/axdr.ts";
export * from "./data/dlms-data.ts";
export * from "./data/obis.ts";
export * from "./data/profile-table.ts";
export * from "./data/selections.ts";
export * from "./explain/explain.ts";
export * from "./hdlc/index.ts";
export * from "./link/gateway.ts";
export type * from "./link/pdu-link.ts";
export * from "./link/wrapper.ts";
export * from "./link/wrapper-datagram.ts";
export * from "./push/encode-push.ts";
export { senderOfPush, type PushSender } from "./push/open-push.ts";
export * from "./push/protect-push.ts";
export * from "./push/push-receiver.ts";
export * from "./security/certificates.ts";
export * from "./security/counters.ts";
export * from "./security/general-ciphering.ts";
export * from "./security/general-signing.ts";
export { aesChallengeTransform } from "./security/hls.ts";
export * from "./security/key-agreement.ts";
export * from "./security/protect.ts";
export * from "./security/secure-channel.ts";
export * from "./security/security-options.ts";
export {
  withChange,
  type AssociationChange,
  type AssociationChanges,
  type AssociationUser,
  type ObjectRightsBits,
} from "./server/association-changes.ts";
export * from "./server/compile-model.ts";
export * from "./server/cosem-device.ts";
export * from "./server/listen-dlms.ts";
export * from "./server/serve-dlms.ts";
export { ServerAssociation } from "./server/server-association.ts";
export type * from "./trace.ts";
