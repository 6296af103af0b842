import {
  ByteReader,
  choice as plainChoice,
  list as plainList,
  optional as plainOptional,
  struct as plainStruct,
  type ChoiceValue,
  type Codec,
  type CodecValue,
} from "@amity/bytes";

/** One field as it was read: where it stood and what it was. */
export interface TracedField {
  readonly name: string;
  /** Octets from the start of the outermost buffer. */
  readonly offset: number;
  length: number;
  /** The decoded value; absent where decoding failed inside. */
  value?: unknown;
  readonly children: TracedField[];
}

/**
 * A reader that also keeps the tree of fields that the codecs of this package read from it. The combinators below look
 * for it; with any other reader they cost one type test a field.
 */
export class TracingReader extends ByteReader {
  readonly #path: TracedField[];

  constructor(data: Uint8Array, root: TracedField | TracedField[], bounds: { start?: number; end?: number; base?: number } = {}) {
    super(data, bounds);
    this.#path = Array.isArray(root) ? root : [root];
  }

  /** Reads one field and keeps it, also when reading it fails. */
  field<T>(name: string, read: () => T, reader: ByteReader = this): T {
    const parent = this.#path.at(-1);
    const field: TracedField = { name, offset: reader.offset, length: 0, children: [] };
    parent?.children.push(field);
    this.#path.push(field);
    try {
      const value = read();
      field.value = value;
      return value;
    } finally {
      field.length = reader.offset - field.offset;
      this.#path.pop();
    }
  }

  /** The fields read so far in the field at hand: the index of the next list item. */
  get siblings(): number {
    return this.#path.at(-1)?.children.length ?? 0;
  }

  override sub(length: number): ByteReader {
    const start = this.position;
    const base = this.offset - start;
    this.skip(length);
    return new TracingReader(this.data, this.#path, { start, end: start + length, base });
  }
}

/** The same codec, its value kept by a tracing reader under `name`. */
export function named<T>(name: string, codec: Codec<T>): Codec<T> {
  return {
    decode: (reader) => (reader instanceof TracingReader ? reader.field(name, () => codec.decode(reader)) : codec.decode(reader)),
    encode: (value, writer) => codec.encode(value, writer),
  };
}

type Fields = Record<string, Codec<unknown>>;

/** As in `@amity/bytes`, with every field named for a tracing reader. */
export function struct<const F extends Fields>(fields: F): Codec<{ [K in keyof F]: CodecValue<F[K]> }> {
  const traced = Object.fromEntries(Object.entries(fields).map(([name, codec]) => [name, named(name, codec)]));
  return plainStruct(traced) as Codec<{ [K in keyof F]: CodecValue<F[K]> }>;
}

export function list<T>(item: Codec<T>, options: { count: Codec<number> | number; limit: number }): Codec<T[]> {
  const traced: Codec<T> = {
    decode: (reader) =>
      reader instanceof TracingReader ? reader.field(`[${reader.siblings}]`, () => item.decode(reader)) : item.decode(reader),
    encode: (value, writer) => item.encode(value, writer),
  };
  return plainList(traced, options);
}

export function optional<T>(inner: Codec<T>): Codec<T | undefined> {
  return plainOptional(inner);
}

type ChoiceArms = Record<string, { readonly tag: number; readonly codec: Codec<unknown> }>;

export function choice<const A extends ChoiceArms>(arms: A, tag?: Codec<number>): Codec<ChoiceValue<A>> {
  const traced = Object.fromEntries(Object.entries(arms).map(([kind, arm]) => [kind, { tag: arm.tag, codec: named(kind, arm.codec) }]));
  return plainChoice(traced, tag) as Codec<ChoiceValue<A>>;
}
