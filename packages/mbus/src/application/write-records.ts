import { ByteWriter, UsageError } from "@amity/bytes";
import { dateOctets } from "./data-types.ts";
import type { Coding, DataRecord, MeterTime, OctetValue, RecordFunction } from "./record.ts";
import { CODINGS } from "./read-value.ts";
import type { VifRow } from "./value-info.ts";
import { FB_VIFS, FD_VIFS, PRIMARY_VIFS } from "./vif-primary.ts";

/** A record to be written. `codes` are VIF and VIFEs without extension bits, e.g. `[0xfd, 0x17]` for error flags. */
export interface RecordInput {
  readonly function?: RecordFunction;
  readonly storage?: number;
  readonly tariff?: number;
  readonly subunit?: number;
  readonly coding: Coding;
  readonly codes: readonly number[];
  /** Plain-text unit of VIF 7C. */
  readonly text?: string;
  /** The text goes before the VIFEs, as older meters have it. */
  readonly isTextFirst?: true;
  /** In units of 10^exponent of the VIF; digits as text for BCD identifiers; `null` where the coding holds no data. */
  readonly value: number | bigint | string | MeterTime | OctetValue | null;
}

const FUNCTION_BITS: Readonly<Record<RecordFunction, number>> = { instantaneous: 0, maximum: 1, minimum: 2, error: 3 };

/** Writes data records one after another (EN 13757-3, clause 6). @throws UsageError `range`, `coding`, `too-long`. */
export function writeRecords(records: readonly RecordInput[], writer = new ByteWriter()): ByteWriter {
  for (const record of records) writeRecord(record, writer);
  return writer;
}

/** What a decoded record looked like before: `writeRecords` gives its octets back where they were canonical. @throws UsageError `invalid` for values that are none. */
export function recordInput(record: DataRecord): RecordInput {
  const { value, vib } = record;
  if (value !== null && typeof value === "object" && value.kind === "invalid") {
    throw new UsageError(`${value.digits} is no value and cannot be written`, { code: "invalid" });
  }
  const { function: fn, storage, tariff, subunit, coding } = record;
  const text = vib.text === undefined ? {} : { text: vib.text, ...(vib.isTextFirst ? { isTextFirst: vib.isTextFirst } : {}) };
  return { function: fn, storage, tariff, subunit, coding, codes: vib.codes, value, ...text };
}

/** VIF codes of a quantity in `10^exponent unit`, e.g. volume, m³, -3 -> [0x13]. @throws UsageError `unknown-vif`. */
export function findVif(quantity: string, unit: string, exponent = 0): readonly number[] {
  const tables: readonly (readonly [readonly VifRow[], readonly number[]])[] = [
    [PRIMARY_VIFS, []],
    [FD_VIFS, [0xfd]],
    [FB_VIFS, [0xfb]],
  ];
  for (const [rows, prefix] of tables) {
    for (const row of rows) {
      if (row.quantity !== quantity) continue;
      const step =
        typeof row.unit === "string"
          ? row.unit === unit
            ? exponent - (row.exponent ?? 0)
            : -1
          : exponent === 0
            ? row.unit.indexOf(unit)
            : -1;
      if (step >= 0 && row.first + step <= row.last) return [...prefix, row.first + step];
    }
  }
  throw new UsageError(`no VIF counts ${quantity} in 10^${exponent} ${unit}`, { code: "unknown-vif" });
}

function writeRecord(record: RecordInput, writer: ByteWriter): void {
  const dataField = CODINGS.findIndex(({ coding }) => coding === record.coding);
  writeDataInfo(record, dataField, writer);
  writeCodes(record, writer);
  writeValue(record, dataField, writer);
}

function writeDataInfo(record: RecordInput, dataField: number, writer: ByteWriter): void {
  let storage = record.storage ?? 0;
  let tariff = record.tariff ?? 0;
  let subunit = record.subunit ?? 0;
  let octet = dataField | (FUNCTION_BITS[record.function ?? "instantaneous"] << 4) | ((storage % 2) << 6);
  storage = Math.floor(storage / 2);
  for (let difes = 0; storage > 0 || tariff > 0 || subunit > 0; difes++) {
    if (difes === 10) throw new UsageError("storage, tariff or subunit number is too large for 10 DIFEs", { code: "range" });
    writer.u8(octet | 0x80);
    octet = (storage % 16) | ((tariff % 4) << 4) | ((subunit % 2) << 6);
    storage = Math.floor(storage / 16);
    tariff = Math.floor(tariff / 4);
    subunit = Math.floor(subunit / 2);
  }
  writer.u8(octet);
}

function writeCodes(record: RecordInput, writer: ByteWriter): void {
  const { codes, text } = record;
  if (codes.length === 0) throw new UsageError("a record needs a VIF", { code: "unknown-vif" });
  const textAfter = text === undefined ? -1 : record.isTextFirst === true ? 0 : codes.length - 1;
  for (const [index, code] of codes.entries()) {
    writer.u8(index < codes.length - 1 ? code | 0x80 : code & 0x7f);
    if (text !== undefined && index === textAfter) writer.u8(text.length).bytes(latin1Reversed(text));
  }
}

function writeValue(record: RecordInput, dataField: number, writer: ByteWriter): void {
  const { value } = record;
  const octets = CODINGS[dataField]?.octets ?? 0;
  if (dataField === 0x0d) return writeVariable(value, writer);
  if (octets === 0) return;
  if (value === null) throw new UsageError(`coding ${record.coding} needs a value`, { code: "coding" });
  if (dataField >= 0x09) return void writer.bytes(bcdOctets(value, octets));
  if (typeof value === "object") {
    const data = value.kind === "octets" ? value.octets : timeOctets(value, octets);
    if (data.length !== octets) throw new UsageError(`${data.length} octets do not fit coding ${record.coding}`, { code: "coding" });
    return void writer.bytes(data);
  }
  if (typeof value === "string") throw new UsageError(`coding ${record.coding} holds no text`, { code: "coding" });
  if (dataField === 0x05) return void writer.f32Le(Number(value));
  writeInteger(value, octets, writer);
}

function writeInteger(value: number | bigint, octets: number, writer: ByteWriter): void {
  const wide = BigInt(value);
  const bits = BigInt(octets * 8);
  // Unsigned readings of identifiers and flags share the field: both ranges are let through.
  if (wide < -(1n << (bits - 1n)) || wide >= 1n << bits) throw new UsageError(`${wide} does not fit ${octets} octets`, { code: "range" });
  for (let index = 0n; index < bits; index += 8n) writer.u8(Number((wide >> index) & 0xffn));
}

function writeVariable(value: RecordInput["value"], writer: ByteWriter): void {
  if (typeof value === "string") {
    if (value.length > 0xbf) throw new UsageError(`a text holds 191 characters, not ${value.length}`, { code: "too-long" });
    writer.u8(value.length).bytes(latin1Reversed(value));
  } else if (typeof value === "number" || typeof value === "bigint") {
    const digits = (value < 0 ? -value : value).toString();
    const octets = Math.ceil(digits.length / 2);
    if (octets > 9) throw new UsageError(`${value} has too many digits`, { code: "range" });
    writer.u8((value < 0 ? 0xd0 : 0xc0) + octets).bytes(bcdOctets(digits, octets));
  } else if (value !== null && value.kind === "octets") {
    const { length } = value.octets;
    const lvar =
      length <= 15
        ? 0xe0 + length
        : length === 48
          ? 0xf5
          : length === 64
            ? 0xf6
            : length % 4 === 0 && length <= 32
              ? 0xec + length / 4
              : -1;
    if (lvar < 0) throw new UsageError(`${length} octets have no length octet`, { code: "too-long" });
    writer.u8(lvar).bytes(value.octets);
  } else throw new UsageError("variable data are text, a number or octets", { code: "coding" });
}

/** Negative numbers carry F in their top nibble. */
function bcdOctets(value: RecordInput["value"], octets: number): Uint8Array {
  if (typeof value !== "number" && typeof value !== "bigint" && typeof value !== "string") {
    throw new UsageError("BCD holds digits only", { code: "coding" });
  }
  const text = String(value);
  const isNegative = text.startsWith("-");
  const digits = (isNegative ? `f${text.slice(1).padStart(octets * 2 - 1, "0")}` : text.padStart(octets * 2, "0")).toLowerCase();
  if (digits.length !== octets * 2 || !/^[0-9a-f]+$/.test(digits)) {
    throw new UsageError(`${text} does not fit ${octets * 2} BCD digits`, { code: "range" });
  }
  const out = new Uint8Array(octets);
  for (let index = 0; index < octets; index++) out[octets - 1 - index] = Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16);
  return out;
}

/** Data types G, F, I and J by their number of octets (EN 13757-3, annex A). */
export function timeOctets(time: MeterTime, octets: number): Uint8Array {
  const invalid = time.isValid ? 0 : 0x80;
  const date = dateOctets(time);
  const second = Math.max(0, time.second);
  if (octets === 2) return Uint8Array.from(date);
  if (octets === 3) return Uint8Array.of(second, time.minute, time.hour);
  if (octets === 4) {
    const hundreds = time.year > 2080 ? 1 : 0;
    return Uint8Array.of(time.minute | invalid, time.hour | (hundreds << 5) | (time.isSummerTime ? 0x80 : 0), ...date);
  }
  if (octets === 6) return Uint8Array.of(second | (time.isSummerTime ? 0x40 : 0), time.minute | invalid, time.hour, ...date, 0);
  throw new UsageError(`no time has ${octets} octets`, { code: "coding" });
}

/** A point in time for `RecordInput`, from its parts. */
export function meterTime(parts: {
  year: number;
  month: number;
  day: number;
  hour?: number;
  minute?: number;
  second?: number;
  isSummerTime?: boolean;
}): MeterTime {
  return {
    kind: parts.hour === undefined ? "date" : "dateTime",
    year: parts.year,
    month: parts.month,
    day: parts.day,
    hour: parts.hour ?? -1,
    minute: parts.hour === undefined ? -1 : (parts.minute ?? 0),
    second: parts.second ?? -1,
    isSummerTime: parts.isSummerTime ?? false,
    isValid: true,
  };
}

function latin1Reversed(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0)).reverse();
}
