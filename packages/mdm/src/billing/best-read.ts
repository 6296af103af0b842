import type { QualityCode } from "@amity/model";
import { isEstimated, isMissing } from "@amity/model";

/** A register reading that a bill could begin or end with. */
export interface CandidateRead {
  readonly atMs: number;
  /** Counts of the register. */
  readonly value: number;
  readonly quality: QualityCode;
}

export interface ReadWindow {
  /** The scheduled read, usually local midnight. */
  readonly wantedMs: number;
  /** How far before and after a read may lie. */
  readonly earliestMs: number;
  readonly latestMs: number;
}

export type BestRead =
  | { readonly kind: "read"; readonly read: CandidateRead; readonly reason: string }
  /** Two reads around the window, the value between them by time. */
  | {
      readonly kind: "interpolated";
      readonly read: CandidateRead;
      readonly between: readonly [CandidateRead, CandidateRead];
      readonly reason: string;
    }
  | { readonly kind: "none"; readonly reason: string };

/**
 * The read to bill by: in the window an actual one before an estimated one, then the nearest to the wanted instant, of two
 * equally near the earlier. With none in the window, one interpolated between the actual reads around it.
 */
export function bestRead(candidates: readonly CandidateRead[], window: ReadWindow): BestRead {
  const usable = candidates.filter((read) => !isMissing(read.quality));
  const distance = (read: CandidateRead) => Math.abs(read.atMs - window.wantedMs);
  const within = usable.filter((read) => read.atMs >= window.earliestMs && read.atMs <= window.latestMs);
  const ranked = within.toSorted(
    (a, b) => Number(isEstimated(a.quality)) - Number(isEstimated(b.quality)) || distance(a) - distance(b) || a.atMs - b.atMs,
  );
  const [best] = ranked;
  if (best !== undefined)
    return {
      kind: "read",
      read: best,
      reason: `${isEstimated(best.quality) ? "estimated" : "actual"} read, ${Math.round(distance(best) / 60_000)} min from the wanted instant`,
    };
  const actual = usable.filter((read) => !isEstimated(read.quality)).toSorted((a, b) => a.atMs - b.atMs);
  const before = actual.findLast((read) => read.atMs < window.wantedMs);
  const after = actual.find((read) => read.atMs > window.wantedMs);
  if (before === undefined || after === undefined) return { kind: "none", reason: "no read in the window and none on both sides of it" };
  const share = (window.wantedMs - before.atMs) / (after.atMs - before.atMs);
  const value = Math.round(before.value + (after.value - before.value) * share);
  return {
    kind: "interpolated",
    read: { ...before, atMs: window.wantedMs, value },
    between: [before, after],
    reason: `between the reads of ${new Date(before.atMs).toISOString()} and ${new Date(after.atMs).toISOString()}`,
  };
}

/** One cycle of a billing schedule, civil days, `toDay` exclusive. */
export interface BillingCycle {
  readonly fromDay: number;
  readonly toDay: number;
  /** First day on which the bill may be made, and the last on which it waits for better data. */
  readonly openDay: number;
  readonly closeDay: number;
}

/** Cuts months at a day of the month; in shorter months at their last day. `delayDays` and `windowDays` say when the bill may and must be made. */
export function monthlyCycle(
  year: number,
  month: number,
  schedule: { readonly dayOfMonth: number; readonly delayDays: number; readonly windowDays: number },
): BillingCycle {
  const startOf = (monthIndex: number) => {
    const lastDay = new Date(Date.UTC(year, monthIndex + 1, 0)).getUTCDate();
    return Date.UTC(year, monthIndex, Math.min(schedule.dayOfMonth, lastDay)) / 86_400_000;
  };
  const toDay = startOf(month);
  return {
    fromDay: startOf(month - 1),
    toDay,
    openDay: toDay + schedule.delayDays,
    closeDay: toDay + schedule.delayDays + schedule.windowDays,
  };
}
