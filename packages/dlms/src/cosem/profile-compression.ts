import { DecodeError } from "@amity/bytes";
import type { DlmsData, NumberType, TypeDescription } from "../data/dlms-data.ts";

/**
 * Ways to send the rows of a profile in fewer octets: null-data for what is as in the row before, or one capture period later (Blue Book
 * 4.3.6); differences to the row before (delta types, edition 13); one type description for all rows (compact array).
 */
export type ProfileCompression = "null-data" | "delta" | "compact-array";

const DATE_TIME_OCTETS = 12;
const UNSPECIFIED = 0xff;

/** Rows (array of structures of one width) compressed; as they are where they cannot be. `periodSeconds` 0: stamps follow no period. */
export function compressProfile(rows: DlmsData, compression: ProfileCompression, periodSeconds: number): DlmsData {
  if (rows.type !== "array" || rows.value.length === 0 || rows.value.some(({ type }) => type !== "structure")) return rows;
  if (compression === "compact-array") return compacted(rows.value) ?? rows;
  const shorten = compression === "delta" ? deltaOf : (before: DlmsData, now: DlmsData) => nullOf(before, now, periodSeconds);
  const table = rows.value.map(cellsOf);
  const shortened = table.map((cells, row) =>
    cells.map((cell, column) => {
      const before = table[row - 1]?.[column];
      return before === undefined ? cell : shorten(before, cell);
    }),
  );
  return { type: "array", value: shortened.map((value): DlmsData => ({ type: "structure", value })) };
}

/**
 * The rows of a buffer spelled out, however it was compressed. A stamp of null-data is one capture period after that of the row before, any
 * other null-data repeats it. @throws DecodeError where the first row says nothing to go by, or a difference has no number before it.
 */
export function expandProfile(buffer: DlmsData, periodSeconds: number): DlmsData {
  const rows = buffer.type === "array" || buffer.type === "compact-array" ? buffer.value : [];
  let before: readonly DlmsData[] | undefined;
  const value = rows.map((row, index): DlmsData => {
    const cells = cellsOf(row).map((cell, column) => expanded(cell, before?.[column], { periodSeconds, row: index, column }));
    before = cells;
    return { type: "structure", value: cells };
  });
  return { type: "array", value };
}

function cellsOf(row: DlmsData): readonly DlmsData[] {
  return row.type === "structure" ? row.value : [];
}

function expanded(
  cell: DlmsData,
  before: DlmsData | undefined,
  at: { readonly periodSeconds: number; readonly row: number; readonly column: number },
): DlmsData {
  if (cell.type === "null-data") return before === undefined ? cell : (later(before, at.periodSeconds) ?? before);
  if (!isDelta(cell)) return cell;
  if (before === undefined || !isNumber(before))
    throw new DecodeError(`row ${at.row}, column ${at.column}: a difference without a number before it`, { offset: -1, code: "malformed" });
  return { type: before.type, value: before.value + cell.value };
}

type NumberData = { readonly type: NumberType; readonly value: number };

function isNumber(data: DlmsData): data is NumberData {
  return WHOLE_NUMBERS.has(data.type);
}

function isDelta(data: DlmsData): data is NumberData {
  return data.type.startsWith("delta-");
}

const WHOLE_NUMBERS: ReadonlySet<string> = new Set(["integer", "long", "double-long", "unsigned", "long-unsigned", "double-long-unsigned"]);

function nullOf(before: DlmsData, now: DlmsData, periodSeconds: number): DlmsData {
  const expected = later(before, periodSeconds) ?? before;
  return same(expected, now) ? { type: "null-data" } : now;
}

/** The smallest type that holds the difference. */
const DELTAS: readonly (readonly [type: NumberType, least: number, most: number, octets: number])[] = [
  ["delta-integer", -0x80, 0x7f, 1],
  ["delta-unsigned", 0, 0xff, 1],
  ["delta-long", -0x8000, 0x7fff, 2],
  ["delta-long-unsigned", 0, 0xffff, 2],
];
const WIDTHS: Readonly<Record<string, number>> = { long: 2, "long-unsigned": 2, "double-long": 4, "double-long-unsigned": 4 };

function deltaOf(before: DlmsData, now: DlmsData): DlmsData {
  if (!isNumber(before) || !isNumber(now) || before.type !== now.type) return now;
  const difference = now.value - before.value;
  const found = DELTAS.find(([, least, most, octets]) => difference >= least && difference <= most && octets < (WIDTHS[now.type] ?? 1));
  return found === undefined ? now : { type: found[0], value: difference };
}

/** A stamp one period later in the meter's local time, all else alike; `undefined` for what is no whole stamp, or where there is no period. */
function later(stamp: DlmsData, periodSeconds: number): DlmsData | undefined {
  const isStamp = (stamp.type === "octet-string" || stamp.type === "date-time") && stamp.value.length === DATE_TIME_OCTETS;
  if (!isStamp || periodSeconds === 0 || !isSpecified(stamp.value)) return undefined;
  const value = stamp.value.slice();
  const [high = 0, low = 0, month = 0, day = 0, , hour = 0, minute = 0, second = 0] = value;
  const next = new Date(Date.UTC(high * 0x100 + low, month - 1, day, hour, minute, second) + periodSeconds * 1000);
  value.set([next.getUTCFullYear() >> 8, next.getUTCFullYear() & 0xff, next.getUTCMonth() + 1, next.getUTCDate()]);
  // Monday is 1, Sunday 7.
  if (value[WEEKDAY] !== UNSPECIFIED) value[WEEKDAY] = next.getUTCDay() || 7;
  value.set([next.getUTCHours(), next.getUTCMinutes(), next.getUTCSeconds()], WEEKDAY + 1);
  return { type: stamp.type, value };
}

const WEEKDAY = 4;
/** Most of month, day, hour, minute and second, and where they stand. */
const FIELDS: readonly (readonly [at: number, least: number, most: number])[] = [
  [2, 1, 12],
  [3, 1, 31],
  [5, 0, 23],
  [6, 0, 59],
  [7, 0, 59],
];

/** Whether date and time stand there in full, without wildcards. */
function isSpecified(stamp: Uint8Array): boolean {
  return FIELDS.every(([at, least, most]) => {
    const field = stamp[at] ?? UNSPECIFIED;
    return field >= least && field <= most;
  });
}

function same(left: DlmsData, right: DlmsData): boolean {
  if (left.type !== right.type || !("value" in left) || !("value" in right)) return left.type === right.type;
  if (left.value instanceof Uint8Array && right.value instanceof Uint8Array) {
    const other = right.value;
    return left.value.length === other.length && left.value.every((octet, index) => octet === other[index]);
  }
  return left.value === right.value;
}

/** `undefined` where the rows are not all of the same types. */
function compacted(rows: readonly DlmsData[]): DlmsData | undefined {
  const [first] = rows;
  const types = cellsOf(first ?? { type: "null-data" }).map(({ type }) => type);
  const elements = types.flatMap((type): TypeDescription[] => (isPlain(type) ? [{ type }] : []));
  const isUniform = rows.every((row) => {
    const cells = cellsOf(row);
    return cells.length === types.length && cells.every(({ type }, column) => type === types[column]);
  });
  return isUniform && elements.length === types.length && elements.length > 0
    ? { type: "compact-array", description: { type: "structure", elements }, value: rows }
    : undefined;
}

type PlainType = Exclude<DlmsData["type"], "array" | "structure" | "compact-array">;

function isPlain(type: DlmsData["type"]): type is PlainType {
  return type !== "array" && type !== "structure" && type !== "compact-array";
}
