import {
  data,
  dataClasses,
  encodeData,
  obisToOctets,
  parseObis,
  type AccessSelection,
  type DataAccessResult,
  type DlmsData,
  type Obis,
  type ReadOutcome,
} from "@amity/dlms";
import { periodicGrid } from "../../metrology/capture-grid.ts";
import { capturedValue, type CapturedAttribute } from "../captured-value.ts";
import { dateTimeOctets } from "../civil-time.ts";
import { DONE, configure, configuredObject, keep, refused } from "../configured-object.ts";
import { configuredValue } from "../configured-values.ts";
import { READ_REFUSED, value, type MeterObject, type ObjectContext } from "../meter-object.ts";
import { numberOf } from "../monitored-value.ts";
import { observingContext } from "../observing-context.ts";
import { readSelection } from "../selection.ts";
import { SORT_METHODS, sortedRows, type ProfileRow } from "./sorted-rows.ts";

const { profileGeneric } = dataClasses;
const NAME = "1-0:99.3.0";
const ATTRIBUTE = { buffer: 2, captureObjects: 3, capturePeriod: 4, sortMethod: 5, sortObject: 6, entries: 8 } as const;
const FACTORY = { periodSeconds: 900, entries: 96 } as const;
const COLUMNS_MAX = 16;
const ENTRIES_MAX = 1_000;
/** Rows out of which the largest and the smallest are chosen. */
const CAPTURED_MAX = 4_096;
const ROWS_OCTETS_MAX = 16 * 1024;
const PERIOD_LEAST_SECONDS = 60;
const CLOCK = { classId: 8, logicalName: parseObis("0-0:1.0.0"), attributeIndex: 2, dataIndex: 0 } as const;
/** Energies in all and by tariff, and momentary values: what the meter can tell of any instant in the past. */
const PAST_REGISTER = /^1-0:\d{1,2}\.[78]\.[0-4]\.255$/;
const NO_OBJECT: CapturedAttribute = { classId: 0, logicalName: parseObis("0-0:0.0.0.0"), attributeIndex: 0, dataIndex: 0 };

type ObjectOf = (name: Obis) => MeterObject | undefined;

/**
 * Class 7 Profile generic, 1-0:99.3.0, which the utility sets up: columns, period, length, order. Other columns or another period begin it anew.
 * With a period it captures registers and the clock; with period 0, whatever there is, by its method.
 */
export function freeProfileObject(objectOf: ObjectOf): MeterObject {
  const made = configuredObject({
    class: profileGeneric,
    name: NAME,
    values: {
      captureObjects: (context) => profileGeneric.attributes.captureObjects.encode([...settingsOf(context).columns]),
      capturePeriod: (context) => data.doubleLongUnsigned(settingsOf(context).periodSeconds),
      sortMethod: (context) => data.enumerated(settingsOf(context).sortMethod),
      sortObject: (context) => profileGeneric.attributes.sortObject.encode(settingsOf(context).sortObject ?? NO_OBJECT),
      entriesInUse: (context) => data.doubleLongUnsigned(rowsOf(context, objectOf).length),
      profileEntries: (context) => data.doubleLongUnsigned(settingsOf(context).entries),
    },
    writable: ["sortMethod", "sortObject", "profileEntries"],
    judge: judgeOrder,
    actsOnWrite: {
      captureObjects: (given, context) => setColumns(given, context, objectOf),
      capturePeriod: setPeriod,
    },
    methods: {
      reset: async (_parameter, context) =>
        (await keep(NAME, [[ATTRIBUTE.buffer, emptyFrom(context)]], context)) ? DONE : refused("temporary-failure"),
      capture: (_parameter, context) => capture(context, objectOf),
    },
  });
  return {
    ...made,
    read: (id, context, selection) =>
      id === ATTRIBUTE.buffer ? readBuffer(context, selection, objectOf) : made.read(id, context, selection),
  };
}

interface Settings {
  readonly columns: readonly CapturedAttribute[];
  readonly periodSeconds: number;
  readonly sortMethod: number;
  readonly sortObject: CapturedAttribute | undefined;
  readonly entries: number;
}

function settingsOf(context: ObjectContext): Settings {
  const { captureObjects, sortObject } = profileGeneric.attributes;
  const at = (attributeId: number, factory: DlmsData): DlmsData => configuredValue(context, NAME, attributeId, factory);
  const columns = captureObjects.decode(at(ATTRIBUTE.captureObjects, FACTORY_COLUMNS));
  const sorting = sortObject.decode(at(ATTRIBUTE.sortObject, sortObject.encode(NO_OBJECT)));
  return {
    columns,
    periodSeconds: numberOf(at(ATTRIBUTE.capturePeriod, data.nothing)) ?? FACTORY.periodSeconds,
    sortMethod: numberOf(at(ATTRIBUTE.sortMethod, data.nothing)) ?? SORT_METHODS.fifo,
    sortObject: keyOf(sorting) === keyOf(NO_OBJECT) ? undefined : sorting,
    entries: numberOf(at(ATTRIBUTE.entries, data.nothing)) ?? FACTORY.entries,
  };
}

const FACTORY_COLUMNS = profileGeneric.attributes.captureObjects.encode([
  CLOCK,
  { classId: 3, logicalName: parseObis("1-0:1.8.0"), attributeIndex: 2, dataIndex: 0 },
]);

/** Columns that go take the sort object with them. */
const ORDER_OF_TIME = [
  [ATTRIBUTE.sortMethod, data.enumerated(SORT_METHODS.fifo)],
  [ATTRIBUTE.sortObject, profileGeneric.attributes.sortObject.encode(NO_OBJECT)],
] as const;

function judgeOrder(attribute: string, given: DlmsData, context: ObjectContext): DataAccessResult | undefined {
  const { columns, sortObject } = settingsOf(context);
  if (attribute === "profileEntries") {
    const entries = numberOf(given) ?? 0;
    return entries >= 1 && entries <= ENTRIES_MAX ? undefined : "other-reason";
  }
  if (attribute === "sortMethod")
    return (numberOf(given) ?? 0) > SORT_METHODS.lifo && sortObject === undefined ? "other-reason" : undefined;
  const wanted = keyOf(profileGeneric.attributes.sortObject.decode(given));
  return (wanted === keyOf(NO_OBJECT) && settingsOf(context).sortMethod <= SORT_METHODS.lifo) ||
    columns.some((column) => keyOf(column) === wanted)
    ? undefined
    : "other-reason";
}

async function setColumns(given: DlmsData, context: ObjectContext, objectOf: ObjectOf): Promise<DataAccessResult> {
  const columns = profileGeneric.attributes.captureObjects.decode(given);
  if (columns.length === 0 || columns.length > COLUMNS_MAX) return "other-reason";
  if (new Set(columns.map(keyOf)).size < columns.length) return "other-reason";
  if (columns.some(({ classId, logicalName }) => objectOf(logicalName)?.definition.classId !== classId)) return "object-undefined";
  const isPeriodic = settingsOf(context).periodSeconds > 0;
  if (columns.some((column) => !(isPeriodic ? isOfThePast(column) : column.classId !== profileGeneric.id))) return "other-reason";
  const { sortObject } = settingsOf(context);
  const keepsOrder = sortObject === undefined || columns.some((column) => keyOf(column) === keyOf(sortObject));
  return configure(
    NAME,
    [[ATTRIBUTE.captureObjects, given], [ATTRIBUTE.buffer, emptyFrom(context)], ...(keepsOrder ? [] : ORDER_OF_TIME)],
    context,
  );
}

async function setPeriod(given: DlmsData, context: ObjectContext): Promise<DataAccessResult> {
  const seconds = numberOf(given) ?? 0;
  if (seconds !== 0 && (seconds < PERIOD_LEAST_SECONDS || 86_400 % seconds !== 0)) return "other-reason";
  if (seconds !== 0 && !settingsOf(context).columns.every(isOfThePast)) return "other-reason";
  return configure(
    NAME,
    [
      [ATTRIBUTE.capturePeriod, given],
      [ATTRIBUTE.buffer, emptyFrom(context)],
    ],
    context,
  );
}

function isOfThePast({ classId, logicalName, attributeIndex }: CapturedAttribute): boolean {
  if (attributeIndex !== 2) return false;
  return logicalName === CLOCK.logicalName ? classId === CLOCK.classId : classId === 3 && PAST_REGISTER.test(logicalName);
}

async function capture(context: ObjectContext, objectOf: ObjectOf): ReturnType<NonNullable<MeterObject["invoke"]>> {
  const { columns, periodSeconds, entries } = settingsOf(context);
  // With a period the rows are those of the period, and no others.
  if (periodSeconds > 0) return refused("other-reason");
  const clockMs = context.meter.clockAt(context.nowMs);
  const row = { clockMs, cells: columns.map((column) => cellOf(column, context, clockMs, objectOf)) };
  const { sinceMs, rows } = keptRows(context);
  let kept = [...rows, row].slice(-entries);
  while (kept.length > 1 && encodeData(keptData(sinceMs, kept)).length > ROWS_OCTETS_MAX) kept = kept.slice(1);
  return (await keep(NAME, [[ATTRIBUTE.buffer, keptData(sinceMs, kept)]], context)) ? DONE : refused("temporary-failure");
}

function readBuffer(context: ObjectContext, access: AccessSelection | undefined, objectOf: ObjectOf): ReadOutcome {
  const { columns } = settingsOf(context);
  const selection = access === undefined ? undefined : readSelection(access, columns.map(keyOf), context.base);
  if (access !== undefined && selection === undefined) return READ_REFUSED.wrongSelection;
  // A range is one of the clock, which is the first column then.
  if (selection?.kind === "range" && keyOf(columns[0] ?? NO_OBJECT) !== keyOf(CLOCK)) return READ_REFUSED.wrongSelection;
  const rows = rowsOf(context, objectOf).filter(({ clockMs }, index) => {
    if (selection === undefined) return true;
    if (selection.kind === "range") return clockMs >= selection.fromMs && clockMs <= selection.toMs;
    return index + 1 >= selection.from && (selection.to === 0 || index < selection.to);
  });
  const chosen = (cells: readonly DlmsData[]): readonly DlmsData[] => selection?.columns?.flatMap((index) => cells[index] ?? []) ?? cells;
  return value(data.array(...rows.map(({ cells }) => data.structure(...chosen(cells)))));
}

/** The rows that the buffer holds, in its order. */
function rowsOf(context: ObjectContext, objectOf: ObjectOf): readonly ProfileRow[] {
  const { columns, periodSeconds, sortMethod, sortObject, entries } = settingsOf(context);
  const sortColumn = columns.findIndex((column) => sortObject !== undefined && keyOf(column) === keyOf(sortObject));
  const isByTime = sortMethod <= SORT_METHODS.lifo;
  const captured = periodSeconds === 0 ? keptRows(context).rows : capturedRows(context, objectOf, isByTime ? entries : CAPTURED_MAX);
  return sortedRows(captured, { method: sortMethod, column: sortColumn, entries });
}

/** Computed, oldest first: nothing of them is stored. */
function capturedRows(context: ObjectContext, objectOf: ObjectOf, capacity: number): ProfileRow[] {
  const { meter, nowMs } = context;
  const { columns, periodSeconds } = settingsOf(context);
  const grid = periodicGrid(periodSeconds);
  return meter.captureSpans(grid, nowMs, capacity, keptRows(context).sinceMs).flatMap((span) =>
    Array.from({ length: span.end - span.first }, (_, offset) => {
      const clockMs = grid.instantOf(span.first + offset);
      const then = observingContext(meter, meter.capturedAt(span, clockMs));
      return { clockMs, cells: columns.map((column) => cellOf(column, then, clockMs, objectOf)) };
    }),
  );
}

function cellOf(column: CapturedAttribute, context: ObjectContext, clockMs: number, objectOf: ObjectOf): DlmsData {
  if (keyOf(column) === keyOf(CLOCK)) return data.octets(dateTimeOctets(clockMs, context.base));
  return capturedValue(objectOf, column, context);
}

/** What the buffer keeps: since when rows count (true time), and the rows that the method captured. */
function keptRows(context: ObjectContext): { readonly sinceMs: number; readonly rows: readonly ProfileRow[] } {
  const kept = configuredValue(context, NAME, ATTRIBUTE.buffer, data.nothing);
  const [since, rows] = kept.type === "structure" ? kept.value : [];
  return {
    sinceMs: since === undefined ? Number.NEGATIVE_INFINITY : (numberOf(since) ?? 0),
    rows: (rows?.type === "array" ? rows.value : []).flatMap((row) => {
      const [clock, ...cells] = row.type === "structure" ? row.value : [];
      return clock === undefined ? [] : [{ clockMs: numberOf(clock) ?? 0, cells }];
    }),
  };
}

function keptData(sinceMs: number, rows: readonly ProfileRow[]): DlmsData {
  const kept = rows.map(({ clockMs, cells }) => data.structure(instantData(clockMs), ...cells));
  return data.structure(instantData(Number.isFinite(sinceMs) ? sinceMs : 0), data.array(...kept));
}

function emptyFrom({ nowMs }: ObjectContext): DlmsData {
  return keptData(nowMs, []);
}

function instantData(ms: number): DlmsData {
  return { type: "long64-unsigned", value: BigInt(ms) };
}

function keyOf({ classId, logicalName, attributeIndex, dataIndex }: CapturedAttribute): string {
  return `${classId}/${obisToOctets(logicalName).join(".")}/${attributeIndex}/${dataIndex}`;
}
