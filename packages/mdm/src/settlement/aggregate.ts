import { UsageError } from "@amity/bytes";
import { isIn, MISSING } from "../vee/quality-mask.ts";
import { seriesEndMs, type Series } from "../vee/series.ts";

/** One metering point in a settlement run. Counts are in one common unit. */
export interface SettlementPoint {
  readonly pointId: string;
  readonly supplier: string;
  readonly profileClass: string;
  readonly feeder: string;
  /** Class of the loss factor, e.g. the voltage level. */
  readonly lossClass: string;
  readonly series: Series;
}

export interface SettlementPeriod {
  readonly startMs: number;
  readonly intervalSeconds: number;
  readonly count: number;
}

export type SettlementDimension = "supplier" | "profileClass" | "feeder" | "lossClass";

/** Energy of one group, interval by interval. */
export interface SettlementGroup {
  readonly key: string;
  /** Metered counts. */
  readonly values: Float64Array;
  /** Points that had a value in each interval, and those that had none. */
  readonly pointsWith: Uint32Array;
  readonly pointsWithout: Uint32Array;
  readonly points: number;
}

/** Intervals of one run at most: a quarter of a year of minutes. */
export const SETTLEMENT_INTERVALS_MAX = 140_000;

/** Sums points by supplier, profile class, feeder or loss class. What a point does not have is counted, never guessed. */
export function aggregate(
  points: Iterable<SettlementPoint>,
  period: SettlementPeriod,
  by: SettlementDimension,
): ReadonlyMap<string, SettlementGroup> {
  if (period.count > SETTLEMENT_INTERVALS_MAX)
    throw new UsageError(`a settlement run has at most ${SETTLEMENT_INTERVALS_MAX} intervals`, { code: "settlement-too-long" });
  const groups = new Map<string, SettlementGroup & { points: number }>();
  for (const point of points) {
    const key = point[by];
    let group = groups.get(key);
    if (group === undefined) {
      group = {
        key,
        values: new Float64Array(period.count),
        pointsWith: new Uint32Array(period.count),
        pointsWithout: new Uint32Array(period.count),
        points: 0,
      };
      groups.set(key, group);
    }
    group.points += 1;
    addPoint(point.series, period, group);
  }
  return groups;
}

function addPoint(series: Series, period: SettlementPeriod, group: SettlementGroup): void {
  if (series.intervalSeconds !== period.intervalSeconds || (series.startMs - period.startMs) % (period.intervalSeconds * 1000) !== 0) {
    throw new UsageError(`a point's intervals of ${series.intervalSeconds} s do not fit the run's ${period.intervalSeconds} s`, {
      code: "settlement-grid",
    });
  }
  const shift = (period.startMs - series.startMs) / (period.intervalSeconds * 1000);
  for (let index = 0; index < period.count; index += 1) {
    const code = series.qualities[index + shift];
    const isMissing = code === undefined || isIn(code, MISSING);
    const counter = isMissing ? group.pointsWithout : group.pointsWith;
    counter[index] = (counter[index] ?? 0) + 1;
    if (!isMissing) group.values[index] = (group.values[index] ?? 0) + (series.values[index + shift] ?? 0);
  }
}

/** Fills what points did not have with the class's profile: their count times the profile's counts for one point. */
export function fillByProfile(group: SettlementGroup, profile: Float64Array): Float64Array {
  return group.values.map((value, index) => value + (group.pointsWithout[index] ?? 0) * (profile[index] ?? 0));
}

/** Energy at the boundary of the grid: metered times the loss factor of its class (1.05: five percent is lost on the way). */
export function adjustForLosses(values: Float64Array, lossFactor: number): Float64Array {
  return values.map((value) => Math.round(value * lossFactor));
}

/** The time that all the series cover; undefined where they have none in common or differ in their grid. */
export function commonPeriod(series: readonly Series[]): SettlementPeriod | undefined {
  const [first] = series;
  if (first === undefined || series.some((other) => other.intervalSeconds !== first.intervalSeconds)) return undefined;
  const startMs = Math.max(...series.map((other) => other.startMs));
  const endMs = Math.min(...series.map(seriesEndMs));
  const count = Math.floor((endMs - startMs) / (first.intervalSeconds * 1000));
  return count > 0 ? { startMs, intervalSeconds: first.intervalSeconds, count } : undefined;
}
