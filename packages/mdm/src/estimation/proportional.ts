import { isIn, MISSING } from "../vee/quality-mask.ts";
import { toCounts } from "../vee/rule-kind.ts";
import { averageDay } from "../vee/rules/plausibility.ts";
import { intervalStartMs, type Series } from "../vee/series.ts";
import { estimator, notApplicable, type Estimated, type Hole, type NotApplicable } from "./estimator.ts";
import { isBasis } from "./timeline.ts";

/** The second meter on the same flow, scaled by how the two compared in the days around the hole. */
export const checkMeterEstimate = estimator({
  summary: "The check meter's values.",
  defaults: { compareDays: 7, rescale: true },
  method: "checkMeter",
  estimate({ timeline, hole, context }, { compareDays, rescale }) {
    if (context.checkMeter === undefined) return notApplicable("no check meter");
    return inProportion(timeline, hole, context.checkMeter, { compareDays, rescale, label: "check meter" });
  },
});

/** The class's profile, scaled to this channel's own level. */
export const classProfile = estimator({
  summary: "The profile of the customer class, at this channel's level.",
  defaults: { compareDays: 60 },
  method: "classProfile",
  estimate({ timeline, hole, context }, { compareDays }) {
    if (context.classProfile === undefined) return notApplicable("no class profile");
    return inProportion(timeline, hole, context.classProfile, { compareDays, rescale: true, label: "class profile" });
  },
});

/** Average daily load spread evenly (AEMO types 25 and 65): the channel's own, or a stated one. */
export const averageDailyLoad = estimator({
  summary: "The average daily load, spread evenly.",
  defaults: { minimumHistoryDays: 1, fallbackInUnitPerDay: -1 },
  method: "averageDailyLoad",
  estimate({ timeline, hole, context }, { minimumHistoryDays, fallbackInUnitPerDay }) {
    const own = averageDay(basisOf(timeline), minimumHistoryDays);
    const daily = own ?? (fallbackInUnitPerDay < 0 ? undefined : toCounts(fallbackInUnitPerDay, context));
    if (daily === undefined) return notApplicable(`less than ${minimumHistoryDays} days of history and no stated load`);
    const each = (daily * timeline.intervalSeconds) / 86_400;
    const count = hole.to - hole.from;
    const spread = spreadAround(timeline, each);
    return {
      kind: "estimated",
      values: new Float64Array(count).fill(each),
      standardErrors: new Float64Array(count).fill(own === undefined ? each : spread),
      numbers: { averageDailyCounts: daily, eachCounts: each },
      reason: `average daily load ${daily.toFixed(0)} spread over the day`,
    };
  },
});

interface Proportion {
  readonly compareDays: number;
  readonly rescale: boolean;
  readonly label: string;
}

/** The other series over the hole, times the ratio of the two around it. */
function inProportion(timeline: Series, hole: Hole, other: Series, { compareDays, rescale, label }: Proportion): Estimated | NotApplicable {
  const shift = alignment(timeline, other);
  if (shift === undefined) return notApplicable(`the ${label} has another interval grid`);
  const count = hole.to - hole.from;
  const values = new Float64Array(count);
  for (let index = 0; index < count; index += 1) {
    const at = hole.from + index + shift;
    const value = other.values[at];
    if (value === undefined || isIn(other.qualities[at] ?? 0, MISSING)) return notApplicable(`the ${label} has a gap here too`);
    values[index] = value;
  }
  const around = compareAround(timeline, other, shift, hole, Math.ceil((compareDays * 86_400) / timeline.intervalSeconds));
  if (rescale && (around.count === 0 || around.otherSum === 0))
    return notApplicable(`no common intervals to set the level of the ${label}`);
  const ratio = rescale ? around.ownSum / around.otherSum : 1;
  const residual =
    around.count === 0
      ? 0
      : Math.sqrt(Math.max(0, around.ownSquares - 2 * ratio * around.products + ratio * ratio * around.otherSquares) / around.count);
  return {
    kind: "estimated",
    values: values.map((value) => value * ratio),
    standardErrors: new Float64Array(count).fill(residual),
    numbers: { ratio, comparedIntervals: around.count },
    reason: `${label} times ${ratio.toFixed(4)}, the ratio over ${around.count} common intervals`,
  };
}

interface Comparison {
  readonly count: number;
  readonly ownSum: number;
  readonly otherSum: number;
  readonly ownSquares: number;
  readonly otherSquares: number;
  readonly products: number;
}

function compareAround(timeline: Series, other: Series, shift: number, hole: Hole, reach: number): Comparison {
  let [count, ownSum, otherSum, ownSquares, otherSquares, products] = [0, 0, 0, 0, 0, 0];
  for (let index = Math.max(0, hole.from - reach); index < Math.min(timeline.values.length, hole.to + reach); index += 1) {
    const b = other.values[index + shift];
    if (
      (index >= hole.from && index < hole.to) ||
      b === undefined ||
      !isBasis(timeline, index) ||
      isIn(other.qualities[index + shift] ?? 0, MISSING)
    )
      continue;
    const a = timeline.values[index] ?? 0;
    count += 1;
    ownSum += a;
    otherSum += b;
    ownSquares += a * a;
    otherSquares += b * b;
    products += a * b;
  }
  return { count, ownSum, otherSum, ownSquares, otherSquares, products };
}

function alignment(timeline: Series, other: Series): number | undefined {
  const shift = (intervalStartMs(timeline, 0) - other.startMs) / (timeline.intervalSeconds * 1000);
  return other.intervalSeconds === timeline.intervalSeconds && Number.isInteger(shift) ? shift : undefined;
}

/** The timeline with everything that is no basis turned missing, for averages. */
function basisOf(timeline: Series): Series {
  const qualities = Uint16Array.from(timeline.qualities, (code, index) => (isBasis(timeline, index) ? code : 0xd00));
  return { ...timeline, qualities };
}

function spreadAround(timeline: Series, mean: number): number {
  let [sum, count] = [0, 0];
  for (let index = 0; index < timeline.values.length; index += 1) {
    if (!isBasis(timeline, index)) continue;
    sum += ((timeline.values[index] ?? 0) - mean) ** 2;
    count += 1;
  }
  return count === 0 ? 0 : Math.sqrt(sum / count);
}
