import type { AccessSelection, DlmsData } from "@amity/dlms";
import type { RowSpan } from "../metrology/capture-runs.ts";
import type { CaptureGrid } from "../metrology/capture-grid.ts";
import { readDateTime, type TimeBase } from "./civil-time.ts";

/** Which part of a buffer was asked for (IEC 62056-6-2, 4.3.6 Profile generic, selective access). Entries count from 1, 0 means the last. */
export type BufferSelection =
  | { readonly kind: "range"; readonly fromMs: number; readonly toMs: number; readonly columns: readonly number[] | undefined }
  | { readonly kind: "entries"; readonly from: number; readonly to: number; readonly columns: readonly number[] | undefined };

/** A capture object as text key `class/obis/attribute/index`, to find the columns that a range names. */
export type CaptureKey = string;

/** Reads the access parameters; `undefined` where they are not of the standard's form or name what is not captured. */
export function readSelection(selection: AccessSelection, columnKeys: readonly CaptureKey[], base: TimeBase): BufferSelection | undefined {
  const fields = selection.parameters.type === "structure" ? selection.parameters.value : [];
  if (fields.length !== 4) return undefined;
  return selection.selector === 1
    ? readRange(fields, columnKeys, base)
    : selection.selector === 2
      ? readEntries(fields, columnKeys.length)
      : undefined;
}

/** The part of the rows that was asked for, oldest first. */
export function selectRows(spans: readonly RowSpan[], grid: CaptureGrid, selection: BufferSelection): RowSpan[] {
  return selection.kind === "range"
    ? rowsInRange(spans, grid, selection.fromMs, selection.toMs)
    : rowsByEntry(spans, selection.from, selection.to);
}

/** Clients that read sort_object first give it back here; where there is none, rows are in the order of the clock. */
const NO_OBJECT: CaptureKey = "0/0.0.0.0.0.0/0/0";

function readRange(fields: readonly DlmsData[], columnKeys: readonly CaptureKey[], base: TimeBase): BufferSelection | undefined {
  const [restricting, from, to, selected] = fields;
  const restrictingKey = restricting === undefined ? undefined : captureKeyOf(restricting);
  if (restrictingKey !== columnKeys[0] && restrictingKey !== NO_OBJECT) return undefined;
  const fromMs = boundOf(from, base, Number.NEGATIVE_INFINITY);
  const toMs = boundOf(to, base, Number.POSITIVE_INFINITY);
  if (fromMs === undefined || toMs === undefined || selected?.type !== "array") return undefined;
  if (selected.value.length === 0) return { kind: "range", fromMs, toMs, columns: undefined };
  const columns = selected.value.map((item) => columnKeys.indexOf(captureKeyOf(item) ?? ""));
  return columns.includes(-1) ? undefined : { kind: "range", fromMs, toMs, columns };
}

function readEntries(fields: readonly DlmsData[], columnCount: number): BufferSelection | undefined {
  const numbers = fields.map((field) => (field.type === "double-long-unsigned" || field.type === "long-unsigned" ? field.value : -1));
  const [from = -1, to = -1, firstColumn = -1, lastColumn = -1] = numbers;
  if (numbers.includes(-1) || from === 0 || firstColumn === 0) return undefined;
  const last = lastColumn === 0 ? columnCount : Math.min(lastColumn, columnCount);
  if (firstColumn > last) return undefined;
  const columns =
    firstColumn === 1 && last === columnCount
      ? undefined
      : Array.from({ length: last - firstColumn + 1 }, (_, index) => firstColumn - 1 + index);
  return { kind: "entries", from, to, columns };
}

/** `{ class, logical name, attribute, data index }` as a key. */
function captureKeyOf(object: DlmsData): CaptureKey | undefined {
  if (object.type !== "structure" || object.value.length < 4) return undefined;
  const [classId, name, attribute, index] = object.value;
  if (classId?.type !== "long-unsigned" || name?.type !== "octet-string" || name.value.length !== 6) return undefined;
  if (attribute?.type !== "integer" || index?.type !== "long-unsigned") return undefined;
  return `${classId.value}/${name.value.join(".")}/${attribute.value}/${index.value}`;
}

function boundOf(value: DlmsData | undefined, base: TimeBase, open: number): number | undefined {
  if (value?.type === "null-data") return open;
  if (value?.type !== "octet-string" && value?.type !== "date-time") return undefined;
  const instant = readDateTime(value.value, base);
  return instant === null ? undefined : (instant ?? open);
}

function rowsInRange(spans: readonly RowSpan[], grid: CaptureGrid, fromMs: number, toMs: number): RowSpan[] {
  const low = Number.isFinite(fromMs) ? grid.indexFrom(fromMs) : Number.NEGATIVE_INFINITY;
  const high = Number.isFinite(toMs) ? grid.indexFrom(toMs + 1) : Number.POSITIVE_INFINITY;
  return spans.flatMap((span) => cut(span, Math.max(span.first, low), Math.min(span.end, high)));
}

function rowsByEntry(spans: readonly RowSpan[], from: number, to: number): RowSpan[] {
  let passed = 0;
  const last = to === 0 ? Number.POSITIVE_INFINITY : to;
  return spans.flatMap((span) => {
    const before = passed;
    passed += span.end - span.first;
    return cut(span, span.first + Math.max(0, from - 1 - before), span.first + Math.min(span.end - span.first, last - before));
  });
}

function cut(span: RowSpan, first: number, end: number): RowSpan[] {
  return first < end ? [{ run: span.run, first, end, opens: span.opens && first === span.first }] : [];
}
