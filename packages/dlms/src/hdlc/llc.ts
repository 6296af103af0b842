import { DecodeError } from "@amity/bytes";

/**
 * The LLC header of the three-layer profile (IEC 62056-46 5.3, ISO/IEC 8802-2): destination LSAP E6, source LSAP E6
 * (command) or E7 (response), quality 00. It leads every message, so only the first segment carries it.
 */
export const LLC_COMMAND: Uint8Array = Uint8Array.of(0xe6, 0xe6, 0x00);
export const LLC_RESPONSE: Uint8Array = Uint8Array.of(0xe6, 0xe7, 0x00);

/** Puts the header before an APDU. */
export function withLlc(header: Uint8Array, apdu: Uint8Array): Uint8Array {
  const message = new Uint8Array(header.length + apdu.length);
  message.set(header);
  message.set(apdu, header.length);
  return message;
}

/** The APDU behind the header (a view). Which of the two LSAPs the sender used is not held against it. @throws DecodeError. */
export function withoutLlc(message: Uint8Array): Uint8Array {
  const isLlc = message[0] === 0xe6 && (message[1] === 0xe6 || message[1] === 0xe7);
  if (!isLlc || message.length < 3)
    throw new DecodeError("message does not begin with an LLC header (E6 E6 00 or E6 E7 00)", { offset: 0, code: "llc" });
  return message.subarray(3);
}
