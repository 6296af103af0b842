import { berLength, ByteReader } from "@amity/bytes";
import { DATE_TIME_OCTETS, instantOfDateTime } from "@amity/concentrator";
import { decodeData, type DlmsData } from "@amity/dlms";
import type { ProfileLayout } from "./profile-layout.ts";
import type { ProfileColumn, ProfileRows } from "./profile-rows.ts";

/** Rows in one answer: a year of quarter hours. */
const ROWS_MAX = 40_000;

/** A-XDR tags that occur in rows. */
const TAG = { null: 0x00, array: 0x01, structure: 0x02, octets: 0x09, compactArray: 0x13, dateTime: 0x19 } as const;

/**
 * Reads the buffer of a profile straight from its A-XDR octets into columns. A null clock means one period after the row
 * before, any other null the value of the row before (Blue Book 4.3.6.2.3); differences are added to it. Rows whose clock is not set are left out.
 * @throws DecodeError with the offset of what does not fit the layout.
 */
export function readProfileBuffer(octets: Uint8Array, layout: ProfileLayout): ProfileRows {
  if (octets[0] === TAG.compactArray) return rowsOfValues(decodeData(octets), layout);
  const reader = new ByteReader(octets);
  if (reader.u8() !== TAG.array) throw reader.fail("the buffer is no array", "malformed", 0);
  const count = berLength.decode(reader);
  // A row takes at least its tag and its count.
  if (count > ROWS_MAX || count * 2 > reader.remaining) throw reader.fail(`${count} rows are announced`, "limit");
  const table = new RowTable(layout, count);
  for (let row = 0; row < count; row++) {
    const offset = reader.offset;
    if (reader.u8() !== TAG.structure) throw reader.fail(`row ${row} is no structure`, "malformed", offset);
    const width = berLength.decode(reader);
    if (width !== layout.columns.length) {
      throw reader.fail(`row ${row} has ${width} columns, the profile describes ${layout.columns.length}`, "columns", offset);
    }
    table.beginRow();
    for (let column = 0; column < width; column++) readCell(reader, table, column);
    table.endRow();
  }
  reader.expectEnd("profile buffer");
  return table.finish();
}

function readCell(reader: ByteReader, table: RowTable, column: number): void {
  const kind = table.kindOf(column);
  const tag = reader.u8();
  if (tag === TAG.null) return;
  if (kind === "clock") {
    const length = tag === TAG.octets ? berLength.decode(reader) : DATE_TIME_OCTETS;
    if ((tag !== TAG.octets && tag !== TAG.dateTime) || length !== DATE_TIME_OCTETS) throw reader.fail("the clock column is no date-time");
    const octets = reader.bytes(DATE_TIME_OCTETS);
    table.setTime(instantOfDateTime(octets));
    return;
  }
  const width = DELTA_OCTETS[tag];
  if (width !== undefined) return table.addValue(column, readDelta(reader, tag, width));
  const value = readNumber(reader, tag, kind === "other");
  if (kind !== "other") table.setValue(column, value);
}

/** Differences to the row before (Blue Book 13), by tag: three with a sign, three without. */
const DELTA_OCTETS: Readonly<Record<number, 1 | 2 | 4>> = { 0x1c: 1, 0x1d: 2, 0x1e: 4, 0x1f: 1, 0x20: 2, 0x21: 4 };
const FIRST_UNSIGNED_DELTA = 0x1f;

function readDelta(reader: ByteReader, tag: number, width: 1 | 2 | 4): number {
  const isSigned = tag < FIRST_UNSIGNED_DELTA;
  if (width === 1) return isSigned ? reader.i8() : reader.u8();
  if (width === 2) return isSigned ? reader.i16() : reader.u16();
  return isSigned ? reader.i32() : reader.u32();
}

/** A number of any integer type; what is none is passed over where nobody wants it. */
function readNumber(reader: ByteReader, tag: number, isUnwanted: boolean): number {
  switch (tag) {
    case 0x03:
    case 0x11:
    case 0x16:
      return reader.u8();
    case 0x05:
      return reader.i32();
    case 0x06:
      return reader.u32();
    case 0x0f:
      return reader.i8();
    case 0x10:
      return reader.i16();
    case 0x12:
      return reader.u16();
    case 0x14:
    case 0x15:
      return safeNumber(reader, tag === 0x14 ? reader.i64() : reader.u64());
    case 0x17:
      return reader.f32();
    case 0x18:
      return reader.f64();
    case 0x04:
      return readBits(reader);
    default:
      if (isUnwanted) return skipText(reader, tag);
  }
  throw reader.fail(`a value of type ${tag} where a number is expected`, "type", reader.offset - 1);
}

function readBits(reader: ByteReader): number {
  const bits = berLength.decode(reader);
  const octets = reader.bytes((bits + 7) >> 3);
  let value = 0;
  for (let index = 0; index < Math.min(4, octets.length); index++) value = value * 256 + (octets[index] ?? 0);
  return value;
}

/** Strings and date-times in columns that nobody wants. */
function skipText(reader: ByteReader, tag: number): number {
  if (tag === TAG.dateTime) reader.skip(DATE_TIME_OCTETS);
  else if (tag === 0x09 || tag === 0x0a || tag === 0x0c) reader.skip(berLength.decode(reader));
  else throw reader.fail(`a value of type ${tag} in a column`, "type", reader.offset - 1);
  return Number.NaN;
}

function safeNumber(reader: ByteReader, value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw reader.fail(`a register of ${value} is beyond 2^53`, "limit", reader.offset - 8);
  return number;
}

/** The slow path, for buffers that come as a compact array. */
function rowsOfValues(buffer: DlmsData, layout: ProfileLayout): ProfileRows {
  const rows = buffer.type === "array" || buffer.type === "compact-array" ? buffer.value : [];
  const table = new RowTable(layout, rows.length);
  for (const row of rows) {
    table.beginRow();
    const cells = row.type === "structure" ? row.value : [];
    for (const [column, cell] of cells.slice(0, layout.columns.length).entries()) {
      if (cell.type === "octet-string" || cell.type === "date-time") {
        if (table.kindOf(column) === "clock" && cell.value.length === DATE_TIME_OCTETS) table.setTime(instantOfDateTime(cell.value));
      } else if (cell.type.startsWith("delta-") && "value" in cell && typeof cell.value === "number") table.addValue(column, cell.value);
      else if ("value" in cell && (typeof cell.value === "number" || typeof cell.value === "bigint"))
        table.setValue(column, Number(cell.value));
    }
    table.endRow();
  }
  return table.finish();
}

/** Columns that fill row by row. */
class RowTable {
  readonly #layout: ProfileLayout;
  readonly #times: Float64Array;
  readonly #statuses: Uint32Array;
  readonly #values: readonly (Float64Array | undefined)[];
  #rows = 0;
  #timeMs: number | undefined;
  #previousMs: number | undefined;

  constructor(layout: ProfileLayout, capacity: number) {
    this.#layout = layout;
    this.#times = new Float64Array(capacity);
    this.#statuses = new Uint32Array(capacity);
    this.#values = layout.columns.map(({ kind }) => (kind === "register" ? new Float64Array(capacity) : undefined));
  }

  kindOf(column: number): "clock" | "status" | "register" | "other" {
    return this.#layout.columns[column]?.kind ?? "other";
  }

  beginRow(): void {
    // Until the row says otherwise it is one period later, and everything else is as before.
    this.#timeMs = this.#previousMs === undefined ? undefined : this.#previousMs + this.#layout.periodSeconds * 1000;
    const row = this.#rows;
    this.#statuses[row] = row === 0 ? 0 : (this.#statuses[row - 1] ?? 0);
    for (const values of this.#values) if (values !== undefined) values[row] = row === 0 ? Number.NaN : (values[row - 1] ?? Number.NaN);
  }

  setTime(instantMs: number | undefined): void {
    this.#timeMs = instantMs;
  }

  setValue(column: number, value: number): void {
    const values = this.#values[column];
    if (values !== undefined) values[this.#rows] = value;
    else if (this.kindOf(column) === "status") this.#statuses[this.#rows] = value;
  }

  /** A difference to the row before, which is there from `beginRow`. */
  addValue(column: number, difference: number): void {
    const values = this.#values[column];
    const row = this.#rows;
    if (values !== undefined) values[row] = (values[row] ?? Number.NaN) + difference;
    else if (this.kindOf(column) === "status") this.#statuses[row] = (this.#statuses[row] ?? 0) + difference;
  }

  endRow(): void {
    this.#previousMs = this.#timeMs;
    if (this.#timeMs === undefined) return;
    this.#times[this.#rows++] = this.#timeMs;
  }

  finish(): ProfileRows {
    const rows = this.#rows;
    const columns: ProfileColumn[] = [];
    for (const [index, column] of this.#layout.columns.entries()) {
      const values = this.#values[index];
      if (column.kind !== "register" || values === undefined) continue;
      columns.push({ channel: column.channel, unit: column.unit, scaler: column.scaler, values: values.subarray(0, rows) });
    }
    const { periodSeconds } = this.#layout;
    return { timesMs: this.#times.subarray(0, rows), statuses: this.#statuses.subarray(0, rows), columns, periodSeconds };
  }
}
