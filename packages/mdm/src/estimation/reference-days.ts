import { localDayOf, startOfLocalDayMs, formatDay, isoWeekdayOf, type Zone } from "@amity/intervals";
import { dayTypeOf } from "../usage/local-days.ts";
import { intervalStartMs, type Series } from "../vee/series.ts";
import { estimator, notApplicable, type Estimated, type EstimatorInput, type NotApplicable } from "./estimator.ts";
import { sameLocalTime, type ReferenceDay } from "./timeline.ts";

/**
 * Mean of the nearest undisturbed days of the same weekday, filled up with days of the same type (weekday, weekend,
 * holiday); a holiday matches any holiday. Nearest in time, later or earlier (Itron IEE; California "selected reference days").
 */
export const likeDay = estimator({
  summary: "The average of the nearest like days.",
  defaults: { days: 3, minimumDays: 1, searchDays: 90 },
  method: "likeDay",
  estimate(input, { days, minimumDays, searchDays }) {
    const { holidays } = input.context;
    return fromReferenceDays(input, minimumDays, (target, candidates) => {
      const near = candidates
        .filter((candidate) => Math.abs(candidate.day - target) <= searchDays)
        .toSorted((a, b) => Math.abs(a.day - target) - Math.abs(b.day - target));
      const type = dayTypeOf(target, holidays);
      const sameType = near.filter((candidate) => dayTypeOf(candidate.day, holidays) === type);
      const sameWeekday = type === "holiday" ? [] : sameType.filter((candidate) => isoWeekdayOf(candidate.day) === isoWeekdayOf(target));
      return [...new Set([...sameWeekday, ...sameType])].slice(0, days);
    });
  },
});

/** Mean of the undisturbed days of the same type whose temperature was nearest to that of the day to fill. */
export const weatherProxy = estimator({
  summary: "The average of the days with the most similar temperature.",
  defaults: { days: 5, minimumDays: 2, searchDays: 365 },
  method: "weatherProxy",
  estimate(input, { days, minimumDays, searchDays }) {
    const { temperature, holidays, zone } = input.context;
    if (temperature === undefined) return notApplicable("no temperatures");
    const known = new Map<number, number | undefined>();
    const meanOf = (day: number) => {
      if (!known.has(day)) known.set(day, meanOfDay(temperature, day, zone));
      return known.get(day);
    };
    return fromReferenceDays(input, minimumDays, (target, candidates) => {
      const wanted = meanOf(target);
      if (wanted === undefined) return [];
      const type = dayTypeOf(target, holidays);
      const ranked = candidates.flatMap((candidate) => {
        const mean =
          Math.abs(candidate.day - target) <= searchDays && dayTypeOf(candidate.day, holidays) === type ? meanOf(candidate.day) : undefined;
        return mean === undefined ? [] : [{ candidate, distance: Math.abs(mean - wanted) }];
      });
      return ranked
        .toSorted((a, b) => a.distance - b.distance || Math.abs(a.candidate.day - target) - Math.abs(b.candidate.day - target))
        .slice(0, days)
        .map((entry) => entry.candidate);
    });
  },
});

type Choose = (targetDay: number, candidates: readonly ReferenceDay[]) => readonly ReferenceDay[];

/** Fills each civil day of the hole from the days chosen for it, slot by slot of civil time. */
function fromReferenceDays(
  { timeline, hole, context, referenceDays }: EstimatorInput,
  minimumDays: number,
  choose: Choose,
): Estimated | NotApplicable {
  const { zone } = context;
  const count = hole.to - hole.from;
  const values = new Float64Array(count);
  const standardErrors = new Float64Array(count);
  const used = new Set<number>();
  let chosen: readonly ReferenceDay[] = [];
  let chosenFor = Number.NaN;
  for (let index = 0; index < count; index += 1) {
    const day = localDayOf(zone, intervalStartMs(timeline, hole.from + index));
    if (day !== chosenFor) {
      chosen = choose(
        day,
        referenceDays().filter((candidate) => candidate.day !== day),
      );
      chosenFor = day;
      if (chosen.length < minimumDays) return notApplicable(`only ${chosen.length} like days for ${formatDay(day)}, ${minimumDays} wanted`);
      for (const reference of chosen) used.add(reference.day);
    }
    const slot = slotStatistics(timeline, hole.from + index, chosen, zone);
    values[index] = slot.mean;
    standardErrors[index] = slot.standardError;
  }
  if (chosen.length === 1) standardErrors.set(loneDayErrors(values));
  const names = [...used].toSorted((a, b) => a - b).map(formatDay);
  return {
    kind: "estimated",
    values,
    standardErrors,
    numbers: { referenceDays: used.size, intervals: count },
    reason: `average of ${names.slice(0, 8).join(", ")}${names.length > 8 ? " ..." : ""}`,
  };
}

function slotStatistics(
  timeline: Series,
  index: number,
  days: readonly ReferenceDay[],
  zone: Zone,
): { mean: number; standardError: number } {
  let [sum, squares, count] = [0, 0, 0];
  for (const day of days) {
    const at = sameLocalTime(timeline, index, day, zone);
    if (at < 0) continue;
    const value = timeline.values[at] ?? 0;
    sum += value;
    squares += value * value;
    count += 1;
  }
  if (count === 0) return { mean: 0, standardError: 0 };
  const mean = sum / count;
  // Spread of a new day around the mean of n: the sample's spread, widened by the mean's own error and, because few days
  // tell little of the spread itself, by Student's t against the normal (90 %), so that 1.645 errors hold 90 % of truths.
  const variance = count > 1 ? Math.max(0, (squares - count * mean * mean) / (count - 1)) : 0;
  return { mean, standardError: Math.sqrt(variance * (1 + 1 / count)) * (SMALL_SAMPLE[count - 2] ?? 1.05) };
}

/** Student's t at 95 % one-sided over 1.645, for 1, 2, 3 ... degrees of freedom. */
const SMALL_SAMPLE = [3.838, 1.775, 1.431, 1.296, 1.225, 1.181, 1.152, 1.131, 1.114];

/** One reference day shows no spread: half of the mean stands in for it. */
function loneDayErrors(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + Math.abs(value), 0) / Math.max(1, values.length);
  return new Float64Array(values.length).fill(mean / 2);
}

function meanOfDay(series: Series, day: number, zone: Zone): number | undefined {
  const stepMs = series.intervalSeconds * 1000;
  const from = Math.ceil((startOfLocalDayMs(zone, day) - series.startMs) / stepMs);
  const to = Math.floor((startOfLocalDayMs(zone, day + 1) - series.startMs) / stepMs);
  if (from < 0 || to > series.values.length || to <= from) return undefined;
  let sum = 0;
  for (let index = from; index < to; index += 1) sum += series.values[index] ?? 0;
  return sum / (to - from);
}
