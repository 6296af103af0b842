import { UsageError } from "@amity/bytes";
import { packQuality } from "@amity/model";
import type { UsagePart } from "./usage.ts";

/** What a register moved by between two reads, to be billed like intervals. */
export interface RegisterUse {
  readonly channelId: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Counts of 10^scaler Wh between the reads (rollover already settled). */
  readonly counts: number;
  readonly scaler: number;
  readonly multiplier: number;
  /**
   * Weight of each hour, e.g. a class profile, or 1 in the hours of a time-of-use register and 0 elsewhere; absent: even.
   * As many entries as hours.
   */
  readonly weights?: ArrayLike<number>;
}

const HOUR_MS = 3_600_000;
const DERIVED = packQuality({ source: "mdms", category: "derived", method: "none", final: false });
/** Ten years. */
const HOURS_MAX = 87_672;

/**
 * Spreads a register's advance over the hours between its reads, to the last count, so that meters without intervals are
 * rated by the same tariffs (also across a change of tariff version). The result carries quality `derived`.
 * @throws UsageError where the reads are not on whole hours, or all weights are zero.
 */
export function registerUsage(use: RegisterUse): UsagePart {
  const hours = (use.toMs - use.fromMs) / HOUR_MS;
  if (!Number.isInteger(hours) || hours < 1 || hours > HOURS_MAX)
    throw new UsageError(`reads ${hours} hours apart cannot be spread over whole hours`, {
      code: "reads-off-grid",
      advice: "move each read to the hour by interpolation (bestRead)",
    });
  if (use.weights !== undefined && use.weights.length !== hours)
    throw new UsageError(`${use.weights.length} weights for ${hours} hours`, { code: "weights-length" });
  let total = 0;
  for (let hour = 0; hour < hours; hour += 1) total += use.weights?.[hour] ?? 1;
  if (!(total > 0)) throw new UsageError("the weights add up to nothing", { code: "weights-zero" });
  const values = new Float64Array(hours);
  let [reached, placed] = [0, 0];
  for (let hour = 0; hour < hours; hour += 1) {
    reached += use.weights?.[hour] ?? 1;
    // Rounding running totals: the hours always add up to the advance.
    const value = Math.round((use.counts * reached) / total) - placed;
    placed += value;
    values[hour] = value;
  }
  return {
    channelId: use.channelId,
    series: { startMs: use.fromMs, intervalSeconds: 3600, values, qualities: new Uint16Array(hours).fill(DERIVED) },
    scaler: use.scaler,
    multiplier: use.multiplier,
    blocks: [],
  };
}
