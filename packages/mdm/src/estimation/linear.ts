import { isIn, maskOf } from "../vee/quality-mask.ts";
import type { Series } from "../vee/series.ts";
import { estimator, notApplicable } from "./estimator.ts";
import { isBasis } from "./timeline.ts";

const POWER_QUALITY = maskOf("powerQuality");

/**
 * Point-to-point between the last good and the next good interval, for short gaps (California VEE Rev 2: up to 2 h). An
 * interval with a power failure may be an end point only where `outageEndpoints` says so: the texts leave it open.
 */
export const linear = estimator({
  summary: "A straight line between the neighbours.",
  defaults: { maximumMinutes: 120, outageEndpoints: false },
  method: "linear",
  estimate({ timeline, hole }, { maximumMinutes, outageEndpoints }) {
    const count = hole.to - hole.from;
    if ((count * timeline.intervalSeconds) / 60 > maximumMinutes) return notApplicable(`longer than ${maximumMinutes} min`);
    const [before, after] = [hole.from - 1, hole.to];
    if (!isEndPoint(timeline, before, outageEndpoints) || !isEndPoint(timeline, after, outageEndpoints))
      return notApplicable("a neighbour is missing or disturbed");
    const left = timeline.values[before] ?? 0;
    const right = timeline.values[after] ?? 0;
    const variance = stepVariance(timeline, hole.from, hole.to);
    const values = new Float64Array(count);
    const standardErrors = new Float64Array(count);
    for (let index = 0; index < count; index += 1) {
      const share = (index + 1) / (count + 1);
      values[index] = left + (right - left) * share;
      // A random walk pinned at both ends (Brownian bridge): widest in the middle.
      standardErrors[index] = Math.sqrt(variance * (count + 1) * share * (1 - share));
    }
    return {
      kind: "estimated",
      values,
      standardErrors,
      numbers: { leftCounts: left, rightCounts: right, intervals: count },
      reason: `line from ${left} to ${right} over ${count} intervals`,
    };
  },
});

function isEndPoint(timeline: Series, index: number, outageEndpoints: boolean): boolean {
  return isBasis(timeline, index) || (outageEndpoints && isIn(timeline.qualities[index] ?? 0, POWER_QUALITY));
}

/** Mean square of the step from one interval to the next, over a day on either side. */
function stepVariance(timeline: Series, from: number, to: number): number {
  const reach = Math.ceil(86_400 / timeline.intervalSeconds);
  let sum = 0;
  let count = 0;
  for (let index = Math.max(1, from - reach); index < Math.min(timeline.values.length, to + reach); index += 1) {
    if (!isBasis(timeline, index) || !isBasis(timeline, index - 1)) continue;
    const step = (timeline.values[index] ?? 0) - (timeline.values[index - 1] ?? 0);
    sum += step * step;
    count += 1;
  }
  return count === 0 ? 0 : sum / count;
}
