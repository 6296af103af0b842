import type { RatingInput } from "../rating/bill.ts";
import { Money, ZERO } from "../rating/money.ts";
import { rate, type ReadyTariff } from "../rating/rate.ts";

/** How one usage point would fare. */
export interface RehearsedPoint {
  readonly usagePointId: string;
  readonly current: string;
  readonly candidate: string;
  readonly difference: string;
}

export interface Rehearsal {
  readonly points: number;
  readonly totalCurrent: string;
  readonly totalCandidate: string;
  readonly difference: string;
  /** Usage points that would pay more, less, the same. */
  readonly more: number;
  readonly less: number;
  readonly same: number;
  /** Half of the points change by less than this share of their bill (percent). */
  readonly medianChangePercent: number;
  /** Those whom it would cost, and save, most. */
  readonly hardestHit: readonly RehearsedPoint[];
  readonly bestOff: readonly RehearsedPoint[];
  /** Points that could not be rated under one of them, with the reason; the rest counts. */
  readonly failed: readonly { readonly usagePointId: string; readonly reason: string }[];
}

/**
 * Bills the same past usage under the tariff in force and under a candidate, before anyone decides. Inputs come one by one;
 * nothing is stored.
 */
export function rehearse(current: ReadyTariff, candidate: ReadyTariff, inputs: Iterable<RatingInput>, examples = 10): Rehearsal {
  const points: RehearsedPoint[] = [];
  const failed: { usagePointId: string; reason: string }[] = [];
  let [totalCurrent, totalCandidate] = [ZERO, ZERO];
  for (const input of inputs) {
    try {
      const [was, is] = [rate(current, input).total, rate(candidate, input).total];
      points.push({ usagePointId: input.usagePointId, current: was, candidate: is, difference: new Money(is).minus(was).toFixed() });
      totalCurrent = totalCurrent.plus(was);
      totalCandidate = totalCandidate.plus(is);
    } catch (error) {
      failed.push({ usagePointId: input.usagePointId, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  const ranked = points.toSorted((a, b) => new Money(b.difference).cmp(a.difference));
  const counted = (sign: number) => points.filter((point) => Math.sign(Number(point.difference)) === sign).length;
  return {
    points: points.length,
    totalCurrent: totalCurrent.toFixed(),
    totalCandidate: totalCandidate.toFixed(),
    difference: totalCandidate.minus(totalCurrent).toFixed(),
    more: counted(1),
    less: counted(-1),
    same: counted(0),
    medianChangePercent: medianChange(points),
    hardestHit: ranked.filter((point) => Number(point.difference) > 0).slice(0, examples),
    bestOff: ranked
      .filter((point) => Number(point.difference) < 0)
      .toReversed()
      .slice(0, examples),
    failed,
  };
}

function medianChange(points: readonly RehearsedPoint[]): number {
  const changes = points
    .filter((point) => Number(point.current) !== 0)
    .map((point) => Math.abs((100 * Number(point.difference)) / Number(point.current)));
  return changes.toSorted((a, b) => a - b)[changes.length >> 1] ?? 0;
}
