import { registerAdvance } from "@amity/intervals";
import { packQuality, QUALITY, type IntervalSeries, type MeterId, type QualityCode, type RegisterReading } from "@amity/model";
import type { CollectedProfile } from "../driver.ts";
import type { ProfileColumn, ProfileRows } from "./profile-rows.ts";
import { qualityOfStatus } from "./status-quality.ts";

const ROLLED_OVER: QualityCode = packQuality({ source: "endDevice", category: "raw", method: "overflow", final: false });

/** A stretch of rows that follow one another by exactly one capture period. */
interface Run {
  /** Positions into `timesMs`, in order. */
  readonly rows: readonly number[];
}

/**
 * Turns captured cumulative registers into intervals. Each unbroken run of rows becomes one series a channel, with the
 * registers at its two edges, so that what a gap hides can still be scaled and checked. Rows off the grid (captures at a
 * power-up or a clock change) end no interval and are passed over. A register that went back ends a run: its difference
 * is no quantity.
 */
export function intervalsOfRows(meterId: MeterId, rows: ProfileRows): CollectedProfile {
  const order = gridOrder(rows);
  const runs = runsOf(rows, order);
  const intervals: IntervalSeries[] = [];
  const registers: RegisterReading[] = [];
  for (const column of rows.columns) {
    for (const run of runs) {
      for (const part of splitAtBreaks(run, column)) {
        registers.push(registerAt(meterId, rows, column, part.rows[0] ?? 0));
        if (part.rows.length < 2) continue;
        intervals.push(seriesOf(meterId, rows, column, part));
        registers.push(registerAt(meterId, rows, column, part.rows.at(-1) ?? 0));
      }
    }
  }
  const newest = order.at(-1);
  return { intervals, registers, events: [], newestMs: newest === undefined ? undefined : rows.timesMs[newest], rows: order.length };
}

/** Row positions by time, on the grid, each instant once (the row written last counts). */
function gridOrder(rows: ProfileRows): readonly number[] {
  const periodMs = rows.periodSeconds * 1000;
  const byTime = new Map<number, number>();
  for (let index = 0; index < rows.timesMs.length; index++) {
    const timeMs = rows.timesMs[index] ?? Number.NaN;
    if (timeMs % periodMs === 0) byTime.set(timeMs, index);
  }
  const positions = [...byTime.values()];
  return positions.toSorted((left, right) => (rows.timesMs[left] ?? 0) - (rows.timesMs[right] ?? 0));
}

function runsOf(rows: ProfileRows, order: readonly number[]): readonly Run[] {
  const periodMs = rows.periodSeconds * 1000;
  const runs: number[][] = [];
  let lastMs = Number.NaN;
  for (const position of order) {
    const timeMs = rows.timesMs[position] ?? 0;
    const current = runs.at(-1);
    if (current === undefined || timeMs - lastMs !== periodMs) runs.push([position]);
    else current.push(position);
    lastMs = timeMs;
  }
  return runs.map((positions) => ({ rows: positions }));
}

/** Cuts a run where this column has no value, or where its register went back. */
function splitAtBreaks(run: Run, column: ProfileColumn): readonly Run[] {
  const parts: number[][] = [];
  let previous = Number.NaN;
  for (const position of run.rows) {
    const value = column.values[position] ?? Number.NaN;
    const current = parts.at(-1);
    if (Number.isNaN(value)) {
      previous = Number.NaN;
      continue;
    }
    if (current === undefined || Number.isNaN(previous) || advance(previous, value) === undefined) parts.push([position]);
    else current.push(position);
    previous = value;
  }
  return parts.map((rows) => ({ rows }));
}

function seriesOf(meterId: MeterId, rows: ProfileRows, column: ProfileColumn, run: Run): IntervalSeries {
  const count = run.rows.length - 1;
  const values = new Float64Array(count);
  const qualities = new Uint16Array(count);
  let previous = column.values[run.rows[0] ?? 0] ?? 0;
  for (let index = 0; index < count; index++) {
    const position = run.rows[index + 1] ?? 0;
    const value = column.values[position] ?? 0;
    values[index] = advance(previous, value) ?? 0;
    qualities[index] = value < previous ? ROLLED_OVER : qualityOfStatus(rows.statuses[position] ?? 0);
    previous = value;
  }
  return {
    meterId,
    channel: column.channel,
    unit: column.unit,
    scaler: column.scaler,
    intervalSeconds: rows.periodSeconds,
    startMs: rows.timesMs[run.rows[0] ?? 0] ?? 0,
    values,
    qualities,
  };
}

/** Registers of 32 bits are the ones that roll over in the field; wider ones outlive the meter. */
const MODULUS = 2 ** 32;
/** The most that can honestly pass in one interval, in the register's unit: 10 MWh in Wh. */
const QUANTITY_MAX = 10_000_000;

/** The quantity between two readings, or `undefined` where the register went back. */
function advance(previous: number, current: number): number | undefined {
  if (current >= previous) return current - previous;
  if (previous >= MODULUS) return undefined;
  const moved = registerAdvance(BigInt(previous), BigInt(current), { modulus: BigInt(MODULUS), quantityMax: BigInt(QUANTITY_MAX) });
  return moved.kind === "rolledOver" ? Number(moved.quantity) : undefined;
}

function registerAt(meterId: MeterId, rows: ProfileRows, column: ProfileColumn, position: number): RegisterReading {
  return {
    meterId,
    channel: column.channel,
    unit: column.unit,
    scaler: column.scaler,
    atMs: rows.timesMs[position] ?? 0,
    value: BigInt(column.values[position] ?? 0),
    quality: QUALITY.raw,
  };
}
