import { zoneOf } from "@amity/intervals";
import { packQuality, QUALITY, unpackQuality } from "@amity/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compilePlan, estimate, STANDARD_ESTIMATION_PLAN, type EstimationPlan, type EstimationStep } from "../../src/estimation/index.ts";
import type { Series, VeeContext } from "../../src/vee/index.ts";
import { contextOf, HOUR_MS, repeatDays, seriesOf } from "../vee/series-fixtures.ts";

const DAY = "2026-05-04T00:00:00Z";
const start = Date.parse(DAY);
const DAY_MS = 24 * HOUR_MS;
const HOURS = [200, 180, 170, 160, 170, 250, 600, 900, 500, 350, 300, 320, 400, 350, 300, 320, 500, 900, 1400, 1600, 1300, 900, 500, 300];
const only = (step: EstimationStep): EstimationPlan => ({ ...STANDARD_ESTIMATION_PLAN, steps: [step] });
const withHole = (from: number, to: number, values: readonly number[] = HOURS) =>
  seriesOf(
    DAY,
    3600,
    values.map((value, index) => (index >= from && index < to ? undefined : value)),
  );
const hourly = (part: Partial<VeeContext> = {}) => contextOf(part, { intervalSeconds: 3600 });
const weeksBefore = (weeks: number, day: readonly number[] = HOURS) =>
  repeatDays(new Date(start - weeks * 7 * DAY_MS).toISOString(), 3600, day, weeks * 7);
const flaggedAt = (series: Series, at: number): Series => ({
  ...series,
  qualities: series.qualities.map((code, index) => (index === at ? QUALITY.powerFailure : code)),
});

describe("estimation", () => {
  test("nothing is missing, nothing changes", () => {
    const series = seriesOf(DAY, 3600, HOURS);
    const result = estimate(series, hourly(), STANDARD_ESTIMATION_PLAN);
    expect(result.values).toEqual(series.values);
    expect(result.qualities).toEqual(series.qualities);
    expect(result.decisions).toEqual([]);
  });

  test("a short gap is a line, whose error is widest in the middle", () => {
    const result = estimate(
      seriesOf(DAY, 900, [400, 410, 390, undefined, undefined, undefined, 430, 420, 400]),
      contextOf(),
      STANDARD_ESTIMATION_PLAN,
    );
    expect([...result.values]).toEqual([400, 410, 390, 400, 410, 420, 430, 420, 400]);
    expect(unpackQuality(result.qualities[4] ?? 0)).toEqual({ source: "mdms", category: "estimated", method: "linear", final: false });
    const [left, middle, right] = result.standardErrors.slice(3, 6);
    expect(middle).toBeGreaterThan(left ?? 0);
    expect(left).toBeCloseTo(right ?? 0, 9);
    expect(result.standardErrors[0]).toBe(0);
  });

  test("a power failure is no end point of a line unless the plan says so", () => {
    const series = flaggedAt(withHole(10, 12), 9);
    expect(estimate(series, hourly(), only({ kind: "linear" })).decisions[0]).toMatchObject({
      outcome: "none",
      tried: ["linear: a neighbour is missing or disturbed"],
    });
    expect(estimate(series, hourly(), only({ kind: "linear", parameters: { outageEndpoints: true } })).decisions[0]).toMatchObject({
      outcome: "estimated",
    });
  });

  test("a line may begin in the history, across midnight", () => {
    const result = estimate(withHole(0, 1), hourly({ history: weeksBefore(1) }), only({ kind: "linear" }));
    expect(result.values[0]).toBe((300 + 180) / 2);
  });

  test("like days: the same weekday first, then the same type; never a day with an outage, estimate or hole", () => {
    const days = Array.from({ length: 28 }, (_, day) => HOURS.map(() => 100 + day));
    const history = seriesOf(new Date(start - 28 * DAY_MS).toISOString(), 3600, days.flat());
    // Mondays are days 0, 7, 14 and 21 of the history; the last one was disturbed, the one before partly estimated.
    const disturbed = {
      ...history,
      qualities: history.qualities.map((code, index) => (index === 14 * 24 + 5 ? QUALITY.estimatedLinear : code)),
    };
    const context = hourly({
      history: disturbed,
      spans: [{ kind: "outage", fromMs: start - 7 * DAY_MS + HOUR_MS, toMs: start - 7 * DAY_MS + 2 * HOUR_MS }],
    });
    const result = estimate(withHole(8, 14), context, only({ kind: "likeDay" }));
    // Mondays 7 and 0, then the nearest weekday: Friday, day 25.
    expect(result.values[8]).toBe(Math.round((107 + 100 + 125) / 3));
    expect(result.decisions[0]?.reason).toBe("average of 2026-04-06, 2026-04-13, 2026-05-01");
  });

  test("a holiday takes holidays for its like days", () => {
    const history = seriesOf(
      new Date(start - 28 * DAY_MS).toISOString(),
      3600,
      Array.from({ length: 28 }, (_, day) => HOURS.map(() => 100 + day)).flat(),
    );
    const day = start / DAY_MS;
    const result = estimate(withHole(8, 14), hourly({ history, holidays: new Set([day, day - 20, day - 10]) }), only({ kind: "likeDay" }));
    expect(result.values[8]).toBe((108 + 118) / 2);
  });

  test("like days keep the wall clock over a change to summer time", () => {
    const zone = zoneOf("Europe/Berlin");
    // Each hour's value is its wall-clock hour; summer time began on Sunday 29 March 2026.
    const hourOf = (atMs: number) => new Date(atMs + zone.offsetMsAt(atMs)).getUTCHours();
    const first = Date.parse("2026-03-15T23:00:00Z");
    const values = Array.from({ length: 21 * 24 }, (_, index) => hourOf(first + index * HOUR_MS) * 10 + 5);
    const hole = Date.parse("2026-04-01T05:00:00Z");
    const from = (hole - first) / HOUR_MS;
    const series = seriesOf(
      new Date(first).toISOString(),
      3600,
      values.map((value, index) => (index >= from && index < from + 8 ? undefined : value)),
    );
    const result = estimate(series, contextOf({ zone }, { intervalSeconds: 3600 }), only({ kind: "likeDay" }));
    expect([...result.values]).toEqual(values);
  });

  test("weather proxy takes the days with the most similar temperature", () => {
    const history = seriesOf(
      new Date(start - 10 * DAY_MS).toISOString(),
      3600,
      Array.from({ length: 10 }, (_, day) => HOURS.map(() => 100 + day)).flat(),
    );
    // Friday (day 4) was as warm as the day to fill, all others were not.
    const temperature = seriesOf(
      new Date(start - 10 * DAY_MS).toISOString(),
      3600,
      Array.from({ length: 11 }, (_, day) => HOURS.map(() => (day === 10 || day === 6 ? 300 : 100))).flat(),
    );
    const result = estimate(
      withHole(8, 14),
      hourly({ history, temperature }),
      only({ kind: "weatherProxy", parameters: { days: 1, minimumDays: 1 } }),
    );
    expect(result.values[8]).toBe(106);
  });

  test("the check meter is scaled by how the two compared around the hole", () => {
    const checkMeter = seriesOf(
      DAY,
      3600,
      HOURS.map((value) => value * 2),
    );
    const result = estimate(withHole(8, 14), hourly({ checkMeter }), only({ kind: "checkMeter" }));
    expect([...result.values]).toEqual(HOURS);
    expect(result.decisions[0]?.numbers).toMatchObject({ ratio: 0.5, comparedIntervals: 18 });
  });

  test("class profile takes the channel's own level; average daily load spreads it evenly", () => {
    const profile = seriesOf(
      DAY,
      3600,
      HOURS.map((value) => value / 10),
    );
    expect([...estimate(withHole(8, 14), hourly({ classProfile: profile }), only({ kind: "classProfile" })).values]).toEqual(HOURS);
    const flat = estimate(
      withHole(8, 14),
      hourly({
        history: weeksBefore(
          2,
          HOURS.map(() => 240),
        ),
      }),
      only({ kind: "averageDailyLoad", parameters: { minimumHistoryDays: 14 } }),
    );
    expect(flat.values[9]).toBeGreaterThan(230);
    expect(flat.decisions[0]?.outcome).toBe("estimated");
  });

  test("without supply the estimate is zero, in a storm there is none, and the rest of the hole is estimated", () => {
    const spans = [
      { kind: "outage", fromMs: start + 9 * HOUR_MS, toMs: start + 11 * HOUR_MS },
      { kind: "storm", fromMs: start + 11 * HOUR_MS, toMs: start + 12 * HOUR_MS },
    ] as const;
    const result = estimate(withHole(8, 14), hourly({ history: weeksBefore(4), spans }), STANDARD_ESTIMATION_PLAN);
    expect(result.decisions.map(({ outcome, fromIndex, toIndex }) => [outcome, fromIndex, toIndex])).toEqual([
      ["estimated", 8, 9],
      ["zero", 9, 11],
      ["suppressed", 11, 12],
      ["estimated", 12, 14],
    ]);
    expect(Array.from(result.values.slice(8, 14))).toEqual([500, 0, 0, 0, 400, 350]);
    expect(result.qualities[11]).toBe(QUALITY.missing);
  });

  test("no estimator applies: it says what was tried", () => {
    const result = estimate(withHole(8, 14), hourly(), {
      ...STANDARD_ESTIMATION_PLAN,
      steps: STANDARD_ESTIMATION_PLAN.steps.filter(({ kind }) => kind !== "averageDailyLoad"),
    });
    expect(result.decisions[0]?.tried).toEqual([
      "linear: longer than 120 min",
      "checkMeter: no check meter",
      "likeDay: only 0 like days for 2026-05-04, 1 wanted",
      "weatherProxy: no temperatures",
      "classProfile: no class profile",
    ]);
    expect(result.qualities[8]).toBe(QUALITY.missing);
  });

  test("estimates are scaled to the register to the last count, and zeros of an outage stay zero", () => {
    const sum = HOURS.reduce((a, b) => a + b);
    const registers = {
      points: [
        { atMs: start, value: 1000 },
        { atMs: start + DAY_MS, value: 1000 + sum + 777 },
      ],
      modulus: 0,
      dialUnit: 1,
    };
    const spans = [{ kind: "outage", fromMs: start + 8 * HOUR_MS, toMs: start + 9 * HOUR_MS }] as const;
    const result = estimate(withHole(8, 14), hourly({ history: weeksBefore(4), spans, registers }), STANDARD_ESTIMATION_PLAN);
    expect(result.values.reduce((a, b) => a + b)).toBe(sum + 777);
    expect(result.values[8]).toBe(0);
    expect(unpackQuality(result.qualities[9] ?? 0).method).toBe("scaled");
    expect(result.decisions.at(-1)).toMatchObject({ outcome: "scaled" });
  });

  test("a register that leaves less than nothing does not turn estimates negative", () => {
    const registers = {
      points: [
        { atMs: start, value: 0 },
        { atMs: start + DAY_MS, value: 10 },
      ],
      modulus: 0,
      dialUnit: 1,
    };
    const result = estimate(withHole(8, 14), hourly({ history: weeksBefore(4), registers }), STANDARD_ESTIMATION_PLAN);
    expect(result.decisions.at(-1)).toMatchObject({ outcome: "notScaled" });
    expect([...result.values]).toEqual(HOURS);
  });

  test("a plan with an unknown estimator or parameter is refused by name", () => {
    expect(() => compilePlan(only({ kind: "guess" as "linear" }))).toThrow(/guess: unknown estimator/);
    expect(() => compilePlan(only({ kind: "linear", parameters: { hours: 2 } }))).toThrow(/parameter hours is unknown/);
  });
});

describe("whatever comes, estimation", () => {
  const codes = [
    QUALITY.raw,
    QUALITY.validated,
    QUALITY.missing,
    QUALITY.missing,
    QUALITY.powerFailure,
    QUALITY.estimatedLinear,
    QUALITY.estimatedLinear | 0x8000,
    QUALITY.missing | 0x8000,
    packQuality({ source: "mdms", category: "failedValidation", method: "spike", final: false }),
  ];
  const anySeries = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 100_000 }), fc.constantFrom(...codes)), { minLength: 1, maxLength: 200 })
    .map((pairs) => ({
      startMs: start,
      intervalSeconds: 1800,
      values: Float64Array.from(pairs, ([value]) => value),
      qualities: Uint16Array.from(pairs, ([, code]) => code),
    }));

  test("never touches an actual or final value, and gives safe integers with finite errors", () => {
    fc.assert(
      fc.property(anySeries, fc.integer({ min: 0, max: 500_000 }), (series, advance) => {
        const before = Float64Array.from(series.values);
        const registers = {
          points: [
            { atMs: start, value: 0 },
            { atMs: start + series.values.length * 1_800_000, value: advance },
          ],
          modulus: 1_000_000,
          dialUnit: 1,
        };
        const history = repeatDays(new Date(start - 14 * DAY_MS).toISOString(), 1800, [...HOURS, ...HOURS], 14);
        const result = estimate(series, contextOf({ history, registers }, { intervalSeconds: 1800 }), STANDARD_ESTIMATION_PLAN);
        expect(series.values).toEqual(before);
        for (const [index, code] of series.qualities.entries()) {
          const { category, final } = unpackQuality(code);
          if (final || (category !== "missing" && category !== "failedValidation")) {
            expect([result.values[index], result.qualities[index]]).toEqual([series.values[index], code]);
          }
          expect(Number.isSafeInteger(result.values[index])).toBe(true);
          expect(Number.isFinite(result.standardErrors[index])).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});
