import { describe, expect, test } from "vitest";
import { clusterExceptions, type RankableException } from "../../src/vee/index.ts";

const now = Date.UTC(2026, 4, 4);
const DAY_MS = 86_400_000;
const exception = (exceptionId: string, part: Partial<RankableException> = {}): RankableException => ({
  exceptionId,
  ruleId: "gap",
  severity: "issue",
  channelId: exceptionId,
  fromMs: now,
  toMs: now + DAY_MS,
  groups: ["DCU 1", "Feeder A"],
  energyKwh: 10,
  billAtMs: now + 9 * DAY_MS,
  ...part,
});
const options = { pricePerKwh: "0.3", nowMs: now };

describe("the exceptions queue", () => {
  test("one dead concentrator is one entry, not hundreds, and a meter elsewhere is its own", () => {
    const flood = Array.from({ length: 200 }, (_, index) => exception(`m${index}`));
    const clusters = clusterExceptions([...flood, exception("other", { groups: ["DCU 2", "Feeder B"] })], options);
    expect(clusters).toHaveLength(2);
    expect(clusters[0]).toMatchObject({ channels: 200, energyKwh: 2000, money: "600.00" });
    expect(clusters[1]).toMatchObject({ channels: 1, exceptionIds: ["other"] });
  });

  test("two rules are two causes, and each exception is in exactly one cluster", () => {
    const exceptions = ["gap", "spike"].flatMap((ruleId) =>
      [1, 2, 3, 4].map((index) => exception(`${ruleId}${index}`, { ruleId, channelId: `m${index}` })),
    );
    const clusters = clusterExceptions(exceptions, options);
    expect(clusters.map((cluster) => cluster.ruleId).toSorted()).toEqual(["gap", "spike"]);
    expect(clusters.flatMap((cluster) => cluster.exceptionIds).toSorted()).toEqual(exceptions.map((entry) => entry.exceptionId).toSorted());
  });

  test("money ranks, and the nearer bill comes first", () => {
    const clusters = clusterExceptions(
      [
        exception("late", { billAtMs: now + 30 * DAY_MS }),
        exception("soon", { billAtMs: now }),
        exception("big", { energyKwh: 1000, billAtMs: now + 30 * DAY_MS }),
      ],
      { ...options, commonCauseMin: 9 },
    );
    expect(clusters.map((cluster) => cluster.exceptionIds[0])).toEqual(["big", "soon", "late"]);
  });
});
