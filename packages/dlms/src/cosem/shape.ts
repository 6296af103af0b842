import { DecodeError, UsageError } from "@amity/bytes";
import type { BitString, DlmsData } from "../data/dlms-data.ts";
import { obisFromOctets, obisToOctets, type Obis } from "../data/obis.ts";
import {
  decodeDate,
  decodeDateTime,
  decodeTime,
  encodeDate,
  encodeDateTime,
  encodeTime,
  type CosemDate,
  type CosemDateTime,
  type CosemTime,
} from "./date-time.ts";

/**
 * What an attribute's value means: one description, both directions. Decoding is lenient where meters are (any integer
 * type will do for a number, any string type for text, null-data for an empty array), encoding writes the book's type.
 */
export interface Shape<T> {
  /** As the Blue Book writes it, for people. */
  readonly type: string;
  /** @throws DecodeError with the field path; its offset is -1, the octets being long decoded. */
  decode(data: DlmsData): T;
  /** @throws UsageError for a value that has no such form. */
  encode(value: T): DlmsData;
}

/** The type that a shape carries. */
export type ShapeValue<S> = S extends Shape<infer T> ? T : never;

/** The value as it came: for CHOICE types that the capture objects or the meter decide. */
export const any: Shape<DlmsData> = { type: "CHOICE", decode: (data) => data, encode: (value) => value };

export const boolean: Shape<boolean> = {
  type: "boolean",
  decode: (data) => (data.type === "boolean" ? data.value : integerOf(data, "boolean") !== 0),
  encode: (value) => ({ type: "boolean", value }),
};

export const integer: Shape<number> = numeric("integer");
export const unsigned: Shape<number> = numeric("unsigned");
export const long: Shape<number> = numeric("long");
export const longUnsigned: Shape<number> = numeric("long-unsigned");
export const doubleLong: Shape<number> = numeric("double-long");
export const doubleLongUnsigned: Shape<number> = numeric("double-long-unsigned");

function numeric(type: "integer" | "unsigned" | "long" | "long-unsigned" | "double-long" | "double-long-unsigned"): Shape<number> {
  return { type, decode: (data) => integerOf(data, type), encode: (value) => ({ type, value }) };
}

/** Addresses and counters beyond 2^53. */
export const long64Unsigned: Shape<bigint> = {
  type: "long64-unsigned",
  decode: (data) => (data.type === "long64" || data.type === "long64-unsigned" ? data.value : BigInt(integerOf(data, "long64-unsigned"))),
  encode: (value) => ({ type: "long64-unsigned", value }),
};

function integerOf(data: DlmsData, wanted: string): number {
  switch (data.type) {
    case "integer":
    case "unsigned":
    case "long":
    case "long-unsigned":
    case "double-long":
    case "double-long-unsigned":
    case "enum":
    case "bcd":
      return data.value;
    case "boolean":
      return data.value ? 1 : 0;
    case "long64":
    case "long64-unsigned":
      if (BigInt.asIntN(53, data.value) === data.value) return Number(data.value);
      throw mismatch(`${data.value}`, wanted);
    default:
      throw mismatch(data.type, wanted);
  }
}

export const octets: Shape<Uint8Array> = {
  type: "octet-string",
  decode(data) {
    if ("value" in data && data.value instanceof Uint8Array) return data.value;
    if (data.type === "visible-string") return Uint8Array.from(data.value, (character) => character.charCodeAt(0));
    if (data.type === "null-data") return new Uint8Array(0);
    throw mismatch(data.type, "octet-string");
  },
  encode: (value) => ({ type: "octet-string", value }),
};

/** Text in an octet-string, one character an octet. */
export const text: Shape<string> = {
  type: "octet-string",
  decode(data) {
    if (data.type === "visible-string" || data.type === "utf8-string") return data.value;
    return Array.from(octets.decode(data), (octet) => String.fromCharCode(octet)).join("");
  },
  encode: (value) => ({ type: "octet-string", value: Uint8Array.from(value, latin1) }),
};

export const visible: Shape<string> = { ...text, type: "visible-string", encode: (value) => ({ type: "visible-string", value }) };
export const utf8: Shape<string> = { ...text, type: "utf8-string", encode: (value) => ({ type: "utf8-string", value }) };

function latin1(character: string): number {
  const code = character.charCodeAt(0);
  if (code > 0xff) throw new UsageError(`"${character}" does not fit an octet`, { code: "out-of-range" });
  return code;
}

export const logicalName: Shape<Obis> = {
  type: "octet-string[6]",
  decode(data) {
    const value = octets.decode(data);
    if (value.length !== 6) throw mismatch(`octet-string of ${value.length}`, "a logical name of 6 octets");
    return obisFromOctets(value);
  },
  encode: (value) => ({ type: "octet-string", value: obisToOctets(value) }),
};

export const dateTime: Shape<CosemDateTime> = stamped("octet-string[12]", decodeDateTime, encodeDateTime);
export const date: Shape<CosemDate> = stamped("octet-string[5]", decodeDate, encodeDate);
export const time: Shape<CosemTime> = stamped("octet-string[4]", decodeTime, encodeTime);

function stamped<T>(type: string, decode: (value: Uint8Array) => T, encode: (value: T) => Uint8Array): Shape<T> {
  return { type, decode: (data) => decode(octets.decode(data)), encode: (value) => ({ type: "octet-string", value: encode(value) }) };
}

export const bits: Shape<BitString> = {
  type: "bit-string",
  decode(data) {
    if (data.type === "bit-string") return data.value;
    throw mismatch(data.type, "bit-string");
  },
  encode: (value) => ({ type: "bit-string", value }),
};

/** A number that stands for a name; numbers that the table lacks keep theirs as `code-7`. */
export function enumeration<const T extends Readonly<Record<number, string>>>(table: T): Shape<T[keyof T] | `code-${number}`> {
  const codes = new Map(Object.entries(table).map(([code, name]) => [name, Number(code)]));
  return {
    type: "enum",
    decode(data) {
      const code = integerOf(data, "enum");
      if (code < 0 || code > 0xff) throw mismatch(`${code}`, "enum");
      return (table[code] as T[keyof T] | undefined) ?? `code-${code}`;
    },
    encode(name) {
      const key = String(name);
      const value = codes.get(key) ?? Number(/^code-(\d{1,3})$/.exec(key)?.[1] ?? Number.NaN);
      if (!(value >= 0 && value <= 0xff))
        throw new UsageError(`"${key}" is none of ${[...codes.keys()].join(", ")}`, { code: "unknown-choice" });
      return { type: "enum", value };
    },
  };
}

/** Any number of the same; null-data stands for none. */
export function arrayOf<T>(item: Shape<T>): Shape<readonly T[]> {
  return {
    type: `array of ${item.type}`,
    decode(data) {
      if (data.type === "null-data") return [];
      if (data.type !== "array" && data.type !== "compact-array") throw mismatch(data.type, "array");
      return data.value.map((element, index) => within(`[${index}]`, () => item.decode(element)));
    },
    encode: (values) => ({ type: "array", value: values.map((value) => item.encode(value)) }),
  };
}

type Fields = Readonly<Record<string, Shape<unknown>>>;
type StructureValue<F extends Fields> = { readonly [K in keyof F]: ShapeValue<F[K]> };

/** Fields in the order of the declaration; one too many or too few is another structure. */
export function structure<const F extends Fields>(fields: F): Shape<StructureValue<F>> {
  const entries = Object.entries<Shape<unknown>>(fields);
  return {
    type: `structure {${entries.map(([name, shape]) => `${name}: ${shape.type}`).join(", ")}}`,
    decode(data) {
      if (data.type !== "structure") throw mismatch(data.type, "structure");
      if (data.value.length !== entries.length) throw mismatch(`${data.value.length} elements`, `a structure of ${entries.length}`);
      const decoded = entries.map(([name, shape], index) => [name, within(name, () => shape.decode(data.value[index] ?? NOTHING))]);
      return Object.fromEntries(decoded) as StructureValue<F>;
    },
    encode: (value) => ({ type: "structure", value: entries.map(([name, shape]) => shape.encode(value[name])) }),
  };
}

/** The value, or null-data where there is none. */
export function nullable<T>(inner: Shape<T>): Shape<T | undefined> {
  return {
    type: `${inner.type} or null-data`,
    decode: (data) => (data.type === "null-data" ? undefined : inner.decode(data)),
    encode: (value) => (value === undefined ? NOTHING : inner.encode(value)),
  };
}

const NOTHING: DlmsData = { type: "null-data" };

function within<T>(field: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw error instanceof DecodeError ? error.within(field) : error;
  }
}

function mismatch(found: string, wanted: string): DecodeError {
  return new DecodeError(`${found} where ${wanted} is expected`, { offset: -1, code: "type-unmatched" });
}
