import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { DecodeError, UsageError } from "./errors.ts";

/**
 * One description, both directions. Method syntax on purpose: it lets `Record<string, Codec<unknown>>` accept any
 * codec while `CodecValue` still infers every field, so no `any` is needed anywhere.
 */
export interface Codec<T> {
  /** Reads one value and leaves the reader behind it. @throws DecodeError with offset and field path. */
  decode(reader: ByteReader): T;
  /** Writes one value. @throws UsageError if the value cannot be expressed. */
  encode(value: T, writer: ByteWriter): void;
}

/** The type that a codec carries. */
export type CodecValue<C> = C extends Codec<infer T> ? T : never;

/** Decodes a whole buffer: trailing octets are an error. */
export function decodeAll<T>(codec: Codec<T>, data: Uint8Array, what = "message"): T {
  const reader = new ByteReader(data);
  const value = codec.decode(reader);
  reader.expectEnd(what);
  return value;
}

/** Encodes into a fresh buffer. */
export function encodeAll<T>(codec: Codec<T>, value: T, limit?: number): Uint8Array {
  const writer = new ByteWriter(limit === undefined ? {} : { limit });
  codec.encode(value, writer);
  return writer.finish();
}

export const u8: Codec<number> = { decode: (r) => r.u8(), encode: (v, w) => void w.u8(inRange(v, 0, 0xff)) };
export const i8: Codec<number> = { decode: (r) => r.i8(), encode: (v, w) => void w.i8(inRange(v, -0x80, 0x7f)) };
export const u16: Codec<number> = { decode: (r) => r.u16(), encode: (v, w) => void w.u16(inRange(v, 0, 0xffff)) };
export const u16Le: Codec<number> = { decode: (r) => r.u16Le(), encode: (v, w) => void w.u16Le(inRange(v, 0, 0xffff)) };
export const i16: Codec<number> = { decode: (r) => r.i16(), encode: (v, w) => void w.i16(inRange(v, -0x8000, 0x7fff)) };
export const u32: Codec<number> = { decode: (r) => r.u32(), encode: (v, w) => void w.u32(inRange(v, 0, 0xffffffff)) };
export const u32Le: Codec<number> = { decode: (r) => r.u32Le(), encode: (v, w) => void w.u32Le(inRange(v, 0, 0xffffffff)) };
export const i32: Codec<number> = { decode: (r) => r.i32(), encode: (v, w) => void w.i32(inRange(v, -0x80000000, 0x7fffffff)) };
export const u64: Codec<bigint> = { decode: (r) => r.u64(), encode: (v, w) => void w.u64(v) };
export const i64: Codec<bigint> = { decode: (r) => r.i64(), encode: (v, w) => void w.i64(v) };

/** A fixed number of octets (copied out of the frame). */
export function octets(length: number): Codec<Uint8Array> {
  return {
    decode: (reader) => reader.bytes(length).slice(),
    encode(value, writer) {
      if (value.length !== length) throw new UsageError(`expected ${length} octets, got ${value.length}`, { code: "length" });
      writer.bytes(value);
    },
  };
}

type Fields = Record<string, Codec<unknown>>;
type StructValue<F extends Fields> = { [K in keyof F]: CodecValue<F[K]> };

/** Fields one after another, in the order of the declaration. */
export function struct<const F extends Fields>(fields: F): Codec<StructValue<F>> {
  const names = Object.keys(fields) as (keyof F & string)[];
  const codecs = names.map((name) => fields[name] as Codec<unknown>);
  return {
    decode(reader) {
      const value: Record<string, unknown> = {};
      let index = 0;
      try {
        for (; index < names.length; index++) value[names[index] as string] = (codecs[index] as Codec<unknown>).decode(reader);
      } catch (error) {
        throw error instanceof DecodeError ? error.within(names[index] as string) : error;
      }
      return value as StructValue<F>;
    },
    encode(value, writer) {
      for (let index = 0; index < names.length; index++) {
        (codecs[index] as Codec<unknown>).encode(value[names[index] as keyof F], writer);
      }
    },
  };
}

/** The same codec `count` times, or as often as an announced count says (`count` codec), within `limit`. */
export function list<T>(item: Codec<T>, options: { count: Codec<number> | number; limit: number }): Codec<T[]> {
  const { count, limit } = options;
  return {
    decode(reader) {
      const length = typeof count === "number" ? count : count.decode(reader);
      if (length > limit) throw reader.fail(`${length} items exceed the limit of ${limit}`, "limit");
      const items: T[] = [];
      try {
        for (let index = 0; index < length; index++) items.push(item.decode(reader));
      } catch (error) {
        throw error instanceof DecodeError ? error.within(`[${items.length}]`) : error;
      }
      return items;
    },
    encode(items, writer) {
      if (items.length > limit) throw new UsageError(`${items.length} items exceed the limit of ${limit}`, { code: "limit" });
      if (typeof count === "number") {
        if (items.length !== count) throw new UsageError(`expected ${count} items, got ${items.length}`, { code: "length" });
      } else count.encode(items.length, writer);
      for (const value of items) item.encode(value, writer);
    },
  };
}

/** A value inside announced length: nothing in it reads past that length, nothing may be left over. */
export function sized<T>(length: Codec<number>, inner: Codec<T>, what = "content"): Codec<T> {
  return {
    decode(reader) {
      const sub = reader.sub(length.decode(reader));
      const value = inner.decode(sub);
      sub.expectEnd(what);
      return value;
    },
    encode(value, writer) {
      const body = encodeAll(inner, value);
      length.encode(body.length, writer);
      writer.bytes(body);
    },
  };
}

/** Octets with an announced length, within `limit`. */
export function sizedOctets(length: Codec<number>, limit: number): Codec<Uint8Array> {
  return {
    decode(reader) {
      const count = length.decode(reader);
      if (count > limit) throw reader.fail(`${count} octets exceed the limit of ${limit}`, "limit");
      return reader.bytes(count).slice();
    },
    encode(value, writer) {
      if (value.length > limit) throw new UsageError(`${value.length} octets exceed the limit of ${limit}`, { code: "limit" });
      length.encode(value.length, writer);
      writer.bytes(value);
    },
  };
}

/** A presence flag (0 or 1, one octet) before the value. */
export function optional<T>(inner: Codec<T>): Codec<T | undefined> {
  return {
    decode(reader) {
      const flag = reader.u8();
      if (flag === 0) return undefined;
      if (flag !== 1 && flag !== 0xff) throw reader.fail(`presence flag ${flag} is neither 0 nor 1`, "malformed", reader.offset - 1);
      return inner.decode(reader);
    },
    encode(value, writer) {
      writer.u8(value === undefined ? 0 : 1);
      if (value !== undefined) inner.encode(value, writer);
    },
  };
}

type ChoiceArms = Record<string, { readonly tag: number; readonly codec: Codec<unknown> }>;
/** `{ kind, value }` with the kind's own value type. */
export type ChoiceValue<A extends ChoiceArms> = { [K in keyof A & string]: { kind: K; value: CodecValue<A[K]["codec"]> } }[keyof A &
  string];

/** One of several forms, told apart by a tag. */
export function choice<const A extends ChoiceArms>(arms: A, tag: Codec<number> = u8): Codec<ChoiceValue<A>> {
  const byTag = new Map(Object.entries(arms).map(([kind, arm]) => [arm.tag, { kind, codec: arm.codec }]));
  return {
    decode(reader) {
      const offset = reader.offset;
      const found = tag.decode(reader);
      const arm = byTag.get(found);
      if (arm === undefined) throw reader.fail(`unknown choice ${found} (0x${found.toString(16)})`, "unknown-choice", offset);
      try {
        return { kind: arm.kind, value: arm.codec.decode(reader) } as ChoiceValue<A>;
      } catch (error) {
        throw error instanceof DecodeError ? error.within(arm.kind) : error;
      }
    },
    encode(value, writer) {
      const arm = arms[value.kind];
      if (arm === undefined) throw new UsageError(`unknown choice ${value.kind}`, { code: "unknown-choice" });
      tag.encode(arm.tag, writer);
      arm.codec.encode(value.value, writer);
    },
  };
}

/** The same octets seen as another type. */
export function mapped<T, U>(inner: Codec<T>, to: (value: T) => U, from: (value: U) => T): Codec<U> {
  return { decode: (reader) => to(inner.decode(reader)), encode: (value, writer) => inner.encode(from(value), writer) };
}

function inRange(value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new UsageError(`${value} is outside ${low} to ${high}`, { code: "out-of-range" });
  }
  return value;
}
