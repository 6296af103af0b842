import type { ByteReader, ByteWriter } from "@amity/bytes";
import { readBoolean, readInteger, readUnsigned, writeWidth } from "./scalars.ts";
import type { SmlCodec } from "./sml-codec.ts";
import { TL_TYPE, readTl, typeName, writeTl } from "./tl-field.ts";

/** SML_Value, and every other element whose type the sender chooses. */
export type SmlValue =
  | { readonly kind: "octets"; readonly octets: Uint8Array }
  | { readonly kind: "boolean"; readonly value: boolean }
  | SmlInteger
  | { readonly kind: "list"; readonly items: readonly SmlValue[] };

/** A number with the width it had on the wire: senders may leave leading octets out, so that any width from 1 to 8 occurs. */
export interface SmlInteger {
  readonly kind: "integer" | "unsigned";
  readonly value: bigint;
  /** Octets on the wire, 1 to 8. */
  readonly width: number;
}

const NESTING_MAX = 16;

/** Any element, as deep as it goes (16 levels). */
export const smlValue: SmlCodec<SmlValue> = {
  shape: { kind: "leaf" },
  decode: (reader) => readValue(reader, 0),
  encode: (value, writer) => writeValue(value, writer),
};

function readValue(reader: ByteReader, depth: number): SmlValue {
  const at = reader.offset;
  const { type, length } = readTl(reader);
  switch (type) {
    case TL_TYPE.octets:
      return { kind: "octets", octets: reader.bytes(length) };
    case TL_TYPE.boolean:
      return { kind: "boolean", value: readBoolean(reader, length, at) };
    case TL_TYPE.integer:
      return { kind: "integer", value: readInteger(reader, length, at), width: length };
    case TL_TYPE.unsigned:
      return { kind: "unsigned", value: readUnsigned(reader, length, at), width: length };
    case TL_TYPE.list: {
      if (depth >= NESTING_MAX) throw reader.fail(`lists nest deeper than ${NESTING_MAX}`, "limit", at);
      const items: SmlValue[] = [];
      for (let index = 0; index < length; index++) items.push(readValue(reader, depth + 1));
      return { kind: "list", items };
    }
    default:
      throw reader.fail(`unknown element ${typeName(type)}`, "type", at);
  }
}

function writeValue(value: SmlValue, writer: ByteWriter): void {
  switch (value.kind) {
    case "octets":
      writeTl(TL_TYPE.octets, value.octets.length, writer);
      writer.bytes(value.octets);
      return;
    case "boolean":
      writeTl(TL_TYPE.boolean, 1, writer);
      writer.u8(value.value ? 0xff : 0);
      return;
    case "integer":
    case "unsigned":
      writeTl(TL_TYPE[value.kind], value.width, writer);
      writeWidth(value.value, value.width, writer);
      return;
    case "list":
      writeTl(TL_TYPE.list, value.items.length, writer);
      for (const item of value.items) writeValue(item, writer);
  }
}

/** The narrowest width in which the number keeps its value: 1, 2, 4 or 8 octets. */
export function integer(value: bigint | number, kind: "integer" | "unsigned" = "integer"): SmlInteger {
  const whole = BigInt(value);
  const width = [1, 2, 4].find((octets) => {
    const bits = 8 * octets;
    return (kind === "integer" ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole)) === whole;
  });
  return { kind, value: whole, width: width ?? 8 };
}

/** Octets, or the characters of a text, as a value. */
export function octetsValue(octets: Uint8Array | string): SmlValue {
  return { kind: "octets", octets: typeof octets === "string" ? new TextEncoder().encode(octets) : octets };
}
