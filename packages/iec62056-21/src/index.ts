export * from "./client/client-session.ts";
export * from "./client/listen-readouts.ts";
export * from "./client/local-port-client.ts";
export * from "./decode-bench.ts";
export * from "./explain/explain.ts";
export { blockCheck, toOctets, toText, withEvenParity, withoutParity } from "./line/characters.ts";
export * from "./line/line-assembler.ts";
export type * from "./line/line-part.ts";
export { READOUT_END, encodeCommand, encodeData, type Command } from "./message/command.ts";
export * from "./message/data-set.ts";
export {
  BAUD_BY_CHARACTER,
  formatIdentification,
  isQuick,
  offerOf,
  parseIdentification,
  type BaudCharacter,
  type Identification,
  type Offer,
} from "./message/identification.ts";
export { encodeOptionSelect, encodeSignOn, type OptionSelect } from "./message/sign-on.ts";
export * from "./message/readout.ts";
export * from "./message/value.ts";
export * from "./profile/event-log.ts";
export * from "./profile/load-profile.ts";
export * from "./server/meter-session.ts";
export { PasswordLock } from "./server/password-lock.ts";
export * from "./server/serve-local-port.ts";
