import { QUALITY } from "@amity/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { estimate, STANDARD_ESTIMATION_PLAN, type EstimationPlan } from "../../src/estimation/index.ts";
import type { Series, VeeContext } from "../../src/vee/index.ts";
import { contextOf, seriesOf } from "../vee/series-fixtures.ts";

const START = "2026-01-01T00:00:00Z";
/** Shares of a heating day in thousandths, adding up to 1000. */
const SHAPE = [10, 10, 10, 10, 20, 60, 90, 80, 60, 40, 30, 30, 30, 30, 40, 50, 60, 80, 80, 70, 50, 30, 20, 10];
const DAYS = 14;
/** Mean outdoor temperature of each day, tenths of a degree. */
const COLD = [10, -20, 40, 80, 60, 20, 0, -40, 100, 130, 55, 35, 75, 25];

const temperature = seriesOf(START, 86_400, COLD);
const gas = (base: number, slope: number, hole: { day: number } | undefined): Series =>
  seriesOf(
    START,
    3600,
    Array.from({ length: DAYS * 24 }, (_, index) => {
      const day = Math.floor(index / 24);
      const degrees = Math.max(0, 15.5 - (COLD[day] ?? 0) / 10);
      return hole?.day === day ? undefined : Math.round(((base + slope * degrees) * (SHAPE[index % 24] ?? 0)) / 1000);
    }),
  );
const context = (part: Partial<VeeContext> = {}) =>
  contextOf({ temperature, ...part }, { unit: "m3", scaler: -3, commodity: "gas", kind: "volume", intervalSeconds: 3600 });
const byDegreeDays: EstimationPlan = { ...STANDARD_ESTIMATION_PLAN, steps: [{ kind: "degreeDays" }], scaleToRegisters: false };

describe("estimation by degree days", () => {
  it("gives back a cold day that is missing, hour by hour", () => {
    const truth = gas(2000, 1000, undefined);
    const filled = estimate(gas(2000, 1000, { day: 7 }), context(), byDegreeDays);
    expect(filled.decisions[0]).toMatchObject({ outcome: "estimated", method: "degreeDays" });
    for (let index = 7 * 24; index < 8 * 24; index += 1)
      expect(Math.abs((filled.values[index] ?? 0) - (truth.values[index] ?? 0))).toBeLessThanOrEqual(2);
  });

  it("is what the standard plan takes for gas and heat, and not for water or electricity", () => {
    const methodFor = (commodity: "gas" | "heat" | "water" | "electricity") => {
      const own = context();
      return estimate(gas(2000, 1000, { day: 7 }), { ...own, channel: { ...own.channel, commodity } }, STANDARD_ESTIMATION_PLAN)
        .decisions[0]?.method;
    };
    expect([methodFor("gas"), methodFor("heat"), methodFor("water"), methodFor("electricity")]).toEqual([
      "degreeDays",
      "degreeDays",
      "likeDay",
      "likeDay",
    ]);
  });

  it("says why it does not apply", () => {
    const { temperature: _, ...bare } = context();
    expect(estimate(gas(1, 100, { day: 7 }), bare, byDegreeDays).decisions[0]?.tried).toEqual(["degreeDays: no temperatures"]);
    const short = { ...temperature, values: temperature.values.slice(0, 4), qualities: temperature.qualities.slice(0, 4) };
    expect(estimate(gas(1, 100, { day: 7 }), context({ temperature: short }), byDegreeDays).decisions[0]?.tried[0]).toMatch(
      /only 4 days with temperatures/,
    );
  });

  it("never estimates below zero and leaves what was measured alone, whatever the history", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: DAYS, maxLength: DAYS }),
        fc.integer({ min: 0, max: DAYS - 1 }),
        (levels, day) => {
          const series = gas(0, 0, { day });
          for (let index = 0; index < series.values.length; index += 1)
            if (series.qualities[index] !== QUALITY.missing) series.values[index] = levels[Math.floor(index / 24)] ?? 0;
          const filled = estimate(series, context(), byDegreeDays);
          for (let index = 0; index < series.values.length; index += 1) {
            if (series.qualities[index] !== QUALITY.missing) expect(filled.values[index]).toBe(series.values[index]);
            else expect(filled.values[index]).toBeGreaterThanOrEqual(0);
          }
        },
      ),
    );
  });
});
