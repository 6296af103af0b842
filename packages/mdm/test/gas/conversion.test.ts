import { zoneOf } from "@amity/intervals";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { energyFactors, kwhFromMegajoules, volumeFactor } from "../../src/gas/index.ts";
import { intervalsBehind, Money, prepareTariff, rate } from "../../src/rating/index.ts";
import type { Charge, Tariff } from "../../src/tariff/index.ts";
import type { EnergyFactor, UsagePart } from "../../src/usage/index.ts";
import { CENT, dayOf, inputOf, partOf } from "../rating/usage-fixtures.ts";

const GAS: Charge = { kind: "energy", id: "gas", label: "Gas", flow: "import", rate: "0.10" };

const gasTariff = (charges: readonly Charge[], zone = "UTC"): Tariff => ({
  id: "gas",
  name: "Gas",
  currency: "EUR",
  commodity: "gas",
  zone,
  versions: [{ version: 1, effectiveFrom: "2000-01-01", charges, rounding: CENT }],
});

/** Litres an hour over June. */
const gasPart = (litres: number, energyFactors: readonly EnergyFactor[]): UsagePart => ({
  ...partOf("2026-06-01", "2026-07-01", () => litres, { scaler: -3 }),
  unit: "m3",
  energyFactors,
});

const at = (text: string): number => Date.parse(text);
const spanOf = (from: string, to: string, zone = "UTC") =>
  ({ fromMs: at(from), toMs: at(to), zone: zoneOf(zone), converts: "nothing" }) as const;

describe("gas volume to energy", () => {
  it("gives the volume factor of a household meter by DVGW G 685", () => {
    // 273.15/288.15 x (1016 - 0.12 x 100 + 22)/1013.25, to four places.
    expect(volumeFactor({ altitudeM: "100" })).toBe("0.9599");
    expect(volumeFactor({ altitudeM: "0" })).toBe("0.9711");
    expect(volumeFactor({ altitudeM: "500", overpressureMbar: "50", gasTemperatureC: "10" })).toBe("0.9578");
  });

  it("leaves out what the meter converts by itself", () => {
    expect(volumeFactor({}, "all")).toBe("1");
    expect(volumeFactor({ airPressureMbar: "1013.25", overpressureMbar: "0" }, "temperature")).toBe("1");
  });

  it("takes the factor laid down in Great Britain and gives the worked 22 kWh of two cubic metres", () => {
    const kwhPerM3 = kwhFromMegajoules("39.3");
    const factor = volumeFactor({ fixedFactor: "1.02264" });
    expect(new Money(2).times(factor).times(kwhPerM3).toDecimalPlaces(0).toFixed()).toBe("22");
  });

  it("refuses conditions that cannot be", () => {
    expect(() => volumeFactor({ airPressureMbar: "-30" })).toThrow(/pressure/);
    expect(() => volumeFactor({ gasTemperatureC: "-300" })).toThrow(/gasTemperatureC/);
    expect(() => volumeFactor({ compressibility: "0" })).toThrow(/compressibility/);
  });

  it("begins gas days at six in the morning of civil time, across a clock change", () => {
    const sites = [{ fromDay: 0, zoneId: "z", conditions: { fixedFactor: "1" } }];
    const factors = energyFactors(
      sites,
      (_, day) => ({ day, kwhPerM3: String(day) }),
      spanOf("2026-03-28T23:00Z", "2026-03-30T22:00Z", "Europe/Berlin"),
    );
    expect(factors.map(({ fromMs }) => new Date(fromMs).toISOString())).toEqual([
      "2026-03-28T23:00:00.000Z",
      "2026-03-29T04:00:00.000Z",
      "2026-03-30T04:00:00.000Z",
    ]);
    expect(factors.map(({ kwhPerM3 }) => kwhPerM3)).toEqual([dayOf("2026-03-28"), dayOf("2026-03-29"), dayOf("2026-03-30")].map(String));
  });

  it("changes conditions on the day from which they are stated", () => {
    const sites = [
      { fromDay: dayOf("2026-06-03"), zoneId: "z", conditions: { fixedFactor: "2", gasDayStartHour: 0 } },
      { fromDay: dayOf("2026-06-01"), zoneId: "z", conditions: { fixedFactor: "1", gasDayStartHour: 0 } },
    ];
    const factors = energyFactors(sites, (_, day) => ({ day, kwhPerM3: "10" }), spanOf("2026-06-01T00:00Z", "2026-06-05T00:00Z"));
    expect(factors.map((factor) => factor.volumeFactor)).toEqual(["1", "1", "2", "2"]);
  });

  it("bills kWh of metered litres and says how they came about", () => {
    const factors: EnergyFactor[] = [
      { fromMs: at("2026-06-01"), toMs: at("2026-06-11"), volumeFactor: "0.96", kwhPerM3: "11" },
      { fromMs: at("2026-06-11"), toMs: at("2026-07-01"), volumeFactor: "0.96", kwhPerM3: "11.3" },
    ];
    const input = inputOf("2026-06-01", "2026-07-01", { volume: [gasPart(100, factors)] });
    const tariff = prepareTariff(gasTariff([GAS]));
    const bill = rate(tariff, input);
    // 24 m3 x 0.96 x 11 + 48 m3 x 0.96 x 11.3
    expect(bill.lines[0]).toMatchObject({ quantity: "774.144", unit: "kWh", amount: "77.41" });
    expect(bill.lines[0]?.trace.steps).toEqual(["72 m³ × 0.96 volume factor × 11.2 kWh/m³, 2 gas days of 11 to 11.3 = 774.144 kWh"]);
    expect(bill).toMatchObject({ commodity: "gas", volumeM3: "72", quality: { intervals: 720, actual: 720 } });
    expect(intervalsBehind(bill.lines[0]!, bill, tariff, input)).toHaveLength(720);
  });

  it("refuses to bill gas of a day without calorific value, and energy where only volume is known", () => {
    const tariff = prepareTariff(gasTariff([GAS]));
    const short: EnergyFactor[] = [{ fromMs: at("2026-06-01"), toMs: at("2026-06-30"), volumeFactor: "1", kwhPerM3: "11" }];
    expect(() => rate(tariff, inputOf("2026-06-01", "2026-07-01", { volume: [gasPart(5, short)] }))).toThrow(
      /no calorific value for the gas of 2026-06-30/,
    );
    const water: UsagePart = { ...partOf("2026-06-01", "2026-07-01", () => 5, { scaler: -3 }), unit: "m3" };
    expect(() => rate(tariff, inputOf("2026-06-01", "2026-07-01", { volume: [water] }))).toThrow(/only volume is metered/);
  });

  it("bills the same energy whatever the days are cut into, as long as the factors are the same", () => {
    const tariff = prepareTariff(gasTariff([GAS]));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 719 }), { maxLength: 12 }), fc.integer({ min: 0, max: 4000 }), (cuts, litres) => {
        const edges = [0, ...new Set(cuts.toSorted((a, b) => a - b)), 720].map((hour) => at("2026-06-01") + hour * 3_600_000);
        const factors = edges
          .slice(1)
          .map((toMs, index) => ({ fromMs: edges[index] ?? 0, toMs, volumeFactor: "0.9613", kwhPerM3: "10.987" }));
        const bill = rate(tariff, inputOf("2026-06-01", "2026-07-01", { volume: [gasPart(litres, factors)] }));
        expect(bill.lines[0]?.quantity).toBe(new Money(litres).times(720).div(1000).times("0.9613").times("10.987").toFixed());
      }),
    );
  });
});

describe("water and heat on a bill", () => {
  const volume = (litres: number): UsagePart => ({ ...partOf("2026-06-01", "2026-07-01", () => litres, { scaler: -3 }), unit: "m3" });

  it("bills water in tiers of cubic metres and sewage as a share of it", () => {
    const charges: Charge[] = [
      {
        kind: "energy",
        id: "water",
        label: "Water",
        flow: "volume",
        tiers: {
          basis: "bill",
          tiers: [
            { upTo: "10", rate: "2" },
            { upTo: null, rate: "3" },
          ],
        },
      },
      { kind: "energy", id: "sewage", label: "Sewage", flow: "volume", share: "0.75", rate: "2.5" },
    ];
    const bill = rate(
      prepareTariff({ ...gasTariff(charges), commodity: "water" }),
      inputOf("2026-06-01", "2026-07-01", { volume: [volume(25)] }),
    );
    expect(bill.lines.map(({ quantity, unit, amount }) => [quantity, unit, amount])).toEqual([
      ["10", "m3", "20"],
      ["8", "m3", "24"],
      ["13.5", "m3", "33.75"],
    ]);
    expect(bill.lines[2]?.trace.steps).toEqual(["0.75 of 18 m³"]);
  });

  it("bills heat in MWh with capacity by its highest hour, of meters in Wh and of meters in joules", () => {
    const charges: Charge[] = [
      { kind: "energy", id: "heat", label: "Heat", flow: "import", unit: "MWh", rate: "80" },
      { kind: "demand", id: "capacity", label: "Capacity", measure: "kW", windowMinutes: 60, rate: "3" },
    ];
    const tariff = prepareTariff({ ...gasTariff(charges), commodity: "heat" });
    const wh = partOf("2026-06-01", "2026-07-01", (_, index) => (index === 5 ? 9000 : 1000));
    const joules: UsagePart = {
      ...partOf("2026-06-01", "2026-07-01", (_, index) => (index === 5 ? 32_400 : 3600), { scaler: 3 }),
      unit: "J",
    };
    for (const part of [wh, joules]) {
      const bill = rate(tariff, inputOf("2026-06-01", "2026-07-01", { import: [part], volume: [volume(40)] }));
      expect(bill.lines.map(({ quantity, unit, amount }) => [quantity, unit, amount])).toEqual([
        ["0.728", "MWh", "58.24"],
        ["9", "kW", "27"],
      ]);
      expect(bill.volumeM3).toBe("28.8");
    }
  });
});
