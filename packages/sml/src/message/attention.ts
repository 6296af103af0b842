import { toHex } from "@amity/bytes";

const PREFIX = "8181c7c7";

const MEANINGS: Readonly<Record<string, string>> = {
  fd00: "done",
  fd01: "will be done later, the result comes by itself",
  fe00: "error of no other kind",
  fe01: "unknown SML identifier",
  fe02: "not authorised, or user or password wrong",
  fe03: "target address not available",
  fe04: "request not available",
  fe05: "attributes cannot be written",
  fe06: "attributes cannot be read",
  fe07: "communication with the measuring point disturbed",
  fe08: "raw data cannot be interpreted",
  fe09: "value out of range",
  fe0a: "not done: the parameter path leads nowhere",
  fe0b: "checksum wrong",
  fe0c: "broadcast not supported",
  fe0d: "unexpected SML message",
  fe0e: "object not in the load profile",
  fe0f: "data type not supported",
  fe10: "optional element not supported",
  fe11: "the profile has no entry",
  fe12: "end before begin",
  fe13: "no entries in this time",
  fe14: "SML file ended without close",
  fe15: "busy, the answer cannot be given now",
};

/** The attention numbers that this package sends. */
export const ATTENTION = {
  done: Uint8Array.of(0x81, 0x81, 0xc7, 0xc7, 0xfd, 0x00),
  notAuthorised: Uint8Array.of(0x81, 0x81, 0xc7, 0xc7, 0xfe, 0x02),
  noSuchTarget: Uint8Array.of(0x81, 0x81, 0xc7, 0xc7, 0xfe, 0x03),
  notWritable: Uint8Array.of(0x81, 0x81, 0xc7, 0xc7, 0xfe, 0x05),
  noSuchParameter: Uint8Array.of(0x81, 0x81, 0xc7, 0xc7, 0xfe, 0x0a),
  unexpected: Uint8Array.of(0x81, 0x81, 0xc7, 0xc7, 0xfe, 0x0d),
  noProfile: Uint8Array.of(0x81, 0x81, 0xc7, 0xc7, 0xfe, 0x11),
} as const;

/** An attention number in words (BSI TR-03109-1 annex IV, 7.2.11); those of an application are only numbers. */
export function attentionMeaning(number: Uint8Array): string {
  const hex = toHex(number);
  if (!hex.startsWith(PREFIX)) return hex;
  return MEANINGS[hex.slice(PREFIX.length)] ?? `application-specific ${hex.slice(PREFIX.length)}`;
}

/** True for the two that confirm. */
export function isConfirmation(number: Uint8Array): boolean {
  return toHex(number).startsWith(`${PREFIX}fd`);
}
