import {
  ByteWriter,
  DecodeError,
  UsageError,
  berLength,
  sized,
  sizedOctets,
  type ByteReader,
  type Codec,
  type CodecValue,
} from "@amity/bytes";
import { named } from "../codec/traced.ts";
import type { BitString } from "../data/dlms-data.ts";

const CONTENT_MAX = 0xffff;

/** BER leaves of the ACSE APDUs (ITU-T X.690): each codec here covers length and content, its tag is in the table. */
export const berOctets: Codec<Uint8Array> = sizedOctets(berLength, CONTENT_MAX);

/** INTEGER of at most four octets. */
export const berInteger: Codec<number> = {
  decode(reader) {
    const content = reader.sub(berLength.decode(reader));
    if (content.remaining < 1 || content.remaining > 4) throw content.fail("an INTEGER of one to four octets is expected");
    let value = content.i8();
    while (!content.isAtEnd) value = value * 256 + content.u8();
    return value;
  },
  encode(value, writer) {
    const octets = [1, 2, 3, 4].find((count) => value >= -(2 ** (8 * count - 1)) && value < 2 ** (8 * count - 1));
    if (octets === undefined || !Number.isInteger(value)) throw new UsageError(`${value} does not fit`, { code: "out-of-range" });
    writer.u8(octets);
    for (let shift = 8 * (octets - 1); shift >= 0; shift -= 8) writer.u8((value >> shift) & 0xff);
  },
};

/** BIT STRING: unused bits, then octets. */
export const berBits: Codec<BitString> = {
  decode(reader) {
    const content = reader.sub(berLength.decode(reader));
    const unused = content.u8();
    if (unused > 7 || (unused > 0 && content.isAtEnd)) throw content.fail(`${unused} unused bits`);
    const octets = content.rest().slice();
    return { bitLength: octets.length * 8 - unused, octets };
  },
  encode(value, writer) {
    berLength.encode(value.octets.length + 1, writer);
    writer.u8(value.octets.length * 8 - value.bitLength).bytes(value.octets);
  },
};

/** OBJECT IDENTIFIER as dotted arcs (X.690, 8.19); 2.16 is octet 0x60. */
export const berOid: Codec<string> = {
  decode: (reader) => oidText(reader.sub(berLength.decode(reader))),
  encode: (text, writer) => berOctets.encode(oidOctets(text), writer),
};

/** A value inside an explicit tag of its own, e.g. `A6 len 04 len octets`. */
export function inside<T>(tag: number, inner: Codec<T>): Codec<T> {
  const tagged: Codec<T> = {
    decode(reader) {
      const found = reader.u8();
      if (found !== tag)
        throw reader.fail(`tag ${found.toString(16)} where ${tag.toString(16)} is expected`, "unknown-tag", reader.offset - 1);
      return inner.decode(reader);
    },
    encode(value, writer) {
      writer.u8(tag);
      inner.encode(value, writer);
    },
  };
  return sized(berLength, tagged, "field");
}

type BerFields = Record<string, { readonly tag: number; readonly codec: Codec<unknown> }>;
type BerValue<F extends BerFields> = { [K in keyof F]?: CodecValue<F[K]["codec"]> | undefined };

/**
 * An ACSE APDU after its tag: length, then optional tagged fields, written in the order of the table and read in any.
 * Unknown fields are passed over: vendors add some.
 */
export function berFields<const F extends BerFields>(fields: F): Codec<BerValue<F>> {
  const entries = Object.entries(fields);
  const byTag = new Map(entries.map(([name, field]) => [field.tag, { name, codec: named(name, field.codec) }]));
  return {
    decode(reader) {
      const content = reader.sub(berLength.decode(reader));
      const value: Record<string, unknown> = {};
      while (!content.isAtEnd) {
        const field = byTag.get(content.u8());
        if (field === undefined) {
          content.skip(berLength.decode(content));
          continue;
        }
        try {
          value[field.name] = field.codec.decode(content);
        } catch (error) {
          throw error instanceof DecodeError ? error.within(field.name) : error;
        }
      }
      return value as BerValue<F>;
    },
    encode(value, writer) {
      const body = new ByteWriter();
      for (const [name, field] of entries) {
        const item: unknown = value[name];
        if (item === undefined) continue;
        body.u8(field.tag);
        field.codec.encode(item, body);
      }
      berLength.encode(body.length, writer);
      writer.bytes(body.peek());
    },
  };
}

function oidText(reader: ByteReader): string {
  const arcs: number[] = [];
  do {
    const arc = oidArc(reader);
    const first = Math.min(2, Math.floor(arc / 40));
    if (arcs.length === 0) arcs.push(first, arc - 40 * first);
    else arcs.push(arc);
  } while (!reader.isAtEnd);
  return arcs.join(".");
}

/** Seven bits an octet, the eighth says that more follow. */
function oidArc(reader: ByteReader): number {
  const at = reader.offset;
  let arc = 0;
  for (let more = true; more;) {
    const octet = reader.u8();
    arc = arc * 128 + (octet & 0x7f);
    more = (octet & 0x80) !== 0;
    if (arc > ARC_MAX || (more && arc === 0)) throw reader.fail("an object identifier's arc is too large or padded", "not-oid", at);
  }
  return arc;
}

/** Arcs of DLMS have three digits at most; larger ones would not come back as they were. */
const ARC_MAX = 0x7fff_ffff;

function oidOctets(text: string): Uint8Array {
  const arcs = text.split(".").map(Number);
  const [first, second, ...others] = arcs;
  if (first === undefined || second === undefined || arcs.some((arc) => !Number.isInteger(arc) || arc < 0 || arc > ARC_MAX)) {
    throw new UsageError(`"${text}" is not an object identifier`, { code: "not-oid" });
  }
  const octets: number[] = [];
  for (const arc of [first * 40 + second, ...others]) {
    const digits = [arc & 0x7f];
    for (let rest = arc >>> 7; rest > 0; rest >>>= 7) digits.unshift((rest & 0x7f) | 0x80);
    octets.push(...digits);
  }
  return Uint8Array.from(octets);
}
