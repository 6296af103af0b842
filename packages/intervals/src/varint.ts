import { DecodeError } from "@amity/bytes";

/** A place in a buffer that moves as octets are written or read: bare, because block codecs run once for millions of slots. */
export interface Cursor {
  readonly data: Uint8Array;
  at: number;
}

/** Octets of the longest varint: 54 bits of a zigzag safe integer in groups of seven. */
const OCTETS_MAX = 8;
const SAFE_HALF = 2 ** 52;

/** Writes a non-negative safe integer, seven bits an octet, lowest first; the caller has made room for eight octets. */
export function putVarint(out: Cursor, value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    out.data[out.at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  out.data[out.at++] = rest;
}

/** Writes a safe integer with its sign in the lowest bit. */
export function putSigned(out: Cursor, value: number): void {
  if (value < SAFE_HALF && value >= -SAFE_HALF) return putVarint(out, value < 0 ? -2 * value - 1 : 2 * value);
  // Beyond 52 bits doubling would leave the safe range: the sign bit is split off by hand.
  const magnitude = value < 0 ? -(value + 1) : value;
  out.data[out.at++] = ((magnitude % 0x40) * 2 + (value < 0 ? 1 : 0)) | 0x80;
  putVarint(out, Math.floor(magnitude / 0x40));
}

/** @throws DecodeError if it is cut off, or not the shortest form, or no safe integer. */
export function getVarint(input: Cursor): number {
  let value = 0;
  let scale = 1;
  for (let count = 0; count < OCTETS_MAX; count++) {
    const octet = input.data[input.at];
    if (octet === undefined) throw new DecodeError("truncated number", { offset: input.at, code: "truncated" });
    input.at++;
    value += (octet & 0x7f) * scale;
    if (octet < 0x80) {
      if (octet === 0 && count > 0) throw new DecodeError("number is not in its shortest form", { offset: input.at - 1, code: "overlong" });
      if (!Number.isSafeInteger(value)) break;
      return value;
    }
    scale *= 0x80;
  }
  throw new DecodeError("number exceeds the safe integers", { offset: input.at - 1, code: "limit" });
}

/** @throws DecodeError as `getVarint`. */
export function getSigned(input: Cursor): number {
  const at = input.at;
  const first = input.data[at];
  if (first === undefined) throw new DecodeError("truncated number", { offset: at, code: "truncated" });
  input.at++;
  let magnitude = (first & 0x7f) >> 1;
  if (first >= 0x80) {
    const rest = getVarint(input);
    if (rest === 0) throw new DecodeError("number is not in its shortest form", { offset: at, code: "overlong" });
    magnitude += rest * 0x40;
  }
  const value = (first & 1) === 1 ? -magnitude - 1 : magnitude;
  if (!Number.isSafeInteger(value)) throw new DecodeError("number exceeds the safe integers", { offset: at, code: "limit" });
  return value;
}
