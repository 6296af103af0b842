import { packQuality, QUALITY_METHODS } from "@amity/model";
import type { RegisterFacts } from "../vee/context.ts";
import { isIn, MISSING } from "../vee/quality-mask.ts";
import { registerAdvance } from "../vee/rules/registers.ts";
import type { Series } from "../vee/series.ts";

/** What scaling did between two register readings. */
export interface Scaling {
  readonly from: number;
  readonly to: number;
  readonly scaled: boolean;
  readonly numbers: Readonly<Record<string, number>>;
  readonly reason: string;
}

const SCALED = packQuality({ source: "mdms", category: "estimated", method: "scaled", final: false });

/**
 * Scales the estimates between each pair of register readings so that all intervals add up to the register's advance, to
 * the last count. Works in place on the timeline. Where the estimates are all zero the remainder is spread evenly.
 */
export function scaleToRegisters(
  timeline: Series,
  standardErrors: Float64Array,
  filled: Uint8Array,
  registers: RegisterFacts,
  negativeScaling: boolean,
): readonly Scaling[] {
  const stepMs = timeline.intervalSeconds * 1000;
  const scalings: Scaling[] = [];
  for (let pair = 1; pair < registers.points.length; pair += 1) {
    const [previous, current] = [registers.points[pair - 1], registers.points[pair]];
    if (previous === undefined || current === undefined) continue;
    const from = (previous.atMs - timeline.startMs) / stepMs;
    const to = (current.atMs - timeline.startMs) / stepMs;
    // A reading inside an interval cannot say how much of it was before: such pairs are left alone.
    if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to > timeline.values.length) continue;
    const known = sumsOf(timeline, filled, from, to);
    if (known === undefined || known.estimated === 0) continue;
    const advance = registerAdvance(previous.value, current.value, registers.modulus, registers.modulus);
    const remaining = advance.counts - known.knownSum;
    const numbers = { registerAdvanceCounts: advance.counts, knownCounts: known.knownSum, estimatedCounts: known.estimatedSum };
    if (advance.kind === "backwards" || (remaining < 0 && !negativeScaling)) {
      scalings.push({ from, to, scaled: false, numbers, reason: `the register leaves ${remaining} for the estimates: not scaled` });
      continue;
    }
    const factor = known.estimatedSum === 0 ? 0 : remaining / known.estimatedSum;
    distribute(timeline, filled, { from, to, factor, each: known.estimatedSum === 0 ? remaining / known.estimated : 0 });
    tightenErrors(standardErrors, filled, from, to, Math.abs(factor));
    scalings.push({
      from,
      to,
      scaled: true,
      numbers: { ...numbers, factor },
      reason:
        known.estimatedSum === 0
          ? `${remaining} spread over ${known.estimated} intervals`
          : `estimates times ${factor.toFixed(4)} to meet the register`,
    });
  }
  return scalings;
}

interface Sums {
  readonly knownSum: number;
  readonly estimatedSum: number;
  readonly estimated: number;
}

/** Undefined where an interval is still missing: then the register says nothing about the estimates. */
function sumsOf(timeline: Series, filled: Uint8Array, from: number, to: number): Sums | undefined {
  let [knownSum, estimatedSum, estimated] = [0, 0, 0];
  for (let index = from; index < to; index += 1) {
    const value = timeline.values[index] ?? 0;
    if (isIn(timeline.qualities[index] ?? 0, MISSING)) return undefined;
    if (isScalable(timeline, filled, index)) {
      estimatedSum += value;
      estimated += 1;
    } else {
      knownSum += value;
    }
  }
  return { knownSum, estimatedSum, estimated };
}

/** Estimates of this run; zeros of a known outage stay zero. */
function isScalable(timeline: Series, filled: Uint8Array, index: number): boolean {
  return filled[index] === 1 && ((timeline.qualities[index] ?? 0) & 0xff) !== ZERO_METHOD;
}

const ZERO_METHOD = QUALITY_METHODS.zero;

interface Distribution {
  readonly from: number;
  readonly to: number;
  readonly factor: number;
  readonly each: number;
}

/** Rounds running totals, so that the parts always add up to the rounded whole. */
function distribute(timeline: Series, filled: Uint8Array, { from, to, factor, each }: Distribution): void {
  let exact = 0;
  let placed = 0;
  for (let index = from; index < to; index += 1) {
    if (!isScalable(timeline, filled, index)) continue;
    exact += (timeline.values[index] ?? 0) * factor + each;
    const value = Math.round(exact) - placed;
    placed += value;
    timeline.values[index] = value;
    timeline.qualities[index] = SCALED;
  }
}

/** Errors of parts whose sum is known: variance s^2 (1 - s^2 / sum of s^2). */
function tightenErrors(errors: Float64Array, filled: Uint8Array, from: number, to: number, factor: number): void {
  let total = 0;
  for (let index = from; index < to; index += 1) if (filled[index] === 1) total += (errors[index] ?? 0) ** 2;
  if (total === 0) return;
  for (let index = from; index < to; index += 1) {
    if (filled[index] !== 1) continue;
    const error = errors[index] ?? 0;
    errors[index] = error * (factor === 0 ? 1 : factor) * Math.sqrt(Math.max(0, 1 - error ** 2 / total));
  }
}
