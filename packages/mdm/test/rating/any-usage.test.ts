import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { intervalsBehind, Money, prepareTariff, rate } from "../../src/rating/index.ts";
import type { Charge } from "../../src/tariff/index.ts";
import { CENT, dayOf, inputOf, partOf, tariffOf } from "./usage-fixtures.ts";

const ZONE = "Europe/Berlin";
const calendar = {
  periods: ["night", "day"],
  defaultPeriod: "day",
  schedules: [{ ranges: [{ from: "22:00", to: "06:00", period: "night" }] }],
};
const charges: readonly Charge[] = [
  { kind: "fixed", id: "fixed", label: "F", amount: "7.77", per: "month" },
  {
    kind: "demand",
    id: "kw",
    label: "D",
    measure: "kVA",
    windowMinutes: 30,
    sliding: true,
    periods: ["day"],
    rate: "1.11",
    powerFactorTarget: "0.9",
  },
  { kind: "energy", id: "night", label: "N", flow: "netImport", periods: ["night"], rate: "0.1" },
  {
    kind: "energy",
    id: "day",
    label: "D",
    flow: "netImport",
    periods: ["day"],
    lossFactor: "1.05",
    tiers: {
      basis: "day",
      tiers: [
        { upTo: "3", rate: "0.2" },
        { upTo: null, rate: "0.4" },
      ],
    },
  },
  { kind: "energy", id: "feed-in", label: "X", flow: "netExport", rate: "-0.07" },
  { kind: "reactive", id: "kvarh", label: "R", flow: "reactiveImport", freeRatio: "0.3", rate: "0.02" },
  { kind: "minimum", id: "minimum", label: "M", amount: "0.5", per: "day" },
  { kind: "percentage", id: "vat", label: "VAT", percent: "19", isTax: true },
];
const versions = (cut: string) =>
  [1, 2].map((version) => ({
    version,
    effectiveFrom: version === 1 ? "2020-01-01" : cut,
    calendar,
    charges,
    rounding: CENT,
    netting: { kind: "interval", surplus: "money" } as const,
  }));

describe("whatever was used, in a month with a clock change and a new price", () => {
  const month = ["2026-03-01", "2026-04-01"] as const;
  const hours = (dayOf(month[1]) - dayOf(month[0])) * 24 - 1;
  const wh = fc.array(fc.integer({ min: 0, max: 50_000 }), { minLength: 24, maxLength: 24 });

  test("the bill is the sum of its lines, each line is rounded, and energy lines are what their intervals add up to", () => {
    fc.assert(
      fc.property(wh, wh, wh, fc.integer({ min: 2, max: 31 }), (use, sun, reactive, day) => {
        const part = (pattern: readonly number[], channelId: string) =>
          partOf(...month, (_, index) => (pattern[index % 24] ?? 0) * (index % 7), { zone: ZONE, channelId, intervalSeconds: 1800 });
        const input = inputOf(
          ...month,
          { import: [part(use, "import")], export: [part(sun, "export")], reactiveImport: [part(reactive, "kvar")] },
          {},
          ZONE,
        );
        const tariff = prepareTariff({ ...tariffOf([], {}, ZONE), versions: versions(`2026-03-${String(day).padStart(2, "0")}`) });
        const bill = rate(tariff, input);
        expect(bill.quality.intervals).toBe(hours * 2);
        const sum = bill.lines.reduce((total, line) => total.plus(line.amount), new Money(0));
        expect(sum.eq(bill.total)).toBe(true);
        expect(sum.isNegative() && !sum.isZero()).toBe(false);
        for (const line of bill.lines) {
          if (line.kind !== "carried") expect(new Money(line.amount).decimalPlaces()).toBeLessThanOrEqual(2);
          if (line.chargeId !== "night" && line.chargeId !== "feed-in") continue;
          const counts = intervalsBehind(line, bill, tariff, input).reduce((total, interval) => total + interval.counts, 0);
          expect(new Money(line.quantity).times(1000).toNumber()).toBe(counts);
        }
      }),
      { numRuns: 60 },
    );
  });
});
