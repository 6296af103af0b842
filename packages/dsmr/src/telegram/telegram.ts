import { DecodeError, UsageError, crcArc } from "@amity/bytes";
import { formatDataSet, parseDataSets, parseIdentification, toOctets, toText, type DataSet } from "@amity/iec62056-21";

/** Whether the CRC behind `!` fits; versions before 4 have none. */
export type P1Crc = "right" | "wrong" | "absent";

/** A P1 telegram: `/XXX5IDENT`, an empty line, data sets, `!` and the CRC. */
export interface Telegram {
  /** Three letters (FLAG). */
  readonly manufacturer: string;
  /** The fifth character: `5` in the standards, which some meters fill otherwise. */
  readonly rateCharacter: string;
  readonly identifier: string;
  readonly dataSets: readonly DataSet[];
  readonly crc: P1Crc;
  /** Place of `!`. */
  readonly endOffset: number;
  /** In order of their offsets. A wrong CRC is one of them; the data stand above all the same. */
  readonly problems: readonly DecodeError[];
}

/** A telegram of the largest meters has some 2 KiB. */
export const TELEGRAM_OCTETS_MAX = 64 * 1024;

const SLASH = 0x2f;
const BANG = 0x21;
const LF = 0x0a;

/**
 * Decodes one telegram (DSMR P1 companion standard 2.2 to 5.0.2, and the national forms of it). Octets behind its end, as
 * some meters send them, are passed over. @throws DecodeError for what is no telegram: no head, no end, too long.
 */
export function decodeTelegram(octets: Uint8Array): Telegram {
  const start = octets.indexOf(SLASH);
  if (start < 0) throw new DecodeError("a telegram begins with /", { offset: 0, code: "not-telegram" });
  if (octets.length - start > TELEGRAM_OCTETS_MAX) {
    throw new DecodeError(`more than ${TELEGRAM_OCTETS_MAX} octets`, { offset: start, code: "limit" });
  }
  const headEnd = octets.indexOf(LF, start);
  if (headEnd < 0) throw new DecodeError("truncated: no end of the first line", { offset: octets.length, code: "truncated" });
  const line = toText(octets, start, headEnd).replace(/\r$/, "");
  const identification = parseIdentification(line);
  if (identification === undefined) throw new DecodeError("the first line is no identification", { offset: start, code: "identification" });
  const end = endOf(octets, headEnd + 1);
  if (end < 0) throw new DecodeError("truncated: no ! at the start of a line", { offset: octets.length, code: "truncated" });
  const { dataSets, problems } = parseDataSets(toText(octets, headEnd + 1, end), headEnd + 1);
  const crc = checkCrc(octets, start, end);
  const damage = crc.problem === undefined ? [] : [crc.problem];
  const { manufacturer } = identification;
  const head = { manufacturer, rateCharacter: line.slice(4, 5), identifier: line.slice(5) };
  return { ...head, dataSets, crc: crc.kind, endOffset: end, problems: [...problems, ...damage] };
}

/** `!` at the start of a line; -1 where there is none. */
export function endOf(octets: Uint8Array, from: number): number {
  for (let at = octets.indexOf(BANG, from); at >= 0; at = octets.indexOf(BANG, at + 1)) {
    if (octets[at - 1] === LF) return at;
  }
  return -1;
}

/** CRC-16/ARC from `/` to `!`, four upper-case hex digits; some meters leave leading zeros out. It is one over CR LF line ends. */
function checkCrc(octets: Uint8Array, start: number, end: number): { kind: P1Crc; problem?: DecodeError } {
  const digits = /^[0-9A-Fa-f]{1,4}(?=[\r\n]|$)/.exec(toText(octets, end + 1, Math.min(octets.length, end + 7)))?.[0];
  if (digits === undefined) return { kind: "absent" };
  const computed = crcArc(octets, start, end + 1);
  const sent = Number.parseInt(digits, 16);
  if (sent === computed || sent === crcOfWholeLineEnds(octets, start, end)) return { kind: "right" };
  const reason = `the CRC is ${digits}, computed ${crcText(computed)}`;
  return { kind: "wrong", problem: new DecodeError(reason, { offset: end + 1, code: "crc" }) };
}

/** The CRC before programs on the way made CR LF to LF alone; `undefined` where there is a CR. */
function crcOfWholeLineEnds(octets: Uint8Array, start: number, end: number): number | undefined {
  const text = toText(octets, start, end + 1);
  return text.includes("\r") ? undefined : crcArc(toOctets(text.replaceAll("\n", "\r\n")));
}

function crcText(crc: number): string {
  return crc.toString(16).toUpperCase().padStart(4, "0");
}

/** What is to be sent. */
export interface TelegramContent {
  readonly manufacturer: string;
  /** Default 5. */
  readonly rateCharacter?: string;
  /** What follows the rate character, e.g. `\2M550T-1012`. */
  readonly identifier: string;
  readonly dataSets: readonly {
    readonly address: string;
    readonly values: readonly { readonly value: string; readonly unit?: string }[];
  }[];
  /** Versions before 4 have none. Default true. */
  readonly hasCrc?: boolean;
}

/** Writes a telegram. @throws UsageError for what would break its lines. */
export function encodeTelegram({ manufacturer, rateCharacter = "5", identifier, dataSets, hasCrc = true }: TelegramContent): Uint8Array {
  if (!/^[A-Za-z]{3}$/.test(manufacturer)) throw new UsageError(`"${manufacturer}" is no manufacturer`, { code: "manufacturer" });
  const head = `${rateCharacter}${identifier}`;
  const lines = dataSets.flatMap(linesOf);
  for (const line of [head, ...lines]) {
    if (/[\r\n!/]/.test(line)) throw new UsageError("line ends, ! and / cannot stand in a telegram", { code: "data" });
  }
  const body = toOctets([`/${manufacturer}${head}`, "", ...lines, "!"].join("\r\n"));
  const tail = toOctets(`${hasCrc ? crcText(crcArc(body)) : ""}\r\n`);
  const out = new Uint8Array(body.length + tail.length);
  out.set(body);
  out.set(tail, body.length);
  return out;
}

/** One line, but for hourly values of versions 2 and 3, whose number stands on a line of its own (DSMR P1 3.0, 5.12). */
function linesOf(dataSet: TelegramContent["dataSets"][number]): string[] {
  const { address, values } = dataSet;
  if (!/^\d-\d:24\.3\.0$/.test(address) || values.length !== HOURLY_VALUES) return [formatDataSet(dataSet)];
  const [head, number] = [values.slice(0, HOURLY_VALUES - 1), values.slice(HOURLY_VALUES - 1)];
  return [formatDataSet({ address, values: head }), formatDataSet({ address: "", values: number })];
}

const HOURLY_VALUES = 7;
