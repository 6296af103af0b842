import { QUALITY } from "@amity/model";
import type { Random } from "@amity/runtime";
import type { VeeContext } from "../vee/context.ts";
import type { Series } from "../vee/series.ts";
import { compilePlan, ESTIMATORS, type CompiledStep, type EstimationStep, type EstimatorName } from "./plan.ts";
import { isBasis, referenceDays, timelineOf } from "./timeline.ts";

export interface BackTestOptions {
  /** Estimators to compare; default all with their own defaults. */
  readonly steps?: readonly EstimationStep[];
  /** Lengths of the holes that are made, in intervals. */
  readonly holeIntervals: readonly number[];
  /** Holes made of each length. */
  readonly holesEach: number;
  readonly random: Random;
}

/** How one estimator did on holes of one length. Errors are in counts an interval. */
export interface BackTestScore {
  readonly estimator: EstimatorName;
  readonly holeIntervals: number;
  /** Holes that it filled, and those where it did not apply. */
  readonly filled: number;
  readonly notApplicable: number;
  readonly meanAbsoluteError: number;
  /** Mean of estimate less truth. */
  readonly bias: number;
  /** Mean absolute error as a share of the mean true value. */
  readonly relativeError: number;
  /** Share of true values within the stated 90 % bar (1.645 standard errors): near 0.9 means honest bars. */
  readonly coverage90: number;
}

export interface BackTestReport {
  readonly scores: readonly BackTestScore[];
  /** Best estimator by hole length, among those that filled at least half of the holes. */
  readonly best: readonly { readonly holeIntervals: number; readonly estimator: EstimatorName }[];
}

/** A back-test in work: channels come one by one, and count together. */
export interface BackTest {
  add(series: Series, context: VeeContext): void;
  report(): BackTestReport;
}

/**
 * Hides real values, estimates them by each way alone and scores the result. All ways see the same holes. The hidden
 * values are seen by nobody: the reference days are found anew with the hole in place.
 */
export function startBackTest(options: BackTestOptions): BackTest {
  const names = Object.keys(ESTIMATORS) as EstimatorName[];
  const steps = compilePlan({
    id: "back-test",
    version: 1,
    steps: options.steps ?? names.map((kind) => ({ kind })),
    scaleToRegisters: false,
  });
  const tallies = options.holeIntervals.map(() => steps.map(() => emptyTally()));
  return {
    add(series, context) {
      const truth = timelineOf(series, context.history);
      for (const [at, holeIntervals] of options.holeIntervals.entries()) {
        for (let made = 0; made < options.holesEach; made += 1) {
          const from = placeHole(truth, holeIntervals, options.random);
          if (from !== undefined) fillByAll({ truth, context, from, to: from + holeIntervals }, steps, tallies[at] ?? []);
        }
      }
    },
    report() {
      const scores = options.holeIntervals.flatMap((holeIntervals, at) =>
        steps.map((entry, index) => scoreOf(entry.step.kind, holeIntervals, tallies[at]?.[index] ?? emptyTally())),
      );
      return { scores, best: options.holeIntervals.flatMap((length) => bestOf(scores, length)) };
    },
  };
}

/** As `startBackTest`, on one channel. */
export function backTest(series: Series, context: VeeContext, options: BackTestOptions): BackTestReport {
  const test = startBackTest(options);
  test.add(series, context);
  return test.report();
}

interface Trial {
  readonly truth: Series;
  readonly context: VeeContext;
  readonly from: number;
  readonly to: number;
}

interface Tally {
  filled: number;
  notApplicable: number;
  intervals: number;
  absolute: number;
  signed: number;
  truth: number;
  covered: number;
}

function emptyTally(): Tally {
  return { filled: 0, notApplicable: 0, intervals: 0, absolute: 0, signed: 0, truth: 0, covered: 0 };
}

/** A place where a hole hides only real values; undefined where none was found in a few tries. */
function placeHole(truth: Series, length: number, random: Random): number | undefined {
  const room = truth.values.length - length - 1;
  if (room < 1) return undefined;
  for (let attempt = 0; attempt < PLACING_ATTEMPTS; attempt += 1) {
    const from = 1 + random.below(room);
    let isReal = true;
    for (let index = from; index < from + length && isReal; index += 1) isReal = isBasis(truth, index);
    if (isReal) return from;
  }
  return undefined;
}

const PLACING_ATTEMPTS = 20;

function fillByAll({ truth, context, from, to }: Trial, steps: readonly CompiledStep[], tallies: readonly Tally[]): void {
  const values = Float64Array.from(truth.values).fill(0, from, to);
  const qualities = Uint16Array.from(truth.qualities).fill(QUALITY.missing, from, to);
  const timeline: Series = { ...truth, values, qualities };
  const days = referenceDays(timeline, context.zone, context.spans);
  for (const [index, { estimator, parameters }] of steps.entries()) {
    const tally = tallies[index];
    if (tally === undefined) continue;
    const result = estimator.estimate({ timeline, hole: { from, to }, context, referenceDays: () => days }, parameters);
    if (result.kind === "notApplicable") {
      tally.notApplicable += 1;
      continue;
    }
    tally.filled += 1;
    for (let at = from; at < to; at += 1) {
      const error = (result.values[at - from] ?? 0) - (truth.values[at] ?? 0);
      tally.intervals += 1;
      tally.absolute += Math.abs(error);
      tally.signed += error;
      tally.truth += truth.values[at] ?? 0;
      if (Math.abs(error) <= 1.645 * (result.standardErrors[at - from] ?? 0)) tally.covered += 1;
    }
  }
}

function scoreOf(estimator: EstimatorName, holeIntervals: number, tally: Tally): BackTestScore {
  const { intervals } = tally;
  const mean = (sum: number) => (intervals === 0 ? Number.NaN : sum / intervals);
  return {
    estimator,
    holeIntervals,
    filled: tally.filled,
    notApplicable: tally.notApplicable,
    meanAbsoluteError: mean(tally.absolute),
    bias: mean(tally.signed),
    relativeError: tally.truth === 0 ? Number.NaN : tally.absolute / Math.abs(tally.truth),
    coverage90: mean(tally.covered),
  };
}

function bestOf(scores: readonly BackTestScore[], holeIntervals: number): BackTestReport["best"] {
  const able = scores.filter((score) => score.holeIntervals === holeIntervals && score.filled > 0 && score.filled >= score.notApplicable);
  const best = able.toSorted((a, b) => a.meanAbsoluteError - b.meanAbsoluteError)[0];
  return best === undefined ? [] : [{ holeIntervals, estimator: best.estimator }];
}
