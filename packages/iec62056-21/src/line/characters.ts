import { latin1Text } from "@amity/bytes";

/** Control characters of the protocol (IEC 62056-21, 6.2 and 6.3). */
export const SOH = 0x01;
export const STX = 0x02;
export const ETX = 0x03;
export const EOT = 0x04;
export const ACK = 0x06;
export const NAK = 0x15;
export const CR = 0x0d;
export const LF = 0x0a;
export const SLASH = 0x2f;
export const BANG = 0x21;
export const QUESTION = 0x3f;

/** Block check character: exclusive or of `octets[start..end)`, which is from after the first SOH or STX to ETX inclusive. */
export function blockCheck(octets: Uint8Array, start = 0, end = octets.length): number {
  let sum = 0;
  for (let index = start; index < end; index++) sum ^= octets[index] ?? 0;
  return sum & 0x7f;
}

/** Text to octets: one character each. Characters outside Latin-1 become `?`. */
export function toOctets(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => (character.charCodeAt(0) > 0xff ? QUESTION : character.charCodeAt(0)));
}

/** Octets to text: one character each, so that places in the text are places in the octets. */
export function toText(octets: Uint8Array, start = 0, end = octets.length): string {
  return latin1Text(octets.subarray(start, end));
}

/** Seven bits of each octet: for lines whose parity comes through as the eighth. */
export function withoutParity(octets: Uint8Array): Uint8Array {
  return octets.map((octet) => octet & 0x7f);
}

/** Adds the even parity bit: for 8N1 gateways in front of a 7E1 meter. */
export function withEvenParity(octets: Uint8Array): Uint8Array {
  return octets.map((octet) => {
    let ones = octet & 0x7f;
    ones ^= ones >> 4;
    ones ^= ones >> 2;
    ones ^= ones >> 1;
    return (octet & 0x7f) | ((ones & 1) << 7);
  });
}
