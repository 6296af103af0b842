import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLIMATES, DayCache, drawTraits, EnergyHistory, REGISTER_COUNT, Site } from "../src/index.ts";

const SLOT_MS = 900_000;
const DAY_MS = 86_400_000;
const installedMs = Date.UTC(2026, 0, 10) - 600 * 60_000;

function site(seed = 7): Site {
  return new Site({ seed, climate: CLIMATES.newSouthWales, standardOffsetMinutes: 600 });
}

function history(seed: number, on = site()): EnergyHistory {
  return new EnergyHistory(on, drawTraits(seed), installedMs, new DayCache(64));
}

describe("the household's energy history", () => {
  it("gives the same registers in whatever order they are asked for", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e9 }),
        fc.array(fc.integer({ min: 0, max: 250 * 96 }), { minLength: 1, maxLength: 12 }),
        (seed, slots) => {
          const wandering = history(seed);
          for (const slot of slots) {
            const atMs = installedMs + slot * SLOT_MS;
            const once = [...wandering.at(atMs, new Float64Array(REGISTER_COUNT))];
            const fresh = [...history(seed).at(atMs, new Float64Array(REGISTER_COUNT))];
            expect(once).toEqual(fresh);
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  it("counts whole, never falling watt-hours, at any millisecond", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e9 }),
        fc.integer({ min: 0, max: 40 * DAY_MS }),
        fc.integer({ min: 0, max: DAY_MS }),
        (seed, offsetMs, stepMs) => {
          const meter = history(seed);
          const before = [...meter.at(installedMs + offsetMs, new Float64Array(REGISTER_COUNT))];
          const after = [...meter.at(installedMs + offsetMs + stepMs, new Float64Array(REGISTER_COUNT))];
          for (const [index, value] of after.entries()) {
            expect(Number.isSafeInteger(value)).toBe(true);
            expect(value).toBeGreaterThanOrEqual(before[index]!);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("has intervals that sum to the difference of the registers exactly", () => {
    const meter = history(99);
    const out = new Float64Array(REGISTER_COUNT);
    let sum = 0;
    let last = meter.at(installedMs, out)[0]!;
    for (let slot = 1; slot <= 70 * 96; slot++) {
      const now = meter.at(installedMs + slot * SLOT_MS, out)[0]!;
      sum += now - last;
      last = now;
    }
    expect(sum).toBe(history(99).at(installedMs + 70 * DAY_MS, out)[0]);
    expect(sum).toBeGreaterThan(0);
  });

  it("starts at zero and stays there before installation", () => {
    const out = new Float64Array(REGISTER_COUNT);
    expect([...history(1).at(installedMs - 1, out)]).toEqual([0, 0, 0, 0]);
    expect([...history(1).at(installedMs, out)]).toEqual([0, 0, 0, 0]);
  });

  it("differs between seeds, and exports only with solar panels", () => {
    const out = new Float64Array(REGISTER_COUNT);
    const year = (seed: number, solar: boolean): number[] => {
      const meter = new EnergyHistory(site(), drawTraits(seed, { solar }), installedMs, new DayCache(4));
      return [...meter.at(installedMs + 365 * DAY_MS, out)];
    };
    expect(year(1, false)).not.toEqual(year(2, false));
    expect(year(1, false)[1]).toBe(0);
    expect(year(1, true)[1]).toBeGreaterThan(300_000);
    expect(year(1, true)[0]).toBeLessThan(year(1, false)[0]!);
  });

  it("moves people's day by the clock when daylight saving begins", () => {
    const winterTime = new Site({ seed: 7, climate: CLIMATES.centralEurope, standardOffsetMinutes: 60 });
    const summerTime = new Site({ seed: 7, climate: CLIMATES.centralEurope, standardOffsetMinutes: 60, daylightSaving: () => true });
    const centre = (on: Site): number => {
      let weighted = 0;
      let total = 0;
      for (let seed = 0; seed < 40; seed++) {
        const gain = new DayCache(1).get(on, drawTraits(seed, { solar: false, electricVehicle: false }), 20_000);
        for (let slot = 16; slot < 96; slot++) {
          const used = gain[(slot + 1) * REGISTER_COUNT]! - gain[slot * REGISTER_COUNT]!;
          weighted += used * slot;
          total += used;
        }
      }
      return weighted / total;
    };
    expect(centre(winterTime) - centre(summerTime)).toBeGreaterThan(0.8);
  });
});
