import { seededRandom } from "@amity/runtime";
import { describe, expect, test } from "vitest";
import { backTest, recommendPlan } from "../../src/estimation/index.ts";
import { compileRuleSet, dryRun } from "../../src/vee/index.ts";
import { STANDARD_ESTIMATION_PLAN } from "../../src/estimation/index.ts";
import { contextOf, seriesOf } from "../vee/series-fixtures.ts";

/** Eight weeks of half-hours: a weekly shape with noise. */
function noisyWeeks(seed: number) {
  const random = seededRandom(seed);
  const values = Array.from({ length: 56 * 48 }, (_, index) => {
    const [slot, day] = [index % 48, Math.floor(index / 48)];
    const shape = 300 + 200 * Math.sin((slot / 48) * 2 * Math.PI) + (day % 7 >= 5 ? 250 : 0);
    return Math.max(0, Math.round(shape + random.normal() * 40));
  });
  return seriesOf("2026-01-05T00:00:00Z", 1800, values);
}

describe("back-test", () => {
  const report = () =>
    backTest(noisyWeeks(1), contextOf({}, { intervalSeconds: 1800 }), {
      holeIntervals: [2, 24],
      holesEach: 40,
      random: seededRandom(7),
    });

  test("scores each way by hole length and finds that lines lose against like days over long holes", () => {
    const { scores, best } = report();
    const score = (estimator: string, length: number) =>
      scores.find((entry) => entry.estimator === estimator && entry.holeIntervals === length);
    expect(score("linear", 24)).toMatchObject({ filled: 0, notApplicable: 40 });
    expect(score("likeDay", 24)?.relativeError).toBeLessThan(score("averageDailyLoad", 24)?.relativeError ?? 0);
    expect(best).toContainEqual({ holeIntervals: 24, estimator: "likeDay" });
  });

  test("the error bars of like days are honest: their 90 % bar holds about that share", () => {
    const coverage = report().scores.find((entry) => entry.estimator === "likeDay" && entry.holeIntervals === 24)?.coverage90 ?? 0;
    expect(coverage).toBeGreaterThan(0.85);
    expect(coverage).toBeLessThan(0.95);
  });

  test("the same seed gives the same report", () => {
    expect(report()).toEqual(report());
  });
});

describe("a plan from back-tests", () => {
  test("a line as far as it is best, then the best for long holes, for its class only, and the old plan behind", () => {
    const score = (
      estimator: "linear" | "likeDay" | "averageDailyLoad" | "checkMeter",
      holeIntervals: number,
      meanAbsoluteError: number,
    ) => ({
      estimator,
      holeIntervals,
      filled: 10,
      notApplicable: 0,
      meanAbsoluteError,
      bias: 0,
      relativeError: 0,
      coverage90: 0.9,
    });
    const scores = [2, 4, 24].flatMap((length) => [
      score("linear", length, length),
      score("averageDailyLoad", length, 7),
      score("likeDay", length, 5),
      score("checkMeter", length, 6),
    ]);
    const best = [2, 4, 24].map((holeIntervals) => ({
      holeIntervals,
      estimator: holeIntervals < 5 ? ("linear" as const) : ("likeDay" as const),
    }));
    const plan = recommendPlan(STANDARD_ESTIMATION_PLAN, [{ channelClass: "shop", intervalSeconds: 1800, report: { scores, best } }]);
    expect(plan.version).toBe(STANDARD_ESTIMATION_PLAN.version + 1);
    expect(plan.steps.slice(0, 4).map((step) => step.kind)).toEqual(["linear", "checkMeter", "likeDay", "averageDailyLoad"]);
    expect(plan.steps[0]).toEqual({ kind: "linear", parameters: { maximumMinutes: 120 }, eligibility: { channelClasses: ["shop"] } });
    expect(plan.steps.slice(4)).toEqual(STANDARD_ESTIMATION_PLAN.steps);
    const again = recommendPlan(plan, [{ channelClass: "shop", intervalSeconds: 1800, report: { scores, best } }]);
    expect(again).toEqual({ ...plan, version: plan.version + 1 });
    const gas = recommendPlan(plan, [{ channelClass: "shop", commodity: "gas", intervalSeconds: 1800, report: { scores, best } }]);
    expect(gas.steps).toHaveLength(plan.steps.length + 4);
  });
});

describe("dry run", () => {
  const ruleSet = (ratio: number, version: number) =>
    compileRuleSet({ id: "r", version, rules: [{ id: "spike", kind: "spike", severity: "issue", parameters: { ratio } }] });

  test("a changed rule set says what it would flag and which bills change by how much", () => {
    const calm = noisyWeeks(2);
    const spiky = { ...calm, values: calm.values.map((value, index) => (index === 1000 ? 3000 : value)) };
    const bill = (series: { values: Float64Array }) => (series.values.reduce((a, b) => a + b) / 10_000).toFixed(2);
    const subjects = [calm, spiky].map((series, index) => ({
      series,
      context: contextOf({}, { channelId: `c${index}`, intervalSeconds: 1800 }),
      bills: [{ billId: `bill ${index}`, total: bill }],
    }));
    const report = dryRun({ current: ruleSet(100, 1), candidate: ruleSet(1.8, 2), estimation: STANDARD_ESTIMATION_PLAN }, subjects);
    expect(report).toMatchObject({
      channels: 2,
      rules: [{ ruleId: "spike", current: 0, candidate: 1, onlyCandidate: 1, onlyCurrent: 0 }],
      channelsChanged: 1,
      billsTried: 2,
      billsChanged: 1,
      bills: [{ channelId: "c1", billId: "bill 1" }],
      differences: [{ channelId: "c1", ruleId: "spike", onlyCurrent: 0, onlyCandidate: 1 }],
    });
    expect(report.examples[0]).toMatchObject({ channelId: "c1", finding: { fromIndex: 1000, numbers: { highestInUnit: 3000 } } });
    expect(Number(report.bills[0]?.difference)).toBeLessThan(0);
    expect(report.billsDifference).toBe(report.bills[0]?.difference);
  });

  test("what a milder set no longer finds is told with examples, and rows beyond the limit are counted", () => {
    const calm = noisyWeeks(2);
    const subjects = ["a", "b", "c"].map((channelId, index) => ({
      series: { ...calm, values: calm.values.map((value, at) => (at === 900 + index ? 3000 : value)) },
      context: contextOf({}, { channelId, intervalSeconds: 1800 }),
    }));
    const plan = { current: ruleSet(1.8, 1), candidate: ruleSet(100, 2), estimation: STANDARD_ESTIMATION_PLAN, examplesMax: 2, rowsMax: 1 };
    expect(dryRun(plan, subjects)).toMatchObject({
      examples: [],
      examplesGone: [
        { channelId: "a", finding: { fromIndex: 900 } },
        { channelId: "b", finding: { fromIndex: 901 } },
      ],
      differences: [{ channelId: "a", ruleId: "spike", onlyCurrent: 1, onlyCandidate: 0 }],
      differencesLeftOut: 2,
    });
  });

  test("the same set twice changes nothing", () => {
    const report = dryRun({ current: ruleSet(1.8, 1), candidate: ruleSet(1.8, 1), estimation: STANDARD_ESTIMATION_PLAN }, [
      { series: noisyWeeks(3), context: contextOf({}, { intervalSeconds: 1800 }) },
    ]);
    expect(report).toMatchObject({ channelsChanged: 0, billsChanged: 0, examples: [] });
  });
});
