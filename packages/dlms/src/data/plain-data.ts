import { berLength, type ByteReader, type ByteWriter, latin1Text, UsageError } from "@amity/bytes";
import { DLMS_TAGS, type BigintType, type BitString, type DlmsData, type DlmsType, type NumberType, type OctetsType } from "./dlms-data.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** One object for all: a buffer may hold an octet's worth of it a cell. */
const NULL_DATA: DlmsData = { type: "null-data" };
const DONT_CARE: DlmsData = { type: "dont-care" };

/** Types that contain no others. */
export type PlainType = Exclude<DlmsType, "array" | "structure" | "compact-array">;

/** The content of a value whose type is known (compact arrays carry it without the tag). */
export function decodePlain(type: PlainType, reader: ByteReader): DlmsData {
  switch (type) {
    case "null-data":
      return NULL_DATA;
    case "dont-care":
      return DONT_CARE;
    case "boolean":
      return { type, value: reader.u8() !== 0 };
    case "bit-string":
      return { type, value: decodeBits(reader) };
    case "long64":
      return { type, value: reader.i64() };
    case "long64-unsigned":
      return { type, value: reader.u64() };
    case "octet-string":
      return { type, value: reader.bytes(berLength.decode(reader)).slice() };
    case "visible-string":
      return { type, value: latin1Text(reader.bytes(berLength.decode(reader))) };
    case "utf8-string":
      return decodeUtf8(reader.bytes(berLength.decode(reader)));
    case "date-time":
      return { type, value: reader.bytes(12).slice() };
    case "date":
      return { type, value: reader.bytes(5).slice() };
    case "time":
      return { type, value: reader.bytes(4).slice() };
    default:
      return { type, value: decodeNumber(type, reader) };
  }
}

function decodeNumber(type: NumberType, reader: ByteReader): number {
  switch (type) {
    case "integer":
    case "delta-integer":
      return reader.i8();
    case "unsigned":
    case "delta-unsigned":
    case "enum":
    case "bcd":
      return reader.u8();
    case "long":
    case "delta-long":
      return reader.i16();
    case "long-unsigned":
    case "delta-long-unsigned":
      return reader.u16();
    case "double-long":
    case "delta-double-long":
      return reader.i32();
    case "double-long-unsigned":
    case "delta-double-long-unsigned":
      return reader.u32();
    case "float32":
      return reader.f32();
    case "float64":
      return reader.f64();
  }
}

function decodeBits(reader: ByteReader): BitString {
  const bitLength = berLength.decode(reader);
  return { bitLength, octets: reader.bytes(Math.ceil(bitLength / 8)).slice() };
}

function decodeUtf8(octets: Uint8Array): DlmsData {
  try {
    return { type: "utf8-string", value: UTF8.decode(octets) };
  } catch {
    return { type: "utf8-string", value: latin1Text(octets), octets: octets.slice() };
  }
}

/** The content of a value without its tag. */
export function encodePlain(value: Exclude<DlmsData, { type: "array" | "structure" | "compact-array" }>, writer: ByteWriter): void {
  switch (value.type) {
    case "null-data":
    case "dont-care":
      return;
    case "boolean":
      writer.u8(value.value ? 1 : 0);
      return;
    case "bit-string":
      encodeBits(value.value, writer);
      return;
    case "long64":
    case "long64-unsigned":
      encodeBigint(value, writer);
      return;
    case "octet-string":
    case "date-time":
    case "date":
    case "time":
      encodeOctets(value, writer);
      return;
    case "visible-string":
      encodeLatin1(value.value, writer);
      return;
    case "utf8-string":
      encodeSized(value.octets ?? new TextEncoder().encode(value.value), writer);
      return;
    default:
      encodeNumber(value, writer);
  }
}

function encodeBits(value: BitString, writer: ByteWriter): void {
  if (value.octets.length !== Math.ceil(value.bitLength / 8)) {
    throw new UsageError(`${value.bitLength} bits take ${Math.ceil(value.bitLength / 8)} octets, not ${value.octets.length}`, {
      code: "length",
    });
  }
  berLength.encode(value.bitLength, writer);
  writer.bytes(value.octets);
}

function encodeBigint(value: { type: BigintType; value: bigint }, writer: ByteWriter): void {
  const signed = value.type === "long64";
  if ((signed ? BigInt.asIntN(64, value.value) : BigInt.asUintN(64, value.value)) !== value.value)
    throw outOfRange(value.type, value.value);
  if (signed) writer.i64(value.value);
  else writer.u64(value.value);
}

const FIXED_OCTETS = { "date-time": 12, date: 5, time: 4 } as const;

function encodeOctets(value: { type: OctetsType; value: Uint8Array }, writer: ByteWriter): void {
  if (value.type === "octet-string") encodeSized(value.value, writer);
  else if (value.value.length === FIXED_OCTETS[value.type]) writer.bytes(value.value);
  else throw new UsageError(`${value.type} has ${FIXED_OCTETS[value.type]} octets, not ${value.value.length}`, { code: "length" });
}

function encodeSized(octets: Uint8Array, writer: ByteWriter): void {
  berLength.encode(octets.length, writer);
  writer.bytes(octets);
}

function encodeLatin1(text: string, writer: ByteWriter): void {
  berLength.encode(text.length, writer);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0xff) throw new UsageError(`"${text[index]}" does not fit a visible-string`, { code: "out-of-range" });
    writer.u8(code);
  }
}

type Range = readonly [low: number, high: number, octets: 1 | 2 | 4];
const I8: Range = [-0x80, 0x7f, 1];
const U8: Range = [0, 0xff, 1];
const I16: Range = [-0x8000, 0x7fff, 2];
const U16: Range = [0, 0xffff, 2];
const I32: Range = [-0x80000000, 0x7fffffff, 4];
const U32: Range = [0, 0xffffffff, 4];
const RANGES: Readonly<Record<Exclude<NumberType, "float32" | "float64">, Range>> = {
  integer: I8,
  "delta-integer": I8,
  unsigned: U8,
  "delta-unsigned": U8,
  enum: U8,
  bcd: U8,
  long: I16,
  "delta-long": I16,
  "long-unsigned": U16,
  "delta-long-unsigned": U16,
  "double-long": I32,
  "delta-double-long": I32,
  "double-long-unsigned": U32,
  "delta-double-long-unsigned": U32,
};

function encodeNumber(value: { type: NumberType; value: number }, writer: ByteWriter): void {
  if (value.type === "float32") return void writer.f32(value.value);
  if (value.type === "float64") return void writer.f64(value.value);
  const [low, high, octets] = RANGES[value.type];
  if (!Number.isInteger(value.value) || value.value < low || value.value > high) throw outOfRange(value.type, value.value);
  // The writer stores modulo 2^n, so signed and unsigned share the writers.
  if (octets === 1) writer.u8(value.value);
  else if (octets === 2) writer.u16(value.value);
  else writer.u32(value.value);
}

function outOfRange(type: string, value: number | bigint): UsageError {
  return new UsageError(`${value} does not fit ${type}`, { code: "out-of-range" });
}

/** Type by tag; holes are unknown. */
export const TYPE_OF_TAG: readonly (DlmsType | undefined)[] = typesByTag();

function typesByTag(): (DlmsType | undefined)[] {
  const table: (DlmsType | undefined)[] = Array.from({ length: 256 }, () => undefined);
  for (const [type, tag] of Object.entries(DLMS_TAGS)) table[tag] = type as DlmsType;
  return table;
}
