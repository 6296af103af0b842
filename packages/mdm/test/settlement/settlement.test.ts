import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  adjustForLosses,
  aggregate,
  allocateUnaccounted,
  energyBalanceOf,
  fillByProfile,
  loadingOver,
  type SettlementPoint,
} from "../../src/settlement/index.ts";
import { seriesOf } from "../vee/series-fixtures.ts";

const DAY = "2026-05-04T00:00:00Z";
const start = Date.parse(DAY);
const point = (pointId: string, supplier: string, values: readonly (number | undefined)[]): SettlementPoint => ({
  pointId,
  supplier,
  profileClass: "H0",
  feeder: "F1",
  lossClass: "LV",
  series: seriesOf(DAY, 1800, values),
});

describe("settlement", () => {
  const period = { startMs: start, intervalSeconds: 1800, count: 3 };
  const points = [point("a", "Alpha", [1, 2, 3]), point("b", "Beta", [10, undefined, 30]), point("c", "Beta", [100, 200])];

  test("sums by supplier and counts what is not there", () => {
    const groups = aggregate(points, period, "supplier");
    expect([...(groups.get("Beta")?.values ?? [])]).toEqual([110, 200, 30]);
    expect([...(groups.get("Beta")?.pointsWithout ?? [])]).toEqual([0, 1, 1]);
    expect(groups.get("Alpha")).toMatchObject({ points: 1 });
    expect([...(aggregate(points, period, "feeder").get("F1")?.values ?? [])]).toEqual([111, 202, 33]);
  });

  test("the profile fills for those without a value, and losses take the energy to the boundary", () => {
    const group = aggregate(points, period, "supplier").get("Beta");
    if (group === undefined) throw new Error("no group");
    const filled = fillByProfile(group, Float64Array.from([5, 6, 7]));
    expect([...filled]).toEqual([110, 206, 37]);
    expect([...adjustForLosses(filled, 1.05)]).toEqual([116, 216, 39]);
  });

  test("points off the run's grid are refused", () => {
    expect(() => aggregate([{ ...points[0], series: seriesOf(DAY, 900, [1]) } as SettlementPoint], period, "supplier")).toThrow(
      /900 s do not fit the run's 1800 s/,
    );
  });

  test("unaccounted energy is shared to the last count, whatever the loads", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1_000_000, max: 1_000_000 }),
        fc.dictionary(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 1_000_000 }), { minKeys: 1 }),
        (counts, loads) => {
          const shares = allocateUnaccounted(counts, new Map(Object.entries(loads)));
          expect([...shares.values()].reduce((a, b) => a + b, 0)).toBe(counts);
        },
      ),
    );
  });
});

describe("feeder and transformer", () => {
  test("the balance leaves out intervals that a meter has not, and splits losses from what is unexplained", () => {
    const balance = energyBalanceOf(
      seriesOf(DAY, 900, [1000, 1000, 1000]),
      [seriesOf(DAY, 900, [500, 500, undefined]), seriesOf(DAY, 900, [400, 300, 400])],
      { fixedLossCounts: 10, loadLossPerCount: 0.00002 },
    );
    expect(balance).toMatchObject({
      intervalsUsed: 2,
      intervalsLeftOut: 1,
      inputCounts: 2000,
      behindCounts: 1700,
      technicalCounts: 60,
      unexplainedCounts: 240,
      lossPercent: 15,
      unexplainedPercent: 12,
    });
    expect([...(balance?.unexplained ?? [])]).toEqual([70, 170, 0]);
  });

  test("no common time, no balance", () => {
    expect(
      energyBalanceOf(seriesOf(DAY, 900, [1]), [seriesOf("2026-05-05T00:00:00Z", 900, [1])], { fixedLossCounts: 0, loadLossPerCount: 0 }),
    ).toBeUndefined();
  });

  test("loading: peak, hours over the nameplate, by kvar or the default power factor", () => {
    const active = seriesOf(DAY, 1800, [5000, 12_500, 16_500, 0]);
    expect(loadingOver(active, seriesOf(DAY, 1800, [0, 0, 0, 0]), { nameplateKva: 25, scaler: 0 })).toEqual({
      peakKva: 33,
      peakPercent: 132,
      peakAtMs: start + 3_600_000,
      hoursOver100Percent: 0.5,
      hoursOver130Percent: 0.5,
    });
    expect(loadingOver(active, undefined, { nameplateKva: 25, scaler: 0 }).hoursOver100Percent).toBe(1);
  });
});
