import { UsageError } from "@amity/bytes";
import { DAY_MS } from "./calendar.ts";

export const SECONDS_PER_DAY = 86_400;

/**
 * The quality code of a slot for which nothing was delivered; its value is 0 and means nothing. The same number as
 * `QUALITY.missing` of `@amity/model`, which stands above this package.
 */
export const MISSING_QUALITY = 0x3d00;

/**
 * One channel's one UTC day: the unit that the ledger stores, versions and reads. Always the whole day: a slot without
 * data has value 0 and quality `MISSING_QUALITY`. Local days (92, 96 or 100 quarter-hours) are cut from two blocks.
 */
export interface IntervalBlock {
  /** UTC midnight, ms. */
  readonly dayStartMs: number;
  /** A divisor of 86,400. */
  readonly intervalSeconds: number;
  /**
   * Start of slot 0 after midnight, in seconds, below `intervalSeconds`: 0 except where the interval grid is not that of
   * UTC (daily values from local midnight, half-hours in a zone of UTC+5:45). The last slot may end in the next day.
   */
  readonly phaseSeconds: number;
  /** 86,400 / intervalSeconds values: safe integers in the channel's unit and scaler. */
  readonly values: Float64Array;
  /** One 16-bit quality code for each value. */
  readonly qualities: Uint16Array;
}

/** Number of slots in a day. @throws UsageError if the interval does not divide a day. */
export function slotsPerDay(intervalSeconds: number): number {
  const slots = SECONDS_PER_DAY / intervalSeconds;
  if (!Number.isInteger(slots) || !Number.isInteger(intervalSeconds) || slots < 1) {
    throw new UsageError(`an interval of ${intervalSeconds} s does not divide a day`, { code: "interval-length" });
  }
  return slots;
}

/** A day in which nothing was delivered yet. @throws UsageError for a day, interval or phase that cannot be. */
export function emptyBlock(dayStartMs: number, intervalSeconds: number, phaseSeconds = 0): IntervalBlock {
  const slots = slotsPerDay(intervalSeconds);
  if (!Number.isSafeInteger(dayStartMs) || dayStartMs % DAY_MS !== 0) {
    throw new UsageError(`${dayStartMs} is not a UTC midnight`, { code: "day-start" });
  }
  if (!Number.isInteger(phaseSeconds) || phaseSeconds < 0 || phaseSeconds >= intervalSeconds) {
    throw new UsageError(`a phase of ${phaseSeconds} s is not within an interval of ${intervalSeconds} s`, { code: "phase" });
  }
  const qualities = new Uint16Array(slots).fill(MISSING_QUALITY);
  return { dayStartMs, intervalSeconds, phaseSeconds, values: new Float64Array(slots), qualities };
}

/** Start of slot `slot`, UTC ms. */
export function slotStartMs(block: IntervalBlock, slot: number): number {
  return block.dayStartMs + (block.phaseSeconds + slot * block.intervalSeconds) * 1000;
}

/** True where a slot holds no value, whoever said so (category `missing`). */
export function isMissingSlot(quality: number): boolean {
  return ((quality >> 8) & 0xf) === 13;
}

/** The UTC midnight at or before an instant. */
export function utcDayStartMs(instantMs: number): number {
  return Math.floor(instantMs / DAY_MS) * DAY_MS;
}
