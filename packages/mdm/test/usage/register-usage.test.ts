import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rehearse } from "../../src/billing/index.ts";
import { Money, prepareTariff, rate } from "../../src/rating/index.ts";
import { registerUsage } from "../../src/usage/index.ts";
import { registerAdvance } from "../../src/vee/index.ts";
import { inputOf, juneWith, partOf, tariffOf } from "../rating/usage-fixtures.ts";

const HOUR_MS = 3_600_000;
const june = Date.UTC(2026, 5, 1);
const use = { channelId: "r", fromMs: june, toMs: june + 720 * HOUR_MS, counts: 1110, scaler: 3, multiplier: 1 };

describe("registers", () => {
  test("a monthly register is billed by the same tariff as intervals, across a price change by its days", () => {
    const charges = (text: string) => [{ kind: "energy" as const, id: "e", label: "E", flow: "import" as const, rate: text }];
    const tariff = prepareTariff({
      ...tariffOf([]),
      versions: [
        { version: 1, effectiveFrom: "2020-01-01", charges: charges("1") },
        { version: 2, effectiveFrom: "2026-06-11", charges: charges("2") },
      ],
    });
    expect(rate(tariff, inputOf("2026-06-01", "2026-07-01", { import: [registerUsage(use)] })).lines.map((line) => line.quantity)).toEqual([
      "370",
      "740",
    ]);
  });

  test("weights put the energy where the profile or the time-of-use register says", () => {
    const part = registerUsage({ ...use, toMs: june + 4 * HOUR_MS, counts: 10, weights: [0, 1, 0, 3] });
    expect([...part.series.values]).toEqual([0, 3, 0, 7]);
    expect(() => registerUsage({ ...use, weights: [1] })).toThrow(/1 weights for 720 hours/);
    expect(() => registerUsage({ ...use, toMs: june + 90 * 60_000 })).toThrow(/1.5 hours apart/);
    expect(() => registerUsage({ ...use, weights: new Float64Array(720) })).toThrow(/add up to nothing/);
  });

  test("whatever is spread by whatever weights, it adds up", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e9 }),
        fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 100 }),
        (counts, weights) => {
          fc.pre(weights.some((weight) => weight > 0));
          const part = registerUsage({ ...use, counts, toMs: june + weights.length * HOUR_MS, weights });
          expect(part.series.values.reduce((a, b) => a + b)).toBe(counts);
          expect(part.series.values.every((value, hour) => value >= 0 && (weights[hour] !== 0 || value === 0))).toBe(true);
        },
      ),
    );
  });

  test("a rolling register gives back what was used, whatever it stood at, as long as it went round at most once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 9 }), fc.nat(), fc.nat(), (digits, startAt, used) => {
        const modulus = 10 ** digits;
        const [before, energy] = [startAt % modulus, used % modulus];
        expect(registerAdvance(before, (before + energy) % modulus, modulus, modulus).counts).toBe(energy);
      }),
    );
  });
});

describe("a meter exchange", () => {
  test("wherever it falls, two meters bill as one would have", () => {
    const whole = partOf("2026-06-01", "2026-07-01", (_, index) => (index * 131) % 900);
    const tariff = prepareTariff(
      tariffOf([
        { kind: "energy", id: "e", label: "E", flow: "import", rate: "0.123" },
        { kind: "demand", id: "d", label: "D", measure: "kW", windowMinutes: 60, rate: "3" },
      ]),
    );
    const expected = rate(tariff, inputOf("2026-06-01", "2026-07-01", { import: [whole] }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 719 }), (cut) => {
        const { series } = whole;
        const first = {
          ...whole,
          channelId: "old",
          series: { ...series, values: series.values.slice(0, cut), qualities: series.qualities.slice(0, cut) },
        };
        const second = {
          ...whole,
          channelId: "new",
          series: {
            ...series,
            startMs: series.startMs + cut * HOUR_MS,
            values: series.values.slice(cut),
            qualities: series.qualities.slice(cut),
          },
        };
        const bill = rate(tariff, inputOf("2026-06-01", "2026-07-01", { import: [first, second] }));
        expect(bill.total).toBe(expected.total);
        expect(bill.quality).toEqual(expected.quality);
      }),
    );
  });
});

describe("tariff rehearsal", () => {
  test("says who would pay more and less, and who could not be rated", () => {
    const flat = tariffOf([{ kind: "energy", id: "e", label: "E", flow: "import", rate: "0.30" }]);
    const blocks = tariffOf([
      {
        kind: "energy",
        id: "e",
        label: "E",
        flow: "import",
        tiers: {
          basis: "month",
          tiers: [
            { upTo: "200", rate: "0.20" },
            { upTo: null, rate: "0.40" },
          ],
        },
      },
    ]);
    const inputs = [100, 400, 900, 0].map((kwh, index) => ({ ...juneWith(kwh), usagePointId: `u${index}` }));
    const off = { ...juneWith(1), usagePointId: "broken", fromDay: 0, toDay: -1 };
    const report = rehearse(prepareTariff(flat), prepareTariff(blocks), [...inputs, off]);
    expect(report).toMatchObject({
      points: 4,
      totalCurrent: "420",
      totalCandidate: "460",
      difference: "40",
      more: 1,
      less: 1,
      same: 2,
      failed: [{ usagePointId: "broken", reason: "a bill needs at least one day" }],
    });
    expect(report.ranked[0]).toEqual({ usagePointId: "u2", current: "270", candidate: "320", difference: "50" });
    expect(report.ranked.at(-1)).toEqual({ usagePointId: "u0", current: "30", candidate: "20", difference: "-10" });
    // The point without a bill has no percentage: three are in bands.
    expect(report.distribution.filter(({ points }) => points > 0)).toEqual([
      { toPercent: -20, points: 1 },
      { fromPercent: -1, toPercent: 1, points: 1 },
      { fromPercent: 10, toPercent: 20, points: 1 },
    ]);
    expect(new Money(report.totalCandidate).minus(report.totalCurrent).toFixed()).toBe(report.difference);
  });
});
