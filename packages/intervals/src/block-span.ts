import { DAY_MS } from "./calendar.ts";
import { UsageError } from "@amity/bytes";
import {
  emptyBlock,
  isMissingSlot,
  slotsPerDay,
  slotStartMs,
  utcDayStartMs,
  MISSING_QUALITY,
  type IntervalBlock,
} from "./interval-block.ts";

/** Consecutive intervals without regard to days. */
export interface IntervalSpan {
  /** Start of the first interval, UTC ms. */
  readonly startMs: number;
  readonly intervalSeconds: number;
  readonly values: Float64Array;
  readonly qualities: Uint16Array;
}

/** Longest span that one call cuts or joins (intervals): 64 years of quarter-hours. */
const SPAN_MAX = 2_250_000;

/**
 * Cuts consecutive intervals into the UTC days they start in; slots of those days outside the span are missing.
 * @throws UsageError if the arrays disagree in length, an interval does not divide a day or the start is no whole second.
 */
export function blocksOf(span: IntervalSpan): IntervalBlock[] {
  const { startMs, intervalSeconds, values, qualities } = span;
  if (values.length !== qualities.length) {
    throw new UsageError(`${values.length} values but ${qualities.length} qualities`, { code: "length" });
  }
  if (values.length > SPAN_MAX) throw new UsageError(`${values.length} intervals exceed the limit of ${SPAN_MAX}`, { code: "limit" });
  if (!Number.isSafeInteger(startMs) || startMs % 1000 !== 0) {
    throw new UsageError(`intervals start at ${startMs} ms, which is no whole second`, { code: "start" });
  }
  const slots = slotsPerDay(intervalSeconds);
  const blocks: IntervalBlock[] = [];
  let taken = 0;
  while (taken < values.length) {
    const atMs = startMs + taken * intervalSeconds * 1000;
    const dayStartMs = utcDayStartMs(atMs);
    const secondOfDay = (atMs - dayStartMs) / 1000;
    const slot = Math.floor(secondOfDay / intervalSeconds);
    const block = emptyBlock(dayStartMs, intervalSeconds, secondOfDay % intervalSeconds);
    const count = Math.min(slots - slot, values.length - taken);
    block.values.set(values.subarray(taken, taken + count), slot);
    block.qualities.set(qualities.subarray(taken, taken + count), slot);
    blocks.push(block);
    taken += count;
  }
  return blocks;
}

/**
 * The intervals that start in [fromMs, toMs), joined from blocks in any order; what no block holds is missing.
 * The grid is that of the blocks; without blocks, that of `intervalSeconds` from UTC midnight.
 * @throws UsageError if the blocks do not share one grid.
 */
export function spanOf(blocks: readonly IntervalBlock[], window: { fromMs: number; toMs: number; intervalSeconds: number }): IntervalSpan {
  const { fromMs, toMs, intervalSeconds } = window;
  const stepMs = intervalSeconds * 1000;
  const phaseMs = (blocks[0]?.phaseSeconds ?? 0) * 1000;
  for (const block of blocks) {
    if (block.intervalSeconds !== intervalSeconds || block.phaseSeconds * 1000 !== phaseMs) {
      throw new UsageError("blocks of different interval grids cannot be joined into one span", { code: "grid" });
    }
  }
  slotsPerDay(intervalSeconds);
  const startMs = Math.ceil((fromMs - phaseMs) / stepMs) * stepMs + phaseMs;
  const length = Math.max(0, Math.ceil((toMs - startMs) / stepMs));
  if (length > SPAN_MAX) throw new UsageError(`${length} intervals exceed the limit of ${SPAN_MAX}`, { code: "limit" });
  const values = new Float64Array(length);
  const qualities = new Uint16Array(length).fill(MISSING_QUALITY);
  for (const block of blocks) {
    const offset = (slotStartMs(block, 0) - startMs) / stepMs;
    const first = Math.max(0, -offset);
    const last = Math.min(block.values.length, length - offset);
    if (first >= last) continue;
    values.set(block.values.subarray(first, last), offset + first);
    qualities.set(block.qualities.subarray(first, last), offset + first);
  }
  return { startMs, intervalSeconds, values, qualities };
}

/** Whether the incoming value of a slot takes the place of the current one. Never asked where either is missing. */
export type TakesPlace = (slot: { currentQuality: number; incomingQuality: number; isSameValue: boolean }) => boolean;

/**
 * The current block with what came in laid over it, as a new block; the current one itself where nothing changes.
 * A missing slot gives way to any value, and never takes one's place.
 * @throws UsageError if the two are not the same day on the same grid.
 */
export function mergeBlocks(current: IntervalBlock, incoming: IntervalBlock, takesPlace: TakesPlace = () => true): IntervalBlock {
  if (!isSameGrid(current, incoming)) throw new UsageError("blocks of different days or grids cannot be merged", { code: "grid" });
  let merged: IntervalBlock | undefined;
  for (let slot = 0; slot < incoming.values.length; slot++) {
    const incomingQuality = incoming.qualities[slot] ?? MISSING_QUALITY;
    const currentQuality = current.qualities[slot] ?? MISSING_QUALITY;
    if (isMissingSlot(incomingQuality)) continue;
    const value = incoming.values[slot] ?? 0;
    const isSameValue = value === current.values[slot];
    if (isSameValue && incomingQuality === currentQuality) continue;
    if (!isMissingSlot(currentQuality) && !takesPlace({ currentQuality, incomingQuality, isSameValue })) continue;
    merged ??= { ...current, values: current.values.slice(), qualities: current.qualities.slice() };
    merged.values[slot] = value;
    merged.qualities[slot] = incomingQuality;
  }
  return merged ?? current;
}

/** True where two blocks are the same day, interval and phase. */
export function isSameGrid(a: IntervalBlock, b: IntervalBlock): boolean {
  return a.dayStartMs === b.dayStartMs && a.intervalSeconds === b.intervalSeconds && a.phaseSeconds === b.phaseSeconds;
}

/** Whole days from `fromMs` (inclusive) to `toMs` (exclusive), as UTC midnights. */
export function utcDaysBetween(fromMs: number, toMs: number): number[] {
  const days: number[] = [];
  for (let day = utcDayStartMs(fromMs); day < toMs; day += DAY_MS) {
    if (days.length >= SPAN_MAX) throw new UsageError("too many days", { code: "limit" });
    days.push(day);
  }
  return days;
}
