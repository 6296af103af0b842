import { berLength, i16, mapped, sizedOctets, u16, u8, type Codec } from "@amity/bytes";
import { optional, struct } from "../codec/traced.ts";
import { CONFORMANCE_BITS, type ConformanceBit } from "./conformance.ts";
import { flag } from "../apdu/get.ts";

/** xDLMS InitiateRequest and InitiateResponse after their tags 01 and 08 (IEC 62056-5-3, 7.3.2 and 8.3). */
export const DLMS_VERSION = 6;

const conformanceTag: Codec<undefined> = {
  decode(reader) {
    const at = reader.offset;
    if (reader.u8() !== 0x5f) throw reader.fail("the conformance block starts with 5F 1F", "unknown-tag", at);
    // Some old meters encode the application tag in one octet.
    if (reader.peek() === 0x1f) reader.u8();
    return undefined;
  },
  encode: (_, writer) => void writer.u8(0x5f).u8(0x1f),
};

const conformance: Codec<ConformanceBit[]> = mapped(
  struct({ tag: conformanceTag, services: sizedOctets(u8, 8) }),
  ({ services }) => conformanceBits(services.subarray(1)),
  (names) => ({ tag: undefined, services: Uint8Array.of(0, ...conformanceOctets(names)) }),
);

/** DEFAULT TRUE: flag 0 stands for true, otherwise the value follows. */
const responseAllowed: Codec<boolean> = {
  decode: (reader) => (reader.u8() === 0 ? true : flag().decode(reader)),
  encode: (value, writer) => void (value ? writer.u8(0) : writer.u8(1).u8(0)),
};

export const initiateRequest = struct({
  dedicatedKey: optional(sizedOctets(berLength, 64)),
  responseAllowed,
  qualityOfService: optional(u8),
  dlmsVersion: u8,
  conformance,
  clientMaxReceivePduOctets: u16,
});

export const initiateResponse = struct({
  qualityOfService: optional(u8),
  dlmsVersion: u8,
  conformance,
  serverMaxReceivePduOctets: u16,
  /** 0007 for logical names, FA00 for short names. */
  vaaName: mapped(
    i16,
    (name) => name & 0xffff,
    (name) => (name << 16) >> 16,
  ),
});

/** The names of the bits set in 24 bits of conformance. */
export function conformanceBits(bits: Uint8Array): ConformanceBit[] {
  return (Object.keys(CONFORMANCE_BITS) as ConformanceBit[]).filter((name) => {
    const bit = CONFORMANCE_BITS[name];
    return ((bits[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;
  });
}

/** 24 bits with those of `names` set. */
export function conformanceOctets(names: Iterable<ConformanceBit>): Uint8Array {
  const bits = new Uint8Array(3);
  for (const name of names) {
    const bit = CONFORMANCE_BITS[name];
    bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  }
  return bits;
}
