import { DAY_MS, parseDay, startOfLocalDayMs, zoneOf } from "@amity/intervals";
import { QUALITY, type IntervalSeries, type RegisterReading, type Unit } from "@amity/model";
import type { ScratchStore } from "@amity/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createBilling,
  createGasParameters,
  createLedger,
  createLedgerSink,
  createRegistry,
  districtHeating,
  intervalsBehind,
  jointBillOf,
  prepareTariff,
  readUsage,
  residentialGas,
  residentialWater,
  type BillAsk,
} from "../../src/index.ts";
import { openLedgerScratch } from "../ledger-fixture.ts";

const ZONE = "Australia/Sydney";
const SYDNEY = zoneOf(ZONE);
const place = { zone: ZONE };
const day = (text: string): number => parseDay(text) ?? Number.NaN;
const at = (text: string): number => startOfLocalDayMs(SYDNEY, day(text));

describe("bills of gas, water and heat from the ledger", () => {
  let scratch: ScratchStore;
  let nowMs = at("2026-06-02");
  const clock = { nowMs: () => nowMs };
  const parts = () => {
    const ledger = createLedger(scratch.store, clock);
    const registry = createRegistry(scratch.store, clock);
    return { store: scratch.store, ledger, registry, clock };
  };
  const hours = (meterId: string, channel: string, unit: Unit, each: number): IntervalSeries => {
    const count = (at("2026-06-01") - at("2026-05-01")) / 3_600_000;
    const values = new Float64Array(count).fill(each);
    const qualities = new Uint16Array(count).fill(QUALITY.validated);
    return { meterId, channel, unit, scaler: unit === "m3" ? -3 : 0, intervalSeconds: 3600, startMs: at("2026-05-01"), values, qualities };
  };
  const deliver = (intervals: IntervalSeries[], registers: RegisterReading[] = []) =>
    createLedgerSink(parts()).accept([{ source: "test", intervals, registers, events: [] }]);
  const may = (usagePointId: string, tariffId: string): BillAsk => ({
    usagePointId,
    tariffId,
    fromDay: day("2026-05-01"),
    toDay: day("2026-06-01"),
  });
  const calorific = (kwhPerM3: string) =>
    createGasParameters(scratch.store, clock).keepCalorificValues(
      "north",
      Array.from({ length: 40 }, (_, index) => ({ day: day("2026-04-25") + index, kwhPerM3 })),
      "network",
    );

  beforeAll(async () => {
    scratch = await openLedgerScratch();
    const { registry } = parts();
    const billing = createBilling(parts());
    for (const tariff of [residentialGas(place), residentialWater(place), districtHeating(place)]) await billing.publish(tariff);
    const home = { timeZone: ZONE, premisesId: "P1", customerId: "C1" };
    for (const [usagePointId, commodity] of [
      ["UP-G", "gas"],
      ["UP-W", "water"],
      ["UP-H", "heat"],
    ] as const) {
      await registry.addUsagePoint({ usagePointId, commodity, ...home });
      await registry.install({ usagePointId, meterId: usagePointId.replace("UP-", "M"), installedAtMs: at("2026-01-01"), multiplier: "1" });
    }
    await deliver([
      hours("MG", "7-0:3.0.0", "m3", 250),
      hours("MW", "8-0:1.0.0", "m3", 20),
      hours("MH", "6-0:1.0.0", "Wh", 900),
      hours("MH", "6-0:2.0.0", "m3", 40),
    ]);
  });
  afterAll(() => scratch.close());

  it("holds no gas bill back quietly: without calorific values it says what is missing", async () => {
    await expect(createBilling(parts()).bill([may("UP-G", "home-gas")])).rejects.toThrow(
      /no calorific value for the gas of 2026-04-30T14:00/,
    );
  });

  it("bills gas by the energy of each gas day, and again when a calorific value is corrected", async () => {
    await createGasParameters(scratch.store, clock).keepSites(
      [{ usagePointId: "UP-G", fromDay: day("2026-01-01"), zoneId: "north", conditions: { altitudeM: "50" } }],
      "network",
    );
    expect(await calorific("10.9")).toBe(40);
    expect(await calorific("10.9")).toBe(0);
    const [bill] = await createBilling(parts()).bill([may("UP-G", "home-gas")]);
    // 744 h of 0.25 m3 are 186 m3; z = 273.15/288.15 x 1032/1013.25 = 0.9655.
    expect(bill?.bill).toMatchObject({ commodity: "gas", volumeM3: "186" });
    expect(bill?.energyWh).toBe(Math.round(186 * 0.9655 * 10.9 * 1000));
    expect(bill?.bill.lines[1]?.trace.steps).toEqual(["186 m³ × 0.9655 volume factor × 10.9 kWh/m³ = 1957.4547 kWh"]);
    nowMs += DAY_MS;
    expect(await calorific("11.0")).toBe(40);
    const [next] = await createBilling(parts()).bill([may("UP-G", "home-gas")]);
    expect(next).toMatchObject({ revision: 2, energyWh: Math.round(186 * 0.9655 * 11 * 1000) });
    // What was known at the first bill is still what it was made of.
    const [then] = await readUsage(parts(), [{ ...may("UP-G", ""), zone: SYDNEY, asOfMs: bill?.knownAtMs ?? 0 }]);
    expect(then?.flows.volume?.[0]?.energyFactors?.[0]).toMatchObject({ volumeFactor: "0.9655", kwhPerM3: "10.9" });
  });

  it("bills water by cubic metres with sewage as a share, every line with its intervals", async () => {
    const [bill] = await createBilling(parts()).bill([may("UP-W", "home-water")]);
    expect(bill).toMatchObject({ state: "issued", energyWh: 0, bill: { commodity: "water", volumeM3: "14.88" } });
    expect(bill?.bill.lines.map(({ chargeId, quantity, unit }) => [chargeId, quantity, unit])).toEqual([
      ["service", "31", "day"],
      ["water", "14.88", "m3"],
      ["sewage", "11.16", "m3"],
    ]);
    const [usage] = await readUsage(parts(), [{ ...may("UP-W", ""), zone: SYDNEY }]);
    const input = { ...may("UP-W", ""), usage: usage! };
    const behind = intervalsBehind(bill!.bill.lines[2]!, bill!.bill, prepareTariff(residentialWater(place)), input);
    expect(behind).toHaveLength(744);
    expect(behind[0]).toMatchObject({ counts: 20, version: 1 });
  });

  it("bills heat by megawatt-hours and its highest hour", async () => {
    const [bill] = await createBilling(parts()).bill([may("UP-H", "home-heat")]);
    expect(bill?.bill.lines.map(({ chargeId, quantity, unit }) => [chargeId, quantity, unit]).slice(1, 3)).toEqual([
      ["heat", "0.6696", "MWh"],
      ["capacity", "0.9", "kW"],
    ]);
    expect(bill).toMatchObject({ energyWh: 669_600, bill: { commodity: "heat", volumeM3: "29.76" } });
  });

  it("puts a customer's bills of one time together", async () => {
    const { registry } = parts();
    const billing = createBilling(parts());
    const joint = await jointBillOf({ registry, billing }, { customerId: "C1", afterDay: day("2026-05-01"), untilDay: day("2026-06-01") });
    expect(joint?.parts.map(({ commodity, bill }) => [commodity, bill.state])).toEqual([
      ["gas", "issued"],
      ["heat", "issued"],
      ["water", "issued"],
    ]);
    const cents = (joint?.parts ?? []).reduce((sum, { bill }) => sum + Math.round(Number(bill.bill.total) * 100), 0);
    expect(Math.round(Number(joint?.total) * 100)).toBe(cents);
    expect(joint).toMatchObject({ state: "issued", missing: [], currency: "AUD" });
    await registry.addUsagePoint({ usagePointId: "UP-E", commodity: "electricity", timeZone: ZONE, customerId: "C1" });
    const later = await jointBillOf({ registry, billing }, { customerId: "C1", afterDay: day("2026-05-01"), untilDay: day("2026-06-01") });
    expect(later?.missing).toEqual([{ usagePointId: "UP-E", commodity: "electricity" }]);
    expect(await jointBillOf({ registry, billing }, { premisesId: "elsewhere", afterDay: 0, untilDay: 99_999 })).toBeUndefined();
  });

  it("bills a meter that gives registers alone by the advance between its best reads", async () => {
    const { registry } = parts();
    await registry.addUsagePoint({ usagePointId: "UP-R", commodity: "water", timeZone: ZONE });
    await registry.install({ usagePointId: "UP-R", meterId: "MR", installedAtMs: at("2026-01-01"), multiplier: "1" });
    const read = (atMs: number, value: bigint): RegisterReading => ({
      meterId: "MR",
      channel: "8-0:1.0.0",
      unit: "m3",
      scaler: -3,
      atMs,
      value,
      quality: QUALITY.validated,
    });
    // Walked by at midnight of May, and some days before and after its end: the end is between them by time.
    await deliver([], [read(at("2026-05-01"), 100_000n), read(at("2026-05-30"), 110_000n), read(at("2026-06-03"), 114_000n)]);
    const [bill] = await createBilling(parts()).bill([may("UP-R", "home-water")]);
    expect(bill?.bill).toMatchObject({ volumeM3: "12" });
    expect(bill?.bill.quality).toMatchObject({ intervals: 744, missing: 0 });
  });

  it("bills the converted gas volume where a meter gives both, not their sum", async () => {
    const { registry } = parts();
    await registry.addUsagePoint({ usagePointId: "UP-2", commodity: "gas", timeZone: ZONE });
    await registry.install({ usagePointId: "UP-2", meterId: "M2", installedAtMs: at("2026-01-01"), multiplier: "1" });
    await createGasParameters(scratch.store, clock).keepSites(
      [{ usagePointId: "UP-2", fromDay: 0, zoneId: "north", conditions: {} }],
      "network",
    );
    await deliver([hours("M2", "7-0:3.0.0", "m3", 100), hours("M2", "7-0:3.2.0", "m3", 96)]);
    const [bill] = await createBilling(parts()).bill([may("UP-2", "home-gas")]);
    expect(bill?.bill.volumeM3).toBe("71.424");
    expect(bill?.bill.lines[1]?.trace.steps).toEqual(["71.424 m³ × 1 volume factor × 11 kWh/m³ = 785.664 kWh"]);
  });

  it("bills intervals rather than a register that is only shown beside them", async () => {
    const { registry } = parts();
    await registry.addUsagePoint({ usagePointId: "UP-3", commodity: "gas", timeZone: ZONE });
    await registry.install({ usagePointId: "UP-3", meterId: "M3", installedAtMs: at("2026-01-01"), multiplier: "1" });
    await createGasParameters(scratch.store, clock).keepSites(
      [{ usagePointId: "UP-3", fromDay: 0, zoneId: "north", conditions: {} }],
      "network",
    );
    const shown = (atMs: number, value: bigint): RegisterReading => ({
      meterId: "M3",
      channel: "7-0:3.2.0",
      unit: "m3",
      scaler: -3,
      atMs,
      value,
      quality: QUALITY.validated,
    });
    await deliver([hours("M3", "7-0:3.0.0", "m3", 100)], [shown(at("2026-05-01"), 0n), shown(at("2026-06-01"), 71_000n)]);
    const [bill] = await createBilling(parts()).bill([may("UP-3", "home-gas")]);
    expect(bill?.bill).toMatchObject({ volumeM3: "74.4", quality: { intervals: 744, actual: 744 } });
  });
});
