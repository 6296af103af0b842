import { DecodeError } from "@amity/bytes";

/** 3-out-of-6 code words of the nibbles 0 to F (EN 13757-4, table 12). */
const THREE_OF_SIX: readonly number[] = [0x16, 0x0d, 0x0e, 0x0b, 0x1c, 0x19, 0x1a, 0x13, 0x2c, 0x25, 0x26, 0x23, 0x34, 0x31, 0x32, 0x29];
const NIBBLES = new Int8Array(64).fill(-1);
for (const [nibble, word] of THREE_OF_SIX.entries()) NIBBLES[word] = nibble;

/** Mode T, meter to other: 6 chips a nibble, most significant first; the last octet is filled up with 01 chips. */
export function encodeThreeOfSix(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil((data.length * 12) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const octet of data) {
    held = (held << 12) | ((THREE_OF_SIX[octet >> 4] ?? 0) << 6) | (THREE_OF_SIX[octet & 15] ?? 0);
    bits += 12;
    while (bits >= 8) {
      bits -= 8;
      out[at++] = (held >> bits) & 0xff;
    }
    held &= 0xff;
  }
  if (bits > 0) out[at] = ((held << (8 - bits)) | (0x55 >> bits)) & 0xff;
  return out;
}

/** Reads `octets` octets back. @throws DecodeError `line-code` (a word that is none, with its chip octet), `truncated`. */
export function decodeThreeOfSix(chips: Uint8Array, octets: number): Uint8Array {
  const out = new Uint8Array(octets);
  for (let index = 0; index < octets * 2; index++) {
    const bit = index * 6;
    if (bit + 6 > chips.length * 8)
      throw new DecodeError("truncated: chips end inside a code word", { offset: bit >> 3, code: "truncated" });
    const pair = ((chips[bit >> 3] ?? 0) << 8) | (chips[(bit >> 3) + 1] ?? 0);
    const nibble = NIBBLES[(pair >> (10 - (bit & 7))) & 0x3f] ?? -1;
    if (nibble < 0) throw new DecodeError("chips are no 3-out-of-6 code word", { offset: bit >> 3, code: "line-code" });
    out[index >> 1] = ((out[index >> 1] ?? 0) << 4) | nibble;
  }
  return out;
}

/** Modes S and R, and T towards the meter: a 1 is chips 01, a 0 is chips 10 (EN 13757-4, 5.3). */
export function encodeManchester(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length * 2);
  for (const [index, octet] of data.entries()) {
    let chips = 0;
    for (let bit = 7; bit >= 0; bit--) chips = (chips << 2) | ((octet >> bit) & 1 ? 1 : 2);
    out[index * 2] = chips >> 8;
    out[index * 2 + 1] = chips & 0xff;
  }
  return out;
}

/** @throws DecodeError `line-code` where a chip pair is 00 or 11, `truncated`. */
export function decodeManchester(chips: Uint8Array): Uint8Array {
  if (chips.length % 2 !== 0) throw new DecodeError("truncated: half an octet of chips", { offset: chips.length, code: "truncated" });
  const out = new Uint8Array(chips.length / 2);
  for (let index = 0; index < out.length; index++) {
    const pair = ((chips[index * 2] ?? 0) << 8) | (chips[index * 2 + 1] ?? 0);
    let octet = 0;
    for (let bit = 14; bit >= 0; bit -= 2) {
      const chip = (pair >> bit) & 3;
      if (chip === 0 || chip === 3) throw new DecodeError("chips are no Manchester code", { offset: index * 2, code: "line-code" });
      octet = (octet << 1) | (chip & 1);
    }
    out[index] = octet;
  }
  return out;
}
