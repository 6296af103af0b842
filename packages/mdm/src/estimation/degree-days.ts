import { localDayOf, startOfLocalDayMs, type Zone } from "@amity/intervals";
import { isIn, MISSING } from "../vee/quality-mask.ts";
import { intervalStartMs, type Series } from "../vee/series.ts";
import { estimator, notApplicable, type EstimatorInput } from "./estimator.ts";
import { sameLocalTime, type ReferenceDay } from "./timeline.ts";

/**
 * Gas and heat by degree days: use of a day = base + slope times (limit - mean outdoor temperature, at least 0), by least squares over the
 * undisturbed days, shared over the day as those days were. Base and slope are never below zero (VDI 3807 and CIBSE TM41 use the same
 * straight line; the limit of 15.5 degC is the British convention, 15 degC the German one).
 */
export const degreeDays = estimator({
  summary: "By heating degree days and the usual shape of the day.",
  defaults: { heatingLimitC: 15.5, minimumDays: 5, searchDays: 365 },
  method: "degreeDays",
  estimate(input, { heatingLimitC, minimumDays, searchDays }) {
    const { timeline, hole, context } = input;
    const { temperature, zone } = context;
    if (temperature === undefined) return notApplicable("no temperatures");
    const holeDay = localDayOf(zone, intervalStartMs(timeline, hole.from));
    const degreesOf = (day: number): number | undefined => {
      const mean = meanOfDay(temperature, day, zone);
      return mean === undefined ? undefined : Math.max(0, heatingLimitC - mean / 10);
    };
    const days = input.referenceDays().flatMap((reference): FitDay[] => {
      const degrees = Math.abs(reference.day - holeDay) <= searchDays ? degreesOf(reference.day) : undefined;
      return degrees === undefined ? [] : [{ reference, degrees, counts: totalOf(timeline, reference, zone) }];
    });
    if (days.length < minimumDays) return notApplicable(`only ${days.length} days with temperatures, ${minimumDays} wanted`);
    const line = fit(days);
    const shape = shapeOf(days);
    const values = new Float64Array(hole.to - hole.from);
    for (let index = 0; index < values.length; index += 1) {
      const degrees = degreesOf(localDayOf(zone, intervalStartMs(timeline, hole.from + index)));
      if (degrees === undefined) return notApplicable("no temperature on the day to fill");
      values[index] = (line.base + line.slope * degrees) * shape(input, hole.from + index);
    }
    return {
      kind: "estimated",
      values,
      standardErrors: new Float64Array(values.length).fill(spreadOf(input, days, line, shape)),
      numbers: { referenceDays: days.length, baseCountsPerDay: line.base, countsPerDegreeDay: line.slope, heatingLimitC },
      reason: `${line.base.toFixed(0)} a day and ${line.slope.toFixed(1)} for each degree below ${heatingLimitC} \u00b0C, from ${days.length} days`,
    };
  },
});

interface FitDay {
  readonly reference: ReferenceDay;
  readonly degrees: number;
  readonly counts: number;
}

interface Line {
  readonly base: number;
  readonly slope: number;
}

/** Least squares with neither part below zero. */
function fit(days: readonly FitDay[]): Line {
  const n = days.length;
  const [meanX, meanY] = [sum(days, ({ degrees }) => degrees) / n, sum(days, ({ counts }) => counts) / n];
  const spread = sum(days, ({ degrees }) => (degrees - meanX) ** 2);
  const slope = spread > 0 ? Math.max(0, sum(days, ({ degrees, counts }) => (degrees - meanX) * (counts - meanY)) / spread) : 0;
  const base = meanY - slope * meanX;
  if (base >= 0) return { base, slope };
  const squares = sum(days, ({ degrees }) => degrees ** 2);
  return { base: 0, slope: squares > 0 ? Math.max(0, sum(days, ({ degrees, counts }) => degrees * counts) / squares) : 0 };
}

type Shape = (input: EstimatorInput, index: number) => number;

/** An interval's share of its day, as it was on the reference days: the same civil time of all of them over all they used. */
function shapeOf(days: readonly FitDay[]): Shape {
  const total = sum(days, ({ counts }) => counts);
  const known = new Map<number, number>();
  return ({ timeline, context }, index) => {
    if (total <= 0) return timeline.intervalSeconds / 86_400;
    const atMs = intervalStartMs(timeline, index);
    const slot = atMs + context.zone.offsetMsAt(atMs) - localDayOf(context.zone, atMs) * 86_400_000;
    let share = known.get(slot);
    if (share === undefined) {
      share =
        sum(days, ({ reference }) => {
          const at = sameLocalTime(timeline, index, reference, context.zone);
          return at < 0 ? 0 : (timeline.values[at] ?? 0);
        }) / total;
      known.set(slot, share);
    }
    return share;
  };
}

/** Root mean square of what the line and shape miss on the days they were made of, for one interval. */
function spreadOf({ timeline, context, ...rest }: EstimatorInput, days: readonly FitDay[], line: Line, shape: Shape): number {
  let [squares, count] = [0, 0];
  for (const { reference, degrees } of days) {
    const { from, to } = rangeOf(timeline, reference, context.zone);
    for (let index = from; index < to; index += 1) {
      squares += ((timeline.values[index] ?? 0) - (line.base + line.slope * degrees) * shape({ timeline, context, ...rest }, index)) ** 2;
      count += 1;
    }
  }
  return count > 2 ? Math.sqrt(squares / (count - 2)) : 0;
}

function rangeOf(timeline: Series, { day, startMs }: ReferenceDay, zone: Zone): { from: number; to: number } {
  const stepMs = timeline.intervalSeconds * 1000;
  return {
    from: Math.ceil((startMs - timeline.startMs) / stepMs),
    to: Math.floor((startOfLocalDayMs(zone, day + 1) - timeline.startMs) / stepMs),
  };
}

function totalOf(timeline: Series, reference: ReferenceDay, zone: Zone): number {
  const { from, to } = rangeOf(timeline, reference, zone);
  let counts = 0;
  for (let index = from; index < to; index += 1) counts += timeline.values[index] ?? 0;
  return counts;
}

/** Mean of what is known of a civil day in the temperature series, in its counts. */
function meanOfDay(temperature: Series, day: number, zone: Zone): number | undefined {
  const stepMs = temperature.intervalSeconds * 1000;
  const from = Math.max(0, Math.ceil((startOfLocalDayMs(zone, day) - temperature.startMs) / stepMs));
  const to = Math.min(temperature.values.length, Math.ceil((startOfLocalDayMs(zone, day + 1) - temperature.startMs) / stepMs));
  let [total, count] = [0, 0];
  for (let index = from; index < to; index += 1) {
    if (isIn(temperature.qualities[index] ?? 0, MISSING)) continue;
    total += temperature.values[index] ?? 0;
    count += 1;
  }
  return count === 0 ? undefined : total / count;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
