import type { Commodity } from "@amity/model";
import { canonicalJson } from "../billing/canonical-json.ts";
import type { Eligibility } from "../vee/rule-set.ts";
import type { BackTestReport } from "./back-test.ts";
import type { EstimationPlan, EstimationStep, EstimatorName } from "./plan.ts";

/** A back-test of one channel class. */
export interface ClassReport {
  readonly channelClass: string;
  /** Steps are for this commodity only; for all where absent. */
  readonly commodity?: Commodity;
  readonly intervalSeconds: number;
  readonly report: BackTestReport;
}

/**
 * Turns back-tests into the next version of a plan: for each channel class, a line up to the longest hole at which it did
 * best, then the others by their error over the longest holes. Ways that filled less than half of the holes are left out,
 * except that what the plan had before stays at the end for all classes, so that no hole goes without an estimator.
 */
export function recommendPlan(current: EstimationPlan, classes: readonly ClassReport[]): EstimationPlan {
  const steps = classes.flatMap((entry) => stepsFor(entry));
  // What an earlier back-test said of the same classes is replaced, not put behind: adopting again must not make plans grow.
  const tested = new Set(classes.map((entry) => canonicalJson(eligibilityOf(entry))));
  const kept = current.steps.filter(({ eligibility }) => eligibility === undefined || !tested.has(canonicalJson(eligibility)));
  return { ...current, version: current.version + 1, steps: [...steps, ...kept] };
}

function eligibilityOf({ channelClass, commodity }: ClassReport): Eligibility {
  return { channelClasses: [channelClass], ...(commodity === undefined ? {} : { commodities: [commodity] }) };
}

function stepsFor(entry: ClassReport): readonly EstimationStep[] {
  const { intervalSeconds, report } = entry;
  const eligibility = eligibilityOf(entry);
  const lengths = [...new Set(report.scores.map((score) => score.holeIntervals))].toSorted((a, b) => a - b);
  const lineWins = longestRunOfLine(report, lengths);
  const line: readonly EstimationStep[] =
    lineWins === undefined ? [] : [{ kind: "linear", parameters: { maximumMinutes: (lineWins * intervalSeconds) / 60 }, eligibility }];
  const longest = lengths.at(-1);
  const rest = report.scores
    .filter(
      (score) => score.holeIntervals === longest && score.estimator !== "linear" && score.filled > 0 && score.filled >= score.notApplicable,
    )
    .toSorted((a, b) => a.meanAbsoluteError - b.meanAbsoluteError)
    .map((score): EstimationStep => ({ kind: score.estimator, eligibility }));
  return [...line, ...withCheckMeterFirst(rest)];
}

/** From the shortest hole on, as long as the line is best. */
function longestRunOfLine(report: BackTestReport, lengths: readonly number[]): number | undefined {
  let longest: number | undefined;
  for (const length of lengths) {
    if (report.best.find((entry) => entry.holeIntervals === length)?.estimator !== "linear") break;
    longest = length;
  }
  return longest;
}

/** Where a check meter exists it measured the very energy: it goes before every guess. */
function withCheckMeterFirst(steps: readonly EstimationStep[]): readonly EstimationStep[] {
  const isCheck = (step: EstimationStep): boolean => step.kind === ("checkMeter" satisfies EstimatorName);
  return [...steps.filter(isCheck), ...steps.filter((step) => !isCheck(step))];
}
