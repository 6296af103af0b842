import { DecodeError } from "@amity/bytes";

/** One value in parentheses: `(value*unit)`. */
export interface DataValue {
  readonly value: string;
  readonly unit?: string;
  /** Place of the opening parenthesis. */
  readonly offset: number;
}

/** `address(value*unit)(value)…` (6.5). */
export interface DataSet {
  readonly address: string;
  readonly values: readonly DataValue[];
  readonly offset: number;
  readonly length: number;
}

/** Data sets as far as they were sound, and what was wrong with the rest. */
export interface DataBlock {
  readonly dataSets: readonly DataSet[];
  readonly problems: readonly DecodeError[];
  /** True where `!` closed the data. */
  readonly isClosed: boolean;
}

/** Data sets of one message. */
const DATA_SETS_MAX = 50_000;
const ADDRESS_MAX = 64;

const OPEN = 0x28;
const CLOSE = 0x29;
const CR = 0x0d;
const LF = 0x0a;
const END = 0x21;

/**
 * Reads data sets up to `!` or the end of the text. They may stand on one line or on many; parentheses at the start of a
 * line belong to the data set before (load profiles, DSMR 2 and 3). `base` is added to offsets.
 */
export function parseDataSets(text: string, base = 0): DataBlock {
  const dataSets: DataSet[] = [];
  const problems: DecodeError[] = [];
  const fail = (reason: string, at: number, code: string): void => {
    if (problems.length < PROBLEMS_MAX) problems.push(new DecodeError(reason, { offset: base + at, code }));
  };
  let address = "";
  let addressAt = 0;
  let values: DataValue[] = [];
  let valuesEnd = 0;
  const finish = (): void => {
    if (values.length > 0) dataSets.push({ address, values, offset: base + addressAt, length: valuesEnd - addressAt });
    values = [];
  };
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === CR || code === LF) at += 1;
    else if (code === END) {
      finish();
      return { dataSets, problems, isClosed: true };
    } else if (code === OPEN) {
      const close = closingOf(text, at);
      if (close < 0) {
        fail("a value without its closing parenthesis", at, "parenthesis");
        at = lineEnd(text, at);
        continue;
      }
      values.push(valueOf(text, at, close, base));
      at = valuesEnd = close + 1;
    } else {
      finish();
      if (dataSets.length >= DATA_SETS_MAX) {
        fail(`more than ${DATA_SETS_MAX} data sets`, at, "limit");
        return { dataSets, problems, isClosed: false };
      }
      const next = addressEnd(text, at);
      if (text.charCodeAt(next) !== OPEN) fail(`"${text.slice(at, at + 20)}" is no data set`, at, "data-set");
      else if (next - at > ADDRESS_MAX) fail(`an address of ${next - at} characters`, at, "limit");
      [address, addressAt] = [text.slice(at, Math.min(next, at + ADDRESS_MAX)), at];
      at = next;
    }
  }
  finish();
  return { dataSets, problems, isClosed: false };
}

const PROBLEMS_MAX = 32;

/** The closing parenthesis on the same line; -1 where there is none. */
function closingOf(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === CLOSE) return at;
    if (code === CR || code === LF) return -1;
  }
  return -1;
}

function valueOf(text: string, open: number, close: number, base: number): DataValue {
  const content = text.slice(open + 1, close);
  const star = content.indexOf("*");
  const offset = base + open;
  return star < 0 ? { value: content, offset } : { value: content.slice(0, star), unit: content.slice(star + 1), offset };
}

function addressEnd(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === OPEN || code === CR || code === LF) break;
    // A `!` on its own line ends the data; inside an address it ends them too.
    if (code === END) break;
  }
  return at;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

/** A data set as it stands on the line, without line end. */
export function formatDataSet({
  address,
  values,
}: {
  readonly address: string;
  readonly values: readonly { readonly value: string; readonly unit?: string | undefined }[];
}): string {
  return address + values.map(({ value, unit }) => `(${value}${unit === undefined ? "" : `*${unit}`})`).join("");
}

/** What a meter answers in place of data: `(ERR)`, `(ERR1)`, `(ERROR)`; `undefined` for anything else. */
export function errorOf(text: string): string | undefined {
  return /^\(?(ER(?:R(?:OR)?)?[ -]?[0-9A-Za-z]{0,4})\)?\s*$/.exec(text)?.[1];
}
