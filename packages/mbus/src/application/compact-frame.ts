import { crcEn13757, DecodeError, joinedOctets, sameOctets } from "@amity/bytes";
import { CODINGS } from "./read-value.ts";
import { readRecords, type RecordList } from "./read-records.ts";
import type { DataRecord } from "./record.ts";

/** A record layout holds at most this many formats: a receiver that hears strangers must not grow for ever. */
const FORMATS_MAX = 1024;
/** Layouts kept of one signature. */
const ALIKE_MAX = 8;

/**
 * Layouts of full frames by their format signature, so that compact frames (values only) can be read
 * (EN 13757-3, annex H). Fed with known layouts, and with every full frame heard.
 */
export class FormatStore {
  readonly #formats = new Map<number, (readonly Uint8Array[])[]>();

  /** Known layouts: each the DIB and VIB of its records, in order. */
  constructor(layouts: Iterable<readonly Uint8Array[]> = []) {
    for (const layout of layouts) this.add(layout);
  }

  /** Learns from the records of a full frame found in `data`; `base` is the offset of `data[0]` in the records' terms. */
  learn(data: Uint8Array, records: readonly DataRecord[], base = 0): number {
    const layout = records.map((record) => data.slice(record.offset - base, record.offset - base + record.headerOctets));
    return this.add(layout);
  }

  /** Layouts of that signature: sixteen bits are few, so that there may be several; the full frame's CRC decides. */
  layouts(signature: number): readonly (readonly Uint8Array[])[] {
    return this.#formats.get(signature) ?? [];
  }

  /** Adds a layout and returns its signature; the oldest goes where there are too many. */
  add(layout: readonly Uint8Array[]): number {
    const signature = formatSignature(layout);
    const known = this.#formats.get(signature);
    if (known?.some((other) => isSameLayout(other, layout)) === true) return signature;
    if (known !== undefined) known.splice(0, Math.max(0, known.length - ALIKE_MAX + 1));
    this.#formats.set(signature, [...(known ?? []), layout]);
    if (this.#formats.size > FORMATS_MAX) {
      const oldest = this.#formats.keys().next().value;
      if (oldest !== undefined) this.#formats.delete(oldest);
    }
    return signature;
  }
}

/** CRC over all DIBs and VIBs (EN 13757-3, annex H.2). */
export function formatSignature(layout: readonly Uint8Array[]): number {
  return crcEn13757(joinedOctets(...layout));
}

/** A compact frame opened: its records are those of the full frame `expanded` (offsets count in that). */
export interface CompactFrame extends RecordList {
  readonly signature: number;
  readonly expanded: Uint8Array;
}

/** What a compact frame came to: sound, or a reason why not, with what one layout of that signature would make of the values. */
export type CompactOutcome = CompactFrame | { readonly problem: DecodeError; readonly doubtful?: CompactFrame };

/**
 * Reads what follows CI 79 or its header: format signature (2, LE), CRC of the full frame (2, LE), values. The problem is
 * `unknown-format` where the store does not hold the layout, `crc`, or `truncated`; where the values fill a layout and its CRC
 * alone speaks against it, they are `doubtful`.
 */
export function readCompactFrame(data: Uint8Array, start: number, end: number, store: FormatStore): CompactOutcome {
  if (end - start < 4) return { problem: new DecodeError("truncated: no format signature and CRC", { offset: end, code: "truncated" }) };
  const signature = (data[start] ?? 0) | ((data[start + 1] ?? 0) << 8);
  const announced = (data[start + 2] ?? 0) | ((data[start + 3] ?? 0) << 8);
  let problem = new DecodeError(`format signature ${hex(signature)} is not known`, {
    offset: start,
    code: "unknown-format",
    advice: "wait for a full frame (CI 78 or 72) of this meter: it brings the layout",
  });
  let doubtful: CompactFrame | undefined;
  for (const layout of store.layouts(signature)) {
    const expanded = expand(layout, data, start + 4, end);
    const own = expanded === undefined ? -1 : crcEn13757(expanded);
    const frame = expanded === undefined ? undefined : { ...readRecords(expanded), signature, expanded };
    if (frame !== undefined && own === announced) return frame;
    if (frame?.problem === undefined && frame?.records.length === layout.length) doubtful = frame;
    problem =
      expanded === undefined
        ? new DecodeError("truncated: the values end before the layout does", { offset: end, code: "truncated" })
        : new DecodeError(`CRC of the full frame is ${hex(announced)}, the values give ${hex(own)}`, { offset: start + 2, code: "crc" });
  }
  return { problem, ...(doubtful === undefined ? {} : { doubtful }) };
}

function hex(value: number): string {
  return value.toString(16).padStart(4, "0");
}

function isSameLayout(first: readonly Uint8Array[], second: readonly Uint8Array[]): boolean {
  return first.length === second.length && sameOctets(joinedOctets(...first), joinedOctets(...second));
}

/** The compact form of a full frame's records: signature, CRC, values (what follows CI 79). */
export function writeCompactFrame(data: Uint8Array, records: readonly DataRecord[]): Uint8Array {
  const headers = records.map((record) => data.subarray(record.offset, record.offset + record.headerOctets));
  const values = records.map((record) => data.subarray(record.offset + record.headerOctets, record.offset + record.octets));
  const full = joinedOctets(...records.map((record) => data.subarray(record.offset, record.offset + record.octets)));
  const signature = formatSignature(headers);
  const crc = crcEn13757(full);
  return joinedOctets(Uint8Array.of(signature & 0xff, signature >> 8, crc & 0xff, crc >> 8), ...values);
}

/** `undefined` where the values end too soon. */
function expand(layout: readonly Uint8Array[], data: Uint8Array, start: number, end: number): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let at = start;
  for (const header of layout) {
    const octets = valueOctets(header, data, at);
    if (at + octets > end) return undefined;
    parts.push(header, data.subarray(at, at + octets));
    at += octets;
  }
  if (at < end) parts.push(data.subarray(at, end));
  return joinedOctets(...parts);
}

function valueOctets(header: Uint8Array, data: Uint8Array, at: number): number {
  const octets = CODINGS[(header[0] ?? 0) & 0x0f]?.octets ?? 0;
  if (octets >= 0) return octets;
  const lvar = data[at] ?? 0;
  if (lvar < 0xc0) return lvar + 1;
  return lvar < 0xf0 ? (lvar & 0x0f) + 1 : 4 * (lvar - 0xec) + 1;
}
