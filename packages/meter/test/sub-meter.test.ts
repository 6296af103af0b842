import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLIMATES, createFleet, Site, type PlannedSubMeter, type SubMeterMedium } from "../src/index.ts";
import { GainCache } from "../src/household/cumulative-history.ts";
import { meteringRatio } from "../src/sub-meter/demand/gas-day.ts";
import { WATT_HOURS_PER_LITRE_KELVIN } from "../src/sub-meter/demand/heat-day.ts";
import { SimulatedSubMeter } from "../src/sub-meter/sub-meter.ts";
import type { SubMeterOperation } from "../src/sub-meter/sub-meter-operations.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const startMs = Date.UTC(2026, 6, 1);
const plan = createFleet({
  seed: 11,
  meters: 160,
  startMs,
  subMeters: { gas: 0.5, heat: 0.5, water: 1, valve: 1 },
  climate: "centralEurope",
  zone: "Europe/Berlin",
});
const site = (climate: keyof typeof CLIMATES = "centralEurope") =>
  new Site({ seed: 11, climate: CLIMATES[climate], standardOffsetMinutes: 60 });

function subMeter(medium: SubMeterMedium, index = 0, on = site()): SimulatedSubMeter {
  return new SimulatedSubMeter(plansOf(medium)[index] as PlannedSubMeter, { site: on, days: new GainCache(64) });
}

function plansOf(medium: SubMeterMedium): readonly PlannedSubMeter[] {
  return plan.subMeters.filter((meter) => meter.medium === medium && !meter.isBusiness);
}

/** Median of what the first register of each home's meter gains in a year, in whole cubic metres or kilowatt-hours. */
function yearly(medium: SubMeterMedium, climate: keyof typeof CLIMATES): number {
  const on = site(climate);
  const days = new GainCache(16);
  const sums = plansOf(medium)
    .slice(0, 40)
    .map((planned) => {
      const meter = new SimulatedSubMeter({ ...planned, installedMs: startMs - 366 * DAY_MS }, { site: on, days });
      return ((meter.registersAt(startMs)[0] ?? 0) - (meter.registersAt(startMs - 365 * DAY_MS)[0] ?? 0)) / 1_000;
    });
  return sums.toSorted((left, right) => left - right)[sums.length >> 1] ?? 0;
}

describe("what homes use in a year", () => {
  it("is near what is published of central Europe: gas 670 to 1,300 m³ (CBS, flats and all dwellings), heat 7,900 to 13,500 kWh (Heizspiegel), water", () => {
    expect(yearly("gas", "centralEurope")).toBeGreaterThan(670);
    expect(yearly("gas", "centralEurope")).toBeLessThan(1_300);
    expect(yearly("heat", "centralEurope")).toBeGreaterThan(7_900);
    expect(yearly("heat", "centralEurope")).toBeLessThan(13_500);
    // 122 to 130 litres a head and day (Destatis, NL), two heads.
    expect(yearly("water", "centralEurope")).toBeGreaterThan(60);
    expect(yearly("water", "centralEurope")).toBeLessThan(130);
  });

  it("is less of gas and more of water in New South Wales: 18 GJ are 480 m³ (AER), 180 litres a head", () => {
    expect(yearly("gas", "newSouthWales")).toBeGreaterThan(240);
    expect(yearly("gas", "newSouthWales")).toBeLessThan(600);
    expect(yearly("water", "newSouthWales")).toBeGreaterThan(yearly("water", "centralEurope"));
  });
});

describe("a gas meter", () => {
  it("counts more litres when warm than at base conditions, in the ratio of the ideal gas", () => {
    expect(meteringRatio({ celsius: 15, millibar: 1013.25 })).toBe(1);
    expect(meteringRatio({ celsius: 25, millibar: 1013.25 })).toBeCloseTo(298.15 / 288.15, 10);
    expect(meteringRatio({ celsius: 15, millibar: 1034.25 })).toBeCloseTo(1013.25 / 1034.25, 10);
    const [metered = 0, base = 0] = subMeter("gas").registersAt(startMs);
    expect(metered / base).toBeGreaterThan(0.9);
    expect(metered / base).toBeLessThan(1.05);
  });

  it("stands while its valve is shut, and is opened by hand after a release from afar", () => {
    const meter = subMeter("gas");
    const atMs = startMs;
    expect(meter.apply({ kind: "closeValve", by: "remote", atMs })).toBe(true);
    const shut = meter.registersAt(atMs);
    expect(meter.registersAt(atMs + 30 * DAY_MS)).toEqual(shut);
    expect(meter.apply({ kind: "openValve", by: "manual", atMs: atMs + DAY_MS })).toBe(false);
    expect(meter.apply({ kind: "openValve", by: "remote", atMs: atMs + DAY_MS })).toBe(true);
    expect(meter.valve.state).toBe("readyForReconnection");
    expect(meter.registersAt(atMs + 30 * DAY_MS)).toEqual(shut);
    expect(meter.apply({ kind: "openValve", by: "manual", atMs: atMs + 2 * DAY_MS })).toBe(true);
    expect(meter.registersAt(atMs + 30 * DAY_MS)[0]).toBeGreaterThan(shut[0] ?? 0);
  });
});

describe("a water meter", () => {
  it("rests for whole hours of most nights, and never again while something leaks", () => {
    const meter = subMeter("water", 1);
    const restless = (fromMs: number) =>
      Array.from({ length: 7 * 24 }, (_, hour) => fromMs + hour * HOUR_MS).filter(
        (atMs) => (meter.registersAt(atMs + HOUR_MS)[0] ?? 0) > (meter.registersAt(atMs)[0] ?? 0),
      ).length;
    expect(restless(startMs)).toBeLessThan(7 * 24 - 14);
    meter.apply({ kind: "leak", litresPerHour: 8, atMs: startMs + 7 * DAY_MS });
    expect(restless(startMs + 7 * DAY_MS)).toBe(7 * 24);
    const before = meter.registersAt(startMs + 7 * DAY_MS)[0] ?? 0;
    const undisturbed = subMeter("water", 1);
    const used = (undisturbed.registersAt(startMs + 8 * DAY_MS)[0] ?? 0) - (undisturbed.registersAt(startMs + 7 * DAY_MS)[0] ?? 0);
    expect(meter.registersAt(startMs + 8 * DAY_MS)[0]).toBe(before + used + 24 * 8);
  });

  it("counts what runs back in a register of its own", () => {
    const meter = subMeter("water");
    meter.apply({ kind: "backflow", litresPerHour: 40, atMs: startMs });
    expect(meter.registersAt(startMs + 2 * HOUR_MS)[1]).toBe(80);
    meter.apply({ kind: "backflow", litresPerHour: 0, atMs: startMs + 2 * HOUR_MS });
    expect(meter.registersAt(startMs + 9 * HOUR_MS)[1]).toBe(80);
  });

  it("lets nothing through a frozen pipe, at 0 °C", () => {
    const meter = subMeter("water");
    meter.apply({ kind: "freeze", atMs: startMs });
    expect(meter.momentAt(startMs + HOUR_MS)).toMatchObject({ flowLitresPerHour: 0, centiCelsius: 0 });
    expect(meter.registersAt(startMs + 5 * DAY_MS)).toEqual(meter.registersAt(startMs));
  });
});

describe("a heat meter", () => {
  it("carries its energy by its volume and the difference of its temperatures", () => {
    const meter = subMeter("heat");
    const winterMs = Date.UTC(2027, 0, 15, 7);
    const [fromWh = 0, fromLitres = 0] = meter.registersAt(winterMs);
    const [toWh = 0, toLitres = 0] = meter.registersAt(winterMs + DAY_MS);
    const { supplyCentiCelsius = 0, returnCentiCelsius = 0 } = meter.momentAt(winterMs);
    const kelvin = (supplyCentiCelsius - returnCentiCelsius) / 100;
    expect(kelvin).toBeGreaterThan(15);
    const perKelvin = (toWh - fromWh) / (toLitres - fromLitres) / WATT_HOURS_PER_LITRE_KELVIN;
    expect(Math.abs(perKelvin / kelvin - 1)).toBeLessThan(0.4);
  });

  it("counts litres but no energy while its sensors are swapped", () => {
    const meter = subMeter("heat");
    const winterMs = Date.UTC(2027, 0, 15);
    meter.apply({ kind: "swapSensors", atMs: winterMs });
    const [before, after] = [meter.registersAt(winterMs), meter.registersAt(winterMs + DAY_MS)];
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBeGreaterThan(before[1] ?? 0);
    const { supplyCentiCelsius = 0, returnCentiCelsius = 0 } = meter.momentAt(winterMs);
    expect(supplyCentiCelsius).toBeLessThan(returnCentiCelsius);
  });
});

describe("any sub-meter", () => {
  const kinds: readonly SubMeterOperation["kind"][] = ["jam", "free", "airInPipe", "airGone", "radioOff", "openCover", "batteryLow"];
  const operation = fc.oneof(
    fc.record({ kind: fc.constantFrom(...kinds) }),
    fc.record({ kind: fc.constantFrom("leak" as const, "backflow" as const), litresPerHour: fc.integer({ min: 0, max: 3_000 }) }),
    fc.record({
      kind: fc.constantFrom("closeValve" as const, "openValve" as const),
      by: fc.constantFrom("remote" as const, "manual" as const),
    }),
  );

  it("has registers that never fall, whatever happens to it, and replays to the same", () => {
    const script = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 * HOUR_MS }), operation), { maxLength: 12 });
    fc.assert(
      fc.property(fc.constantFrom<SubMeterMedium>("gas", "water", "heat"), script, (medium, steps) => {
        const [meter, again] = [subMeter(medium), subMeter(medium)];
        let atMs = startMs;
        for (const [waitMs, step] of steps) {
          atMs += waitMs;
          const next = { ...step, atMs } as SubMeterOperation;
          expect(again.apply(next)).toBe(meter.apply(next));
        }
        let last: Float64Array = new Float64Array(2);
        for (let probeMs = startMs - HOUR_MS; probeMs < atMs + 3 * HOUR_MS; probeMs += 17 * 60_000) {
          const now = meter.registersAt(probeMs);
          expect(now.every((value, register) => Number.isInteger(value) && value >= (last[register] ?? 0))).toBe(true);
          expect(again.registersAt(probeMs)).toEqual(now);
          last = now;
        }
      }),
      { numRuns: 60 },
    );
  });

  it("refuses what is out of order and what it has not", () => {
    const meter = subMeter("heat");
    expect(meter.apply({ kind: "closeValve", by: "remote", atMs: startMs })).toBe(false);
    expect(meter.apply({ kind: "leak", litresPerHour: 9, atMs: startMs })).toBe(false);
    meter.apply({ kind: "batteryLow", atMs: startMs });
    expect(() => meter.apply({ kind: "batteryRenewed", atMs: startMs - 1 })).toThrow(/comes after/);
  });
});
