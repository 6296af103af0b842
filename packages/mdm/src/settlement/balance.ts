import { isIn, MISSING } from "../vee/quality-mask.ts";
import type { Series } from "../vee/series.ts";
import { commonPeriod } from "./aggregate.ts";
import { transformerLoading } from "./transformer.ts";

export interface BalanceOptions {
  /** Losses that do not depend on the load (iron), counts an interval. */
  readonly fixedLossCounts: number;
  /** Losses that grow with the square of the load (copper): counts lost = this times input squared. */
  readonly loadLossPerCount: number;
}

/** Energy balance of a feeder or transformer over the time that all its meters cover. Counts of one unit. */
export interface EnergyBalance {
  readonly startMs: number;
  readonly intervalSeconds: number;
  /** Intervals in which every meter has a value; the others are left out of all sums. */
  readonly intervalsUsed: number;
  readonly intervalsLeftOut: number;
  readonly inputCounts: number;
  readonly behindCounts: number;
  /** Losses that the model explains. */
  readonly technicalCounts: number;
  /** What neither meters nor losses explain: metering faults, theft, wrong topology. May be negative. */
  readonly unexplainedCounts: number;
  readonly lossPercent: number;
  readonly unexplainedPercent: number;
  /** Unexplained energy of each interval (0 where left out). */
  readonly unexplained: Float64Array;
}

/** Input less meters behind less modelled losses. Undefined where the meters have no common time. */
export function energyBalanceOf(input: Series, behind: readonly Series[], options: BalanceOptions): EnergyBalance | undefined {
  const period = commonPeriod([input, ...behind]);
  if (period === undefined) return undefined;
  const stepMs = period.intervalSeconds * 1000;
  const offsetOf = (series: Series) => (period.startMs - series.startMs) / stepMs;
  const offsets = behind.map(offsetOf);
  const inputOffset = offsetOf(input);
  const unexplained = new Float64Array(period.count);
  let [used, inputCounts, behindCounts, technicalCounts] = [0, 0, 0, 0];
  for (let index = 0; index < period.count; index += 1) {
    if (
      isIn(input.qualities[index + inputOffset] ?? 0, MISSING) ||
      behind.some((series, at) => isIn(series.qualities[index + (offsets[at] ?? 0)] ?? 0, MISSING))
    )
      continue;
    const into = input.values[index + inputOffset] ?? 0;
    let out = 0;
    for (let at = 0; at < behind.length; at += 1) out += behind[at]?.values[index + (offsets[at] ?? 0)] ?? 0;
    const technical = options.fixedLossCounts + options.loadLossPerCount * into * into;
    used += 1;
    inputCounts += into;
    behindCounts += out;
    technicalCounts += technical;
    unexplained[index] = into - out - technical;
  }
  const share = (counts: number) => (inputCounts === 0 ? 0 : (100 * counts) / inputCounts);
  const unexplainedCounts = inputCounts - behindCounts - technicalCounts;
  return {
    startMs: period.startMs,
    intervalSeconds: period.intervalSeconds,
    intervalsUsed: used,
    intervalsLeftOut: period.count - used,
    inputCounts,
    behindCounts,
    technicalCounts,
    unexplainedCounts,
    lossPercent: share(inputCounts - behindCounts),
    unexplainedPercent: share(unexplainedCounts),
    unexplained,
  };
}

export interface LoadingSummary {
  readonly peakKva: number;
  readonly peakPercent: number;
  readonly peakAtMs: number;
  readonly hoursOver100Percent: number;
  readonly hoursOver130Percent: number;
}

/** Loading of a transformer over a series of active (and, where known, reactive) energy in Wh and varh times 10^scaler. */
export function loadingOver(
  active: Series,
  reactive: Series | undefined,
  transformer: { readonly nameplateKva: number; readonly scaler: number },
): LoadingSummary {
  const hours = active.intervalSeconds / 3600;
  const kwPerCount = 10 ** (transformer.scaler - 3) / hours;
  const shift = reactive === undefined ? 0 : (active.startMs - reactive.startMs) / (active.intervalSeconds * 1000);
  let peak = { kva: 0, percent: 0, at: 0 };
  let [over100, over130] = [0, 0];
  for (let index = 0; index < active.values.length; index += 1) {
    const kvar = reactive?.values[index + shift];
    const loading = transformerLoading({
      kw: (active.values[index] ?? 0) * kwPerCount,
      nameplateKva: transformer.nameplateKva,
      ...(kvar === undefined ? {} : { kvar: kvar * kwPerCount }),
    });
    if (loading.kva > peak.kva) peak = { ...loading, at: index };
    if (loading.percent > 100) over100 += hours;
    if (loading.percent > 130) over130 += hours;
  }
  return {
    peakKva: peak.kva,
    peakPercent: peak.percent,
    peakAtMs: active.startMs + peak.at * active.intervalSeconds * 1000,
    hoursOver100Percent: over100,
    hoursOver130Percent: over130,
  };
}
