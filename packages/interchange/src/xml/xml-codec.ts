import { UsageError } from "@amity/bytes";
import { childrenOf, xmlText, type XmlElement } from "./xml-elements.ts";

/** A value of an element that could not be used. */
export interface XmlProblem {
  readonly line: number;
  readonly field: string;
  readonly reason: string;
}

/** One type of the schema, both ways. */
export interface XmlCodec<Value> {
  /** Lenient: what cannot be used is named among the problems and left out. */
  read(element: XmlElement, problems: XmlProblem[]): Value | undefined;
  /** Strict. @throws UsageError `not-representable` for what the schema does not allow. */
  write(name: string, value: Value): string;
}

export type XmlValueOf<Codec> = Codec extends XmlCodec<infer Value> ? Value : never;

interface Scalar<Value> {
  /** The value of trimmed text, or `undefined`. */
  readonly parse: (text: string) => Value | undefined;
  /** The text to write, or `undefined` for a value that the schema does not allow. */
  readonly format: (value: Value) => string | undefined;
  readonly what: string;
}

function scalar<Value>({ parse, format, what }: Scalar<Value>): XmlCodec<Value> {
  return {
    read(element, problems) {
      const value = parse(element.text);
      if (value !== undefined || element.text === "") return value;
      problems.push({ line: element.line, field: element.name, reason: `"${element.text.slice(0, 60)}" is not ${what}` });
      return undefined;
    },
    write(name, value) {
      const text = format(value);
      if (text === undefined) throw new UsageError(`${name}: "${String(value)}" is not ${what}`, { code: "not-representable" });
      return `<${name}>${xmlText(text)}</${name}>`;
    },
  };
}

/** Text of at most so many characters. */
export const text = (max: number): XmlCodec<string> =>
  scalar<string>({
    parse: (said) => (said === "" ? undefined : said),
    format: (value) => (value.length <= max ? value : undefined),
    what: `text of at most ${max} characters`,
  });

/** One of the words of an enumeration. Others are kept when they are read: feeds are newer than tables. */
export const word = (words: readonly string[]): XmlCodec<string> =>
  scalar<string>({
    parse: (said) => (said === "" ? undefined : said),
    format: (value) => (words.includes(value) ? value : undefined),
    what: `one of ${words.join(", ")}`,
  });

/** A whole number within bounds. */
export const integer = (min: number, max: number): XmlCodec<number> =>
  scalar<number>({
    parse: (said) => (/^[+-]?\d{1,16}$/.test(said) && Number(said) >= min && Number(said) <= max ? Number(said) : undefined),
    format: (value) => (Number.isInteger(value) && value >= min && value <= max ? String(value) : undefined),
    what: `a whole number from ${min} to ${max}`,
  });

/** Integers of 48 bits. */
export const int48 = integer(-140_737_488_355_328, 140_737_488_355_328);

/** A decimal number as its text: no float comes near it. */
export const decimal: XmlCodec<string> = scalar<string>({
  parse: (said) => (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/.test(said) ? said : undefined),
  format: (value) => (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/.test(value) ? value : undefined),
  what: "a number",
});

export const boolean: XmlCodec<boolean> = scalar<boolean>({
  parse: (said) => (said === "true" || said === "1" ? true : said === "false" || said === "0" ? false : undefined),
  format: String,
  what: "true or false",
});

/** An instant (UTC ms) that is written as seconds since 1970. */
export const epochSeconds: XmlCodec<number> = scalar<number>({
  parse: (said) => (/^-?\d{1,12}$/.test(said) ? Number(said) * 1000 : undefined),
  format: (value) => (Number.isInteger(value / 1000) ? String(value / 1000) : undefined),
  what: "a whole second",
});

/** Octets in hexadecimal digits, at most so many. */
export const hexBinary = (octetsMax: number): XmlCodec<string> =>
  scalar<string>({
    parse: (said) => (said !== "" && said.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(said) ? said : undefined),
    format: (value) => (value.length % 2 === 0 && value.length <= 2 * octetsMax && /^[0-9a-fA-F]*$/.test(value) ? value : undefined),
    what: `at most ${octetsMax} octets in hexadecimal`,
  });

/** A field of a structure: its codec, whether it may come often, whether it must be there. */
interface Field<Value> {
  readonly codec: XmlCodec<Value>;
  readonly isList: boolean;
  readonly isRequired: boolean;
}

/** An element that may come often; absent is an empty list. */
export const many = <Value>(codec: XmlCodec<Value>): Field<Value> & { readonly isList: true } => ({
  codec,
  isList: true,
  isRequired: false,
});

/** An element that must be there when it is written. */
export const required = <Value>(codec: XmlCodec<Value>): Field<Value> & { readonly isList: false } => ({
  codec,
  isList: false,
  isRequired: true,
});

type Fields = Readonly<Record<string, XmlCodec<unknown> | Field<unknown>>>;
type FieldValue<F> =
  F extends Field<infer Value>
    ? F extends { readonly isList: true }
      ? readonly Value[]
      : Value
    : F extends XmlCodec<infer Value>
      ? Value
      : never;
/** A structure: every field may be absent. */
export type StructOf<F extends Fields> = { readonly [Name in keyof F]?: FieldValue<F[Name]> };

/**
 * Elements in the order of the schema. Text straight inside, where the schema wants elements, is taken for the field named by
 * `bareText`.
 */
export function struct<const F extends Fields>(fields: F, bareText?: keyof F & string): XmlCodec<StructOf<F>> {
  const table = Object.entries(fields).map(([name, field]) => ({ name, ...fieldOf(field) }));
  return {
    read(element, problems) {
      const value: Record<string, unknown> = {};
      if (bareText !== undefined && element.children.length === 0 && element.text !== "") value[bareText] = element.text;
      for (const { name, codec, isList } of table) {
        const found = childrenOf(element, name).flatMap((child) => {
          const one = codec.read(child, problems);
          return one === undefined ? [] : [one];
        });
        if (found.length > 0) value[name] = isList ? found : found[0];
      }
      return value as StructOf<F>;
    },
    write(name, value) {
      const given = value as Readonly<Record<string, unknown>>;
      const parts = table.map(({ name: part, codec, isList, isRequired }) => {
        const content = given[part];
        if (isRequired && content === undefined) throw new UsageError(`${name} needs ${part}`, { code: "not-representable" });
        if (content === undefined) return "";
        return isList ? (content as readonly unknown[]).map((one) => codec.write(part, one)).join("") : codec.write(part, content);
      });
      return `<${name}>${parts.join("")}</${name}>`;
    },
  };
}

function fieldOf(field: XmlCodec<unknown> | Field<unknown>): Field<unknown> {
  return "codec" in field ? field : { codec: field, isList: false, isRequired: false };
}
