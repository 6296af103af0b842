import { octets, mapped, sizedOctets, u8, berLength, type Codec, encodeAll, u16, UsageError } from "@amity/bytes";
import { struct } from "../codec/traced.ts";
import { dlmsData } from "../data/axdr.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import { obisFromOctets, obisToOctets, type Obis } from "../data/obis.ts";
import { ACTION_RESULTS, DATA_ACCESS_RESULTS, type ActionResult, type DataAccessResult, type UnknownCode } from "./results.ts";

/** Fields that the services share (IEC 62056-5-3, 8.3). Lists and octet strings are bounded by the APDU they come in. */
export const APDU_OCTETS_MAX = 0x00ff_ffff;
export const LIST_MAX = 65_535;

export const octetString: Codec<Uint8Array> = sizedOctets(berLength, APDU_OCTETS_MAX);
export const instanceId: Codec<Obis> = mapped(octets(6), (name) => obisFromOctets(name), obisToOctets);
export const attributeDescriptor = struct({ classId: u16, instanceId, attributeId: u8 });
export const methodDescriptor = struct({ classId: u16, instanceId, methodId: u8 });
export const accessSelection = struct({ selector: u8, parameters: dlmsData });

/** A value whose octets are ready made: written as they are, never the result of decoding. */
export interface EncodedData {
  readonly type: "encoded";
  readonly octets: Uint8Array;
}

/** Data, or octets that already are A-XDR (fast path of the server). */
export const dataOrEncoded: Codec<DlmsData | EncodedData> = {
  decode: (reader) => dlmsData.decode(reader),
  encode(value, writer) {
    if (value.type === "encoded") writer.bytes(value.octets);
    else dlmsData.encode(value, writer);
  },
};

/** All that is left of the APDU, undecoded (fast path of the client). */
export const restOctets: Codec<Uint8Array> = { decode: (reader) => reader.rest(), encode: (value, writer) => void writer.bytes(value) };

export const dataAccessResult: Codec<DataAccessResult> = codes(DATA_ACCESS_RESULTS);
export const actionResult: Codec<ActionResult> = codes(ACTION_RESULTS);

/** One octet with named values; unknown ones stay `code-77`. */
export function codes<const T extends Record<string, number>>(table: T): Codec<(keyof T & string) | UnknownCode> {
  const names = new Map(Object.entries(table).map(([name, code]) => [code, name as keyof T & string]));
  return {
    decode(reader) {
      const code = reader.u8();
      return names.get(code) ?? `code-${code}`;
    },
    encode(name, writer) {
      const code = table[name] ?? Number(/^code-(\d{1,3})$/.exec(name)?.[1] ?? Number.NaN);
      if (!(code <= 255)) throw new UsageError(`"${name}" is not a known code`, { code: "unknown-code" });
      writer.u8(code);
    },
  };
}

/** The octets that a value takes on the wire, header not counted. */
export function octetsOf<T>(codec: Codec<T>, value: T): number {
  return encodeAll(codec, value).length;
}
