import { DecodeError, UsageError, type ByteReader, type ByteWriter, type Codec } from "@amity/bytes";
import { readBoolean, readInteger, readNumber, readUnsigned, writeWidth } from "./scalars.ts";
import { TL_TYPE, readTl, skipElement, typeName, writeTl } from "./tl-field.ts";

/** What an element looks like: for explanations, which walk the octets themselves. */
export type Shape =
  | { readonly kind: "leaf"; readonly meaning?: (value: string) => string | undefined }
  | { readonly kind: "record"; readonly fields: readonly (readonly [name: string, shape: Shape])[] }
  | { readonly kind: "list"; readonly item: () => Shape; readonly name: string }
  | { readonly kind: "choice"; readonly arms: ReadonlyMap<number, { readonly name: string; readonly shape: Shape }> };

/** A codec of one element, TL field included, that also says what it looks like. */
export interface SmlCodec<T> extends Codec<T> {
  readonly shape: Shape;
}

/** An element that may be left out: one octet 01 in its place. */
export interface OptionalCodec<T> extends SmlCodec<T | undefined> {
  readonly isOptional: true;
}

const ABSENT = 0x01;

type Fields = Readonly<Record<string, SmlCodec<unknown>>>;
type ValueOf<C> = C extends Codec<infer T> ? T : never;
type OptionalKeys<F extends Fields> = { [K in keyof F]: F[K] extends { readonly isOptional: true } ? K : never }[keyof F];
/** Optional elements may be missing or `undefined` alike. */
export type RecordValue<F extends Fields> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: ValueOf<F[K]> } & {
  readonly [K in OptionalKeys<F>]?: ValueOf<F[K]> | undefined;
};

/**
 * A SEQUENCE: a list with one element a field. Field quirks: trailing optional elements may be missing altogether, and
 * elements that a later version added are passed over.
 */
export function record<const F extends Fields>(fields: F): SmlCodec<RecordValue<F>> {
  const names = Object.keys(fields);
  const codecs = names.map((name) => fields[name] as SmlCodec<unknown>);
  const required = codecs.findLastIndex((codec) => !("isOptional" in codec)) + 1;
  return {
    shape: { kind: "record", fields: names.map((name, index) => [name, (codecs[index] as SmlCodec<unknown>).shape] as const) },
    decode(reader) {
      const count = readListHead(reader);
      if (count.length < required) throw reader.fail(`${count.length} elements where ${names.length} belong`, "elements", count.at);
      const value: Record<string, unknown> = {};
      let index = 0;
      try {
        for (; index < names.length; index++) {
          value[names[index] as string] = index < count.length ? (codecs[index] as SmlCodec<unknown>).decode(reader) : undefined;
        }
      } catch (error) {
        throw error instanceof DecodeError ? error.within(names[index] as string) : error;
      }
      for (; index < count.length; index++) skipElement(reader);
      return value as RecordValue<F>;
    },
    encode(value, writer) {
      writeTl(TL_TYPE.list, names.length, writer);
      const values = value as Readonly<Record<string, unknown>>;
      for (const [index, name] of names.entries()) (codecs[index] as SmlCodec<unknown>).encode(values[name], writer);
    },
  };
}

function readListHead(reader: ByteReader): { length: number; at: number } {
  const at = reader.offset;
  const { type, length } = readTl(reader);
  if (type !== TL_TYPE.list) throw reader.fail(`a list belongs here, not ${typeName(type)}`, "type", at);
  return { length, at };
}

/** A SEQUENCE OF. `item` is a function where a type contains itself. */
export function listOf<T>(item: SmlCodec<T> | (() => SmlCodec<T>), name: string): SmlCodec<readonly T[]> {
  const codec = typeof item === "function" ? item : () => item;
  return {
    shape: { kind: "list", item: () => codec().shape, name },
    decode(reader) {
      const { length } = readListHead(reader);
      const items: T[] = [];
      try {
        for (let index = 0; index < length; index++) items.push(codec().decode(reader));
      } catch (error) {
        throw error instanceof DecodeError ? error.within(`[${items.length}]`) : error;
      }
      return items;
    },
    encode(items, writer) {
      writeTl(TL_TYPE.list, items.length, writer);
      for (const value of items) codec().encode(value, writer);
    },
  };
}

export function optional<T>(inner: SmlCodec<T>): OptionalCodec<T> {
  return {
    isOptional: true,
    shape: inner.shape,
    decode(reader) {
      if (reader.peek() !== ABSENT) return inner.decode(reader);
      reader.skip(1);
      return undefined;
    },
    encode(value, writer) {
      if (value === undefined) writer.u8(ABSENT);
      else inner.encode(value, writer);
    },
  };
}

/** An octet string (a view of the input, no copy). */
export const octetString: SmlCodec<Uint8Array> = octetsWith({ kind: "leaf" });

export function octetsWith(shape: Shape): SmlCodec<Uint8Array> {
  return {
    shape,
    decode(reader) {
      const at = reader.offset;
      const { type, length } = readTl(reader);
      if (type !== TL_TYPE.octets) throw reader.fail(`an octet string belongs here, not ${typeName(type)}`, "type", at);
      return reader.bytes(length);
    },
    encode(value, writer) {
      writeTl(TL_TYPE.octets, value.length, writer);
      writer.bytes(value);
    },
  };
}

export const boolean: SmlCodec<boolean> = {
  shape: { kind: "leaf" },
  decode(reader) {
    const at = reader.offset;
    const { type, length } = readTl(reader);
    if (type !== TL_TYPE.boolean) throw reader.fail(`a boolean belongs here, not ${typeName(type)}`, "type", at);
    return readBoolean(reader, length, at);
  },
  encode(value, writer) {
    writeTl(TL_TYPE.boolean, 1, writer);
    writer.u8(value ? 0xff : 0);
  },
};

/** A number that fits in `width` octets; written in all of them, read in fewer too (leading octets may be left out). */
export function number(kind: "integer" | "unsigned", width: 1 | 2 | 4, shape: Shape = { kind: "leaf" }): SmlCodec<number> {
  const bits = 8 * width;
  const [low, high] = kind === "integer" ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  const fits = (value: number) => Number.isInteger(value) && value >= low && value <= high;
  return {
    shape,
    decode(reader) {
      const at = reader.offset;
      const { type, length } = readTl(reader);
      if (type !== TL_TYPE[kind]) throw reader.fail(`${kind} belongs here, not ${typeName(type)}`, "type", at);
      if (length < 1 || length > 4) throw reader.fail(`a number of ${length} octets where up to 4 belong`, "length", at);
      const value = kind === "integer" ? Number(readInteger(reader, length, at)) : readNumber(reader, length);
      // More octets than needed are taken; a scaler of two thousand million would make a text of as many digits.
      if (!fits(value)) throw reader.fail(`${value} where ${low} to ${high} may stand`, "out-of-range", at);
      return value;
    },
    encode(value, writer) {
      if (!fits(value)) throw new UsageError(`${value} does not fit in ${width} octet(s)`, { code: "out-of-range" });
      writeTl(TL_TYPE[kind], width, writer);
      writeWidth(BigInt(value), width, writer);
    },
  };
}

/** An unsigned of any width that keeps its width: status words come in 1 to 8 octets. */
export interface SizedUnsigned {
  readonly value: bigint;
  readonly width: number;
}

export const sizedUnsigned: SmlCodec<SizedUnsigned> = {
  shape: { kind: "leaf" },
  decode(reader) {
    const at = reader.offset;
    const { type, length } = readTl(reader);
    // Some meters send their status as a signed number: the bits are meant.
    if (type !== TL_TYPE.unsigned && type !== TL_TYPE.integer)
      throw reader.fail(`unsigned belongs here, not ${typeName(type)}`, "type", at);
    return { value: readUnsigned(reader, length, at), width: length };
  },
  encode(value: SizedUnsigned, writer: ByteWriter) {
    writeTl(TL_TYPE.unsigned, value.width, writer);
    writeWidth(value.value, value.width, writer);
  },
};
