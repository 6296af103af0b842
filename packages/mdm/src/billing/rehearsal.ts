import { AmityError } from "@amity/bytes";
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

/** Usage points whose bill changes by `[fromPercent, toPercent)` of what it is; an absent bound is open. */
export interface ChangeBand {
  readonly fromPercent?: number;
  readonly toPercent?: number;
  readonly points: number;
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
  /** Whose bills fall and rise by how much; points with a bill of zero or below are not in it. */
  readonly distribution: readonly ChangeBand[];
  /** All points, those first who would pay most more. */
  readonly ranked: readonly RehearsedPoint[];
  /** Points that could not be rated under one of them, with the reason; the rest counts. */
  readonly failed: readonly { readonly usagePointId: string; readonly reason: string }[];
}

/** A rehearsal in work: usage points come one by one. */
export interface RehearsalRun {
  add(input: RatingInput): void;
  report(): Rehearsal;
}

/** Edges of the bands, percent. */
const BAND_EDGES = [-20, -10, -5, -1, 1, 5, 10, 20] as const;

/** Bills the same past usage under the tariff in force and under a candidate, before anyone decides. Nothing is stored. */
export function startRehearsal(current: ReadyTariff, candidate: ReadyTariff): RehearsalRun {
  const points: RehearsedPoint[] = [];
  const failed: { usagePointId: string; reason: string }[] = [];
  let [totalCurrent, totalCandidate] = [ZERO, ZERO];
  return {
    add(input) {
      try {
        const [was, is] = [rate(current, input).total, rate(candidate, input).total];
        points.push({ usagePointId: input.usagePointId, current: was, candidate: is, difference: new Money(is).minus(was).toFixed() });
        totalCurrent = totalCurrent.plus(was);
        totalCandidate = totalCandidate.plus(is);
      } catch (error) {
        if (!(error instanceof AmityError)) throw error;
        failed.push({ usagePointId: input.usagePointId, reason: error.message });
      }
    },
    report() {
      const counted = (sign: number) => points.filter((point) => Math.sign(Number(point.difference)) === sign).length;
      const changes = changesOf(points);
      return {
        points: points.length,
        totalCurrent: totalCurrent.toFixed(),
        totalCandidate: totalCandidate.toFixed(),
        difference: totalCandidate.minus(totalCurrent).toFixed(),
        more: counted(1),
        less: counted(-1),
        same: counted(0),
        medianChangePercent: changes.map(Math.abs).toSorted((a, b) => a - b)[changes.length >> 1] ?? 0,
        distribution: bandsOf(changes),
        ranked: points.toSorted((a, b) => new Money(b.difference).cmp(a.difference)),
        failed: [...failed],
      };
    },
  };
}

/** As `startRehearsal`, over all inputs. */
export function rehearse(current: ReadyTariff, candidate: ReadyTariff, inputs: Iterable<RatingInput>): Rehearsal {
  const run = startRehearsal(current, candidate);
  for (const input of inputs) run.add(input);
  return run.report();
}

/** Changes in percent of the bill as it is. */
function changesOf(points: readonly RehearsedPoint[]): number[] {
  return points.filter(({ current }) => Number(current) > 0).map((point) => (100 * Number(point.difference)) / Number(point.current));
}

function bandsOf(changes: readonly number[]): ChangeBand[] {
  return Array.from({ length: BAND_EDGES.length + 1 }, (_, index): ChangeBand => {
    const [from, to] = [BAND_EDGES[index - 1], BAND_EDGES[index]];
    const points = changes.filter((change) => change >= (from ?? -Infinity) && change < (to ?? Infinity)).length;
    return { ...(from === undefined ? {} : { fromPercent: from }), ...(to === undefined ? {} : { toPercent: to }), points };
  });
}
