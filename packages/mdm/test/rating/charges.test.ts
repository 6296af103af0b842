import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { intervalsBehind, Money, prepareTariff, rate, splitTiers, type RatingInput } from "../../src/rating/index.ts";
import { compileCalendar, type Charge, type TariffVersion, type TouCalendar } from "../../src/tariff/index.ts";
import { CENT, dayOf, inputOf, juneWith, partOf, tariffOf } from "./usage-fixtures.ts";

const HOUR_MS = 3_600_000;
const bill = (charges: readonly Charge[], input: RatingInput, version: Partial<TariffVersion> = {}, zone = "UTC") =>
  rate(prepareTariff(tariffOf(charges, version, zone)), input);
const amounts = (result: ReturnType<typeof rate>) => result.lines.map((line) => line.amount);
const june = (valueAt: (atMs: number, index: number) => number, options: Parameters<typeof partOf>[3] = {}) =>
  partOf("2026-06-01", "2026-07-01", valueAt, options);
const juneInput = (flows: RatingInput["usage"]["flows"], part: Partial<RatingInput> = {}) =>
  inputOf("2026-06-01", "2026-07-01", flows, part);
const flat = (rateText: string, part: Partial<Extract<Charge, { kind: "energy" }>> = {}): Charge => ({
  kind: "energy",
  id: "energy",
  label: "Energy",
  flow: "import",
  rate: rateText,
  ...part,
});
const demand = (part: Partial<Extract<Charge, { kind: "demand" }>> = {}): Charge => ({
  kind: "demand",
  id: "demand",
  label: "Demand",
  measure: "kW",
  windowMinutes: 60,
  rate: "1",
  ...part,
});

const TOU: TouCalendar = {
  periods: ["night", "day", "peak"],
  defaultPeriod: "day",
  holidays: ["2026-06-04", "12-25"],
  schedules: [
    {
      days: ["weekday"],
      season: { from: "05-01", to: "09-30" },
      ranges: [
        { from: "17:30", to: "20:00", period: "peak" },
        { from: "22:00", to: "06:00", period: "night" },
      ],
    },
    { days: ["weekend", "holiday"], ranges: [{ from: "00:00", to: "24:00", period: "night" }] },
    { days: ["weekday"], ranges: [{ from: "22:00", to: "06:00", period: "night" }] },
  ],
};

describe("times of use", () => {
  test("seasons, holidays, weekends, ranges over midnight and half hours", () => {
    const calendar = compileCalendar(TOU);
    const at = (date: string, time: string) =>
      calendar.periods[calendar.minutesOf(dayOf(date))[Number(time.slice(0, 2)) * 60 + Number(time.slice(3))] ?? 0];
    expect([at("2026-06-03", "17:29"), at("2026-06-03", "17:30"), at("2026-06-03", "19:59"), at("2026-06-03", "20:00")]).toEqual([
      "day",
      "peak",
      "peak",
      "day",
    ]);
    expect([at("2026-06-03", "22:00"), at("2026-06-03", "05:59"), at("2026-06-03", "06:00")]).toEqual(["night", "night", "day"]);
    expect([at("2026-06-06", "18:00"), at("2026-06-04", "18:00"), at("2026-12-25", "18:00"), at("2026-12-24", "18:00")]).toEqual([
      "night",
      "night",
      "night",
      "day",
    ]);
  });

  test("a faulty calendar is refused by the fault", () => {
    expect(() => compileCalendar({ ...TOU, defaultPeriod: "noon" })).toThrow(/no period noon/);
    expect(() => compileCalendar({ ...TOU, schedules: [{ ranges: [{ from: "25:00", to: "26:00", period: "day" }] }] })).toThrow(
      /schedule 1: "25:00" is not a time/,
    );
    expect(() => compileCalendar({ ...TOU, holidays: ["Christmas"] })).toThrow(/"Christmas" is not a holiday/);
  });

  test("each hour of a year with clock changes falls into exactly one time of use, by the wall clock", () => {
    const charges = TOU.periods.map((period) => flat("1", { id: period, periods: [period] }));
    const input = inputOf(
      "2026-01-01",
      "2027-01-01",
      { import: [partOf("2026-01-01", "2027-01-01", () => 1000, { zone: "Europe/Berlin" })] },
      {},
      "Europe/Berlin",
    );
    const result = bill(charges, input, { calendar: TOU }, "Europe/Berlin");
    expect(Number(result.total)).toBe(8760);
    expect(result.lines.find((line) => line.chargeId === "peak")?.quantity).toBe("216");
  });
});

describe("every line leads back to its intervals", () => {
  test("energy by time of use: the intervals behind a line add up to its quantity", () => {
    const charges = TOU.periods.map((period) => flat("0.25", { id: period, periods: [period] }));
    const part = {
      ...june((_, index) => (index * 37) % 1000),
      blocks: Array.from({ length: 30 }, (_, day) => ({
        channelId: "import",
        dayStartMs: Date.UTC(2026, 5, 1 + day),
        version: day === 3 ? 2 : 1,
      })),
    };
    const tariff = prepareTariff(tariffOf(charges, { calendar: TOU, rounding: CENT }));
    const input = juneInput({ import: [part] });
    const result = rate(tariff, input);
    for (const line of result.lines) {
      const behind = intervalsBehind(line, result, tariff, input);
      expect(behind.reduce((sum, interval) => sum + interval.counts, 0)).toBe(Number(line.quantity) * 1000);
      expect(behind.every((interval) => interval.version === (new Date(interval.atMs).getUTCDate() === 4 ? 2 : 1))).toBe(true);
    }
    expect(result.pinned).toHaveLength(30);
    expect(result.pinned[3]).toEqual({ channelId: "import", dayStartMs: Date.UTC(2026, 5, 4), version: 2 });
  });

  test("a demand leads to its window, a tax to the lines it taxes", () => {
    const charges: Charge[] = [
      flat("0.1"),
      demand(),
      { kind: "percentage", id: "vat", label: "VAT", percent: "20", isTax: true, of: ["demand"] },
    ];
    const tariff = prepareTariff(tariffOf(charges, { rounding: CENT }));
    const input = juneInput({ import: [june((_, index) => (index === 100 ? 7000 : 500))] });
    const result = rate(tariff, input);
    expect(amounts(result)).toEqual(["36.65", "7", "1.4"]);
    for (const line of result.lines.slice(1))
      expect(intervalsBehind(line, result, tariff, input)).toEqual([
        {
          channelId: "import",
          atMs: Date.UTC(2026, 5, 1) + 100 * HOUR_MS,
          intervalSeconds: 3600,
          counts: 7000,
          quality: expect.any(Number),
          version: undefined,
        },
      ]);
  });
});

describe("charges", () => {
  test("standing charges by day, month and bill", () => {
    const fixed = (id: "day" | "month" | "bill"): Charge => ({ kind: "fixed", id, label: id, amount: "0.455", per: id });
    expect(amounts(bill([fixed("day"), fixed("month"), fixed("bill")], juneWith(0), { rounding: CENT }))).toEqual([
      "13.65",
      "0.46",
      "0.46",
    ]);
    expect(amounts(bill([fixed("month")], juneWith(0, { months: "0.5" })))).toEqual(["0.2275"]);
  });

  test("rounding: half up is away from zero on credits too, half even to the even cent, lines may be exact", () => {
    const credit = (mode: "halfUp" | "halfEven" | "down" | "up") =>
      amounts(bill([flat("-0.00125")], juneWith(20), { rounding: { places: 3, mode } }))[0];
    expect([credit("halfUp"), credit("halfEven"), credit("down"), credit("up")]).toEqual(["-0.025", "-0.025", "-0.025", "-0.025"]);
    const half = (mode: "halfUp" | "halfEven" | "down" | "up") =>
      amounts(bill([flat("-0.0125")], juneWith(2), { rounding: { places: 2, mode } }))[0];
    expect([half("halfUp"), half("halfEven"), half("down"), half("up")]).toEqual(["-0.03", "-0.02", "-0.02", "-0.03"]);
    const thirds = [flat("0.333333", { id: "a" }), flat("0.333333", { id: "b" })];
    expect(bill(thirds, juneWith(1), { totalRounding: CENT }).total).toBe("0.67");
    expect(bill(thirds, juneWith(1), { rounding: CENT }).total).toBe("0.66");
  });

  test("tiers by month, by day and by kWh per kW of contract (hours of use, with kW that do not count)", () => {
    const tiers = (basis: "month" | "day" | "kWhPerKw", upTo: string, part = {}): Charge => ({
      kind: "energy",
      id: "t",
      label: "T",
      flow: "import",
      tiers: {
        basis,
        tiers: [
          { upTo, rate: "0.04" },
          { upTo: null, rate: "0.0353" },
        ],
        ...part,
      },
    });
    expect(amounts(bill([tiers("month", "450")], juneWith(1000)))).toEqual(["18", "19.415"]);
    expect(amounts(bill([tiers("day", "15")], juneWith(1000)))).toEqual(["18", "19.415"]);
    // First 450 kWh per contract kW, 2 kW: 900 kWh.
    expect(amounts(bill([tiers("kWhPerKw", "450")], juneWith(1000, { contractDemandKw: "2" })))).toEqual(["36", "3.53"]);
    // First 700 kWh, plus 150 for each kW above 5: 700 + 2 x 150.
    const variable: Charge = {
      kind: "energy",
      id: "v",
      label: "V",
      flow: "import",
      tiers: {
        basis: "kWhPerKw",
        aboveKw: "5",
        plus: ["700", "3200"],
        tiers: [
          { upTo: "150", rate: "0.12555" },
          { upTo: "150", rate: "0.08725" },
          { upTo: null, rate: "0.07125" },
        ],
      },
    };
    expect(bill([variable], juneWith(4000, { contractDemandKw: "7" })).lines.map((line) => line.quantity)).toEqual(["1000", "2500", "500"]);
    expect(() => bill([tiers("kWhPerKw", "450")], juneWith(1000))).toThrow(/need a demand/);
  });

  test("tiers are shared among times of use by energy", () => {
    const charge = (period: string): Charge =>
      flat("0", {
        id: period,
        periods: [period],
        tiers: {
          basis: "month",
          sharedByEnergy: true,
          tiers: [
            { upTo: "100", rate: "1" },
            { upTo: null, rate: "2" },
          ],
        },
      });
    const input = juneInput({
      import: [june((atMs) => (atMs === Date.UTC(2026, 5, 1, 12) ? 300_000 : atMs === Date.UTC(2026, 5, 1, 18) ? 100_000 : 0))],
    });
    expect(bill([charge("day"), charge("peak")], input, { calendar: TOU }).lines.map((line) => [line.chargeId, line.quantity])).toEqual([
      ["day", "75"],
      ["day", "225"],
      ["peak", "25"],
      ["peak", "75"],
    ]);
  });

  test("demand: block and sliding windows differ, and only whole windows in a time of use count", () => {
    const quarter = june((_, index) => ([2, 3, 4, 5].includes(index) ? 1000 : 0), { intervalSeconds: 900 });
    const kw = (part: Parameters<typeof demand>[0]) => bill([demand(part)], juneInput({ import: [quarter] })).lines[0]?.quantity;
    expect([kw({}), kw({ sliding: true }), kw({ windowMinutes: 15 }), kw({ windowMinutes: 30, sliding: true })]).toEqual([
      "2",
      "4",
      "4",
      "4",
    ]);
    const evening = june((atMs) => (new Date(atMs).getUTCHours() === 17 && new Date(atMs).getUTCDate() === 2 ? 500 : 0), {
      intervalSeconds: 900,
    });
    const peak = (windowMinutes: number) =>
      bill([demand({ windowMinutes, periods: ["peak"] })], juneInput({ import: [evening] }), { calendar: TOU }).lines[0]?.quantity;
    expect([peak(30), peak(60)]).toEqual(["2", "0"]);
  });

  test("block windows begin at whole hours of the wall clock, also where that is half an hour off UTC", () => {
    const from = Date.parse("2026-06-10T06:30:00Z");
    const part = june((atMs) => (atMs >= from && atMs < from + HOUR_MS ? 1000 : 0), { zone: "Asia/Kolkata", intervalSeconds: 900 });
    const result = bill([demand()], inputOf("2026-06-01", "2026-07-01", { import: [part] }, {}, "Asia/Kolkata"), {}, "Asia/Kolkata");
    expect(result.lines[0]).toMatchObject({ quantity: "4", trace: { peaks: [{ atMs: from }] } });
  });

  test("demand in kVA, power factor, kVA share, excess, minimum, daily", () => {
    const flows = {
      import: [june((_, index) => (index === 10 ? 85_000 : 0))],
      reactiveImport: [june((_, index) => (index === 10 ? 52_678 : 0), { channelId: "kvar" })],
    };
    const line = (part: Parameters<typeof demand>[0]) =>
      bill([demand({ quantityRounding: { places: 1, mode: "halfUp" }, ...part })], juneInput(flows)).lines[0];
    expect(line({ measure: "kVA" })?.quantity).toBe("100");
    expect(line({ powerFactorTarget: "0.95" })?.quantity).toBe("93.5");
    expect(line({ kvaShare: "0.9" })?.quantity).toBe("90");
    expect(line({ minimumKw: "120" })?.trace.steps).toEqual(["measured 85 kW", "minimum 120: 120"]);
    const two = juneInput({ import: [june((_, index) => (index === 12 ? 4000 : index === 30 ? 10_000 : 0))] });
    expect(bill([demand({ periods: ["night"], inExcessOf: ["day"] })], two, { calendar: TOU }).lines[0]?.quantity).toBe("0");
    expect(bill([demand({ assessed: "day" })], two).lines[0]?.quantity).toBe("14");
  });

  test("ratchet: 65 % of the highest winter demand (Hydro-Quebec rate M)", () => {
    const history = [12, 1, 2, 3, 4, 5].map((month) => ({ month, kw: month === 1 ? "200" : month === 4 ? "400" : "90" }));
    const charge = demand({ rate: "13.44", ratchet: { percent: "65", months: 12, onlyMonths: [12, 1, 2, 3] } });
    const result = bill([charge], juneInput({ import: [june(() => 100_000)] }, { demandHistory: history }), { monthBasis: 30 });
    expect(result.lines[0]).toMatchObject({ quantity: "130", amount: "1747.2" });
    expect(result.peakKw).toBe("100");
  });

  test("coincident demand is the own load when the system peaked", () => {
    const input = juneInput({ import: [june((_, index) => index)] }, { coincidentPeaks: { system: [Date.UTC(2026, 5, 2, 18)] } });
    expect(bill([demand({ coincident: "system" })], input).lines[0]?.quantity).toBe("0.042");
  });

  test("reactive energy beyond the free share", () => {
    const flows = { import: [june(() => 1000)], reactiveImport: [june(() => 700, { channelId: "kvar" })] };
    const result = bill(
      [{ kind: "reactive", id: "r", label: "Reactive", flow: "reactiveImport", freeRatio: "0.5", rate: "0.01" }],
      juneInput(flows),
    );
    expect(result.lines[0]).toMatchObject({ quantity: "144", amount: "1.44", unit: "kvarh" });
  });

  test("critical-peak price: the event's hours at their own price, the rest at the usual one", () => {
    const events = { cpp: [{ fromMs: Date.UTC(2026, 5, 9, 16), toMs: Date.UTC(2026, 5, 9, 20) }] };
    const charges = [flat("0.2", { id: "usual", except: "cpp" }), flat("1.5", { id: "critical", during: "cpp" })];
    expect(bill(charges, juneInput({ import: [june(() => 1000)] }, { events })).lines.map((line) => line.quantity)).toEqual(["716", "4"]);
  });

  test("minimum of $0.15 a day tops energy up, and only where it is below (Oracle CC&B)", () => {
    const blocks: Charge = {
      kind: "energy",
      id: "e",
      label: "E",
      flow: "import",
      tiers: {
        basis: "month",
        tiers: [
          { upTo: "300", rate: "0.0382" },
          { upTo: null, rate: "0.0673" },
        ],
      },
    };
    const charges: Charge[] = [
      blocks,
      { kind: "minimum", id: "m", label: "Minimum", amount: "0.15", per: "day", of: ["e"] },
      { kind: "percentage", id: "state", label: "State tax", percent: "5", isTax: true },
      flat("0.001", { id: "county" }),
    ];
    expect(amounts(bill(charges, juneWith(100), { rounding: CENT }))).toEqual(["3.82", "0.68", "0.23", "0.1"]);
    expect(amounts(bill(charges, juneWith(400), { rounding: CENT }))).toEqual(["11.46", "6.73", "0.91", "0.4"]);
  });

  test("real-time price: every interval at its price, a missing price is refused, never guessed", () => {
    const prices = {
      startMs: Date.UTC(2026, 5, 1),
      intervalSeconds: 3600,
      prices: Array.from({ length: 720 }, (_, index) => (index === 5 ? "-0.05" : "0.1")),
    };
    const input = juneInput({ import: [june(() => 1000)] }, { priceSeries: { spot: prices } });
    expect(bill([flat("0", { priceSeries: "spot", priceFactor: "1.05" })], input).total).toBe("75.4425");
    const short = juneInput({ import: [june(() => 1000)] }, { priceSeries: { spot: { ...prices, prices: prices.prices.slice(0, 700) } } });
    expect(() => bill([flat("0", { priceSeries: "spot" })], short)).toThrow(/no price for 2026-06-30T04:00:00.000Z/);
  });

  test("net billing nets within the interval, net metering over the bill, and carries what is left", () => {
    const flows = {
      import: [june((_, index) => (index === 0 ? 5000 : index === 1 ? 3000 : 0))],
      export: [june((_, index) => (index === 1 ? 10_000 : 0), { channelId: "export" })],
    };
    const charges = [flat("0.3", { flow: "netImport" }), flat("-0.1", { id: "credit", flow: "netExport" })];
    expect(amounts(bill(charges, juneInput(flows), { netting: { kind: "interval", surplus: "pay" } }))).toEqual(["1.5", "-0.7"]);
    const metering = bill(charges.slice(0, 1), juneInput(flows), { netting: { kind: "billingPeriod", surplus: "kWh" } });
    expect(metering).toMatchObject({ total: "0", carried: { energyKwh: { all: "2" } } });
    const next = bill(
      charges.slice(0, 1),
      juneInput(
        { import: [june((_, index) => (index === 0 ? 5000 : 0))], export: [] },
        metering.carried === undefined ? {} : { carried: metering.carried },
      ),
      { netting: { kind: "billingPeriod", surplus: "kWh" } },
    );
    expect(next.lines[0]?.quantity).toBe("3");
    const forfeited = bill(charges, juneInput({ ...flows, export: [june(() => 1000, { channelId: "export" })] }), {
      netting: { kind: "interval", surplus: "forfeit" },
    });
    expect(forfeited.total).toBe("0");
  });

  test("times of use that only demand tells apart net together", () => {
    const twoHalves: TouCalendar = {
      periods: ["am", "pm"],
      defaultPeriod: "pm",
      schedules: [{ ranges: [{ from: "00:00", to: "12:00", period: "am" }] }],
    };
    const flows = {
      import: [june((_, index) => (index === 20 ? 9000 : 0))],
      export: [june((_, index) => (index === 10 ? 4000 : 0), { channelId: "export" })],
    };
    const netting = { kind: "billingPeriod", surplus: "kWh" } as const;
    const apart = bill([flat("0.3", { flow: "netImport" })], juneInput(flows), { calendar: twoHalves, netting });
    expect(apart).toMatchObject({ lines: [{ quantity: "9" }], carried: { energyKwh: { am: "4" } } });
    const together = bill([flat("0.3", { flow: "netImport" })], juneInput(flows), {
      calendar: twoHalves,
      netting: { ...netting, netTogether: [["am", "pm"]] },
    });
    expect(together).toMatchObject({ lines: [{ quantity: "5" }], carried: { energyKwh: {} } });
  });

  const octopus = fileURLToPath(new URL("../../../../../shared/vectors/mdm/octopus/standard-unit-rates.json", import.meta.url));
  test.skipIf(!existsSync(octopus))("Octopus unit rates: with tax is without times 1.05, negative prices too", () => {
    const { results } = JSON.parse(readFileSync(octopus, "utf8")) as {
      results: { value_exc_vat: number; value_inc_vat: number; valid_from: string }[];
    };
    for (const price of results) {
      const startMs = Date.parse(price.valid_from);
      const day = new Date(startMs).toISOString().slice(0, 10);
      const part = partOf(day, "2026-05-26", (atMs) => (atMs === startMs ? 1000 : 0), { intervalSeconds: 1800 });
      const prices = {
        startMs: dayOf(day) * 86_400_000,
        intervalSeconds: 1800,
        prices: Array.from({ length: 48 }, () => String(price.value_exc_vat)),
      };
      const charge = flat("0", { priceSeries: "agile", priceFactor: "1.05", rounding: { places: 1, mode: "halfUp" } });
      expect(Number(bill([charge], inputOf(day, "2026-05-26", { import: [part] }, { priceSeries: { agile: prices } })).total)).toBe(
        price.value_inc_vat,
      );
    }
  });
});

describe("proration", () => {
  const twoVersions = (charges: (rateText: string) => Charge[]) => ({
    ...tariffOf([]),
    versions: [
      { version: 1, effectiveFrom: "2020-01-01", charges: charges("0.1"), rounding: CENT },
      { version: 2, effectiveFrom: "2026-06-11", charges: charges("0.2"), rounding: CENT },
    ],
  });

  test("a tariff change in the middle of a cycle: each version rates its own days, monthly amounts by days", () => {
    const tariff = prepareTariff(
      twoVersions((text) => [flat(text), { kind: "fixed", id: "f", label: "Standing", amount: "9", per: "month" }]),
    );
    const result = rate(tariff, juneInput({ import: [june(() => 1000)] }));
    expect(result.lines.map((line) => [line.tariffVersion, line.chargeId, line.quantity, line.amount])).toEqual([
      [1, "energy", "240", "24"],
      [1, "f", new Money(1).times(10).div(30).toFixed(), "3"],
      [2, "energy", "480", "96"],
      [2, "f", new Money(1).times(20).div(30).toFixed(), "6"],
    ]);
  });

  test("a day without a version is refused, and so is an overlap", () => {
    expect(() => rate(prepareTariff(tariffOf([flat("1")], { effectiveTo: "2026-06-20" })), juneWith(1))).toThrow(
      /no version for 2026-06-20/,
    );
    const overlapping = twoVersions((text) => [flat(text)]);
    expect(() => prepareTariff({ ...overlapping, versions: overlapping.versions.toReversed() })).toThrow(/overlaps/);
  });

  test("a meter exchange on the day of the clock change: two meters, two multipliers, two grids, one bill", () => {
    const zone = "Europe/Berlin";
    // Summer time began on 29 March 2026 at 02:00; the exchange was at 12:00 that day.
    const exchangeMs = Date.parse("2026-03-29T10:00:00Z");
    const whole = partOf("2026-03-01", "2026-04-01", () => 250, { zone, intervalSeconds: 900, channelId: "old" });
    const cut = (exchangeMs - whole.series.startMs) / 900_000;
    const old = {
      ...whole,
      multiplier: 40,
      series: { ...whole.series, values: whole.series.values.slice(0, cut), qualities: whole.series.qualities.slice(0, cut) },
    };
    const count = (Date.parse("2026-03-31T22:00:00Z") - exchangeMs) / 1_800_000;
    const fresh = {
      channelId: "new",
      scaler: 0,
      multiplier: 1,
      blocks: [],
      series: {
        startMs: exchangeMs,
        intervalSeconds: 1800,
        values: new Float64Array(count).fill(20_000),
        qualities: new Uint16Array(count).fill(whole.series.qualities[0] ?? 0),
      },
    };
    const input = inputOf("2026-03-01", "2026-04-01", { import: [old, fresh] }, {}, zone);
    const result = bill([flat("1"), demand()], input, {}, zone);
    expect(cut).toBe(28 * 96 + 44);
    expect(result.lines[0]?.quantity).toBe(String((cut * 250 * 40 + count * 20_000) / 1000));
    expect(result.lines[1]?.quantity).toBe("40");
    expect(result.quality).toEqual({ intervals: cut + count, actual: cut + count, estimated: 0, edited: 0, failed: 0, missing: 0 });
  });

  test("whatever the cut, the parts' energy, days and months add up to the whole", () => {
    const part = june((_, index) => (index * 7919) % 5000);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 30 }), (day) => {
        const cut = `2026-06-${String(day).padStart(2, "0")}`;
        const charges: Charge[] = [
          flat("1"),
          { kind: "fixed", id: "d", label: "D", amount: "1", per: "day" },
          { kind: "fixed", id: "m", label: "M", amount: "30", per: "month" },
        ];
        const split = rate(
          prepareTariff({
            ...tariffOf([]),
            versions: [
              { version: 1, effectiveFrom: "2020-01-01", charges },
              { version: 2, effectiveFrom: cut, charges },
            ],
          }),
          juneInput({ import: [part] }),
        );
        const whole = bill(charges, juneInput({ import: [part] }));
        for (const { id } of charges) {
          const sum = (result: typeof whole) =>
            result.lines.filter((line) => line.chargeId === id).reduce((total, line) => total.plus(line.amount), new Money(0));
          expect(sum(split).minus(sum(whole)).abs().lt("1e-30")).toBe(true);
        }
      }),
    );
  });
});

describe("tiers", () => {
  test("portions add up to the quantity, none is negative, and cost grows with use", () => {
    const tiers = {
      basis: "bill",
      tiers: [
        { upTo: "100", rate: "0.1" },
        { upTo: "350.5", rate: "0.2" },
        { upTo: null, rate: "0.3" },
      ],
    } as const;
    const scale = { days: 30, months: new Money(1), kw: undefined };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (wh) => {
        const quantity = new Money(wh).div(1000);
        const portions = splitTiers(quantity, tiers, scale);
        expect(portions.reduce((sum, portion) => sum.plus(portion.quantity), new Money(0)).eq(quantity)).toBe(true);
        expect(portions.every((portion) => portion.quantity.gt(0))).toBe(true);
      }),
    );
  });
});
