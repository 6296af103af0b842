import { parseDay, startOfLocalDayMs, zoneOf } from "@amity/intervals";
import { QUALITY } from "@amity/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScratchStore } from "@amity/store";
import {
  createBilling,
  createLedger,
  createLedgerSink,
  createRegistry,
  packPins,
  unpackPins,
  type Billing,
  type Charge,
  type Ledger,
  type Registry,
  type Tariff,
} from "../../src/index.ts";
import { openLedgerScratch } from "../ledger-fixture.ts";

const zone = zoneOf("UTC");
const day = (text: string): number => parseDay(text) ?? Number.NaN;
const month = (number: number, tariffId: string) => ({
  tariffId,
  fromDay: day(`2026-${String(number).padStart(2, "0")}-01`),
  toDay: day(`2026-${String(number + 1).padStart(2, "0")}-01`),
});
const tariffOf = (id: string, charges: readonly Charge[], more: Partial<Tariff["versions"][number]> = {}): Tariff => ({
  id,
  name: id,
  currency: "EUR",
  zone: "UTC",
  versions: [{ version: 1, effectiveFrom: "2020-01-01", rounding: { places: 2, mode: "halfUp" }, charges, ...more }],
});
const ratchet: Charge = {
  kind: "demand",
  id: "demand",
  label: "Demand",
  measure: "kW",
  windowMinutes: 15,
  rate: "10",
  ratchet: { percent: "80", months: 11 },
};
const netEnergy: Charge = { kind: "energy", id: "energy", label: "Energy", flow: "netImport", rate: "0.30" };
const energy: Charge = { kind: "energy", id: "energy", label: "Energy", flow: "import", rate: "0.30" };
const yearly: Charge = { kind: "minimum", id: "yearly", label: "Yearly minimum", amount: "3000", per: "year", yearEndMonth: 4 };

describe("what earlier bills hand on, from the bills in PostgreSQL", () => {
  let scratch: ScratchStore;
  let ledger: Ledger;
  let registry: Registry;
  let billing: Billing;
  const clock = { nowMs: () => Date.UTC(2026, 6, 1) };

  /** Flat quarter-hours over a month of 2026. */
  const deliver = async (meterId: string, number: number, wattHours: number, channel = "1-0:1.8.0", scaler = 0): Promise<void> => {
    const { fromDay, toDay } = month(number, "");
    const startMs = startOfLocalDayMs(zone, fromDay);
    const count = (toDay - fromDay) * 96;
    const series = {
      meterId,
      channel,
      unit: "Wh" as const,
      scaler,
      intervalSeconds: 900,
      startMs,
      values: new Float64Array(count).fill(wattHours),
      qualities: new Uint16Array(count).fill(QUALITY.validated),
    };
    await createLedgerSink({ store: scratch.store, ledger, registry, clock }).accept([
      { source: "test", intervals: [series], registers: [], events: [] },
    ]);
  };

  beforeAll(async () => {
    scratch = await openLedgerScratch();
    ledger = createLedger(scratch.store, clock);
    registry = createRegistry(scratch.store, clock);
    billing = createBilling({ store: scratch.store, ledger, registry, clock });
    await billing.publish(tariffOf("ratchet", [ratchet]));
    await billing.publish(tariffOf("netting", [netEnergy], { netting: { kind: "billingPeriod", surplus: "kWh" } }));
    await billing.publish(tariffOf("net-intervals", [netEnergy]));
    await billing.publish(tariffOf("yearly", [energy, yearly]));
  });
  afterAll(() => scratch.close());

  test("a ratchet looks back on the demand of the issued bills, also of those made by the same call", async () => {
    await deliver("R", 1, 2500);
    await deliver("R", 2, 500);
    // The later month first: the earlier one is rated before it all the same, and the answers stand as asked.
    const [february, january] = await billing.bill([
      { usagePointId: "R", ...month(2, "ratchet") },
      { usagePointId: "R", ...month(1, "ratchet") },
    ]);
    expect(january?.bill.lines[0]).toMatchObject({ quantity: "10", amount: "100" });
    expect(february?.bill.lines[0]).toMatchObject({ quantity: "8", amount: "80" });
  });

  test("a surplus of one month lowers the next; a held bill hands nothing on and holds the one after it", async () => {
    for (const number of [1, 2, 3]) await deliver("N", number, 100);
    await deliver("N", 1, 150, "1-0:2.8.0");
    for (const number of [2, 3]) await deliver("N", number, 0, "1-0:2.8.0");
    const [january] = await billing.bill([{ usagePointId: "N", ...month(1, "netting") }]);
    const [february] = await billing.bill([{ usagePointId: "N", ...month(2, "netting") }]);
    const surplusKwh = 31 * 96 * 0.05;
    expect(Object.values(january?.bill.carried?.energyKwh ?? {}).map(Number)).toEqual([surplusKwh]);
    expect(Number(february?.bill.lines[0]?.quantity)).toBeCloseTo(28 * 96 * 0.1 - surplusKwh, 9);
    await deliver("H", 2, 100);
    const [broken, after] = await billing.bill([
      { usagePointId: "H", ...month(1, "netting") },
      { usagePointId: "H", ...month(2, "netting") },
    ]);
    expect(broken?.state).toBe("held");
    expect(after).toMatchObject({ state: "held", heldBecause: "the bill before it is held, and this one takes over from it" });
  });

  test("a yearly minimum counts the bills of the year that ends with it", async () => {
    for (const number of [2, 3, 4]) await deliver("Y", number, 1000);
    const bills = await billing.bill([2, 3, 4].map((number) => ({ usagePointId: "Y", ...month(number, "yearly") })));
    const billed = bills.slice(0, 2).reduce((sum, { bill }) => sum + Number(bill.total), 0);
    expect(billed).toBeCloseTo((28 + 31) * 96 * 0.3, 9);
    const own = 30 * 96 * 0.3;
    expect(bills[2]?.bill.lines.map(({ amount }) => Number(amount))).toEqual([own, Number((3000 - own - billed).toFixed(2))]);
    await deliver("Z", 4, 1000);
    const [alone] = await billing.bill([{ usagePointId: "Z", ...month(4, "yearly") }]);
    expect(alone?.bill.lines.map(({ amount }) => Number(amount))).toEqual([own, Number((3000 - own).toFixed(2))]);
  });

  test("a bill far above the usual waits, goes out by a person's word with a reason, and then stays out", async () => {
    for (const [number, wattHours] of [
      [1, 100],
      [2, 100],
      [3, 100],
      [4, 900],
    ] as const)
      await deliver("W", number, wattHours);
    const bills = await billing.bill([1, 2, 3, 4].map((number) => ({ usagePointId: "W", ...month(number, "ratchet") })));
    expect(bills.map(({ state }) => state)).toEqual(["issued", "issued", "issued", "held"]);
    const held = bills[3];
    if (held === undefined) throw new Error("no bill");
    expect(held.heldBecause).toMatch(/^the bill is 36, usual for 30 days is/);
    await expect(billing.release(held.billId, { author: "ann", note: " " })).rejects.toMatchObject({ code: "reason-missing" });
    const released = await billing.release(held.billId, { author: "ann", note: "new heat pump" });
    expect(released).toMatchObject({ state: "issued", issuedAtMs: clock.nowMs() });
    expect(released?.heldBecause).toMatch(/released by ann: new heat pump$/);
    expect(await billing.bill([{ usagePointId: "W", ...month(4, "ratchet") }])).toEqual([released]);
    expect(await billing.release("no such bill", { author: "ann", note: "x" })).toBeUndefined();
  });

  test("what cannot be rated is named after the rest is stored", async () => {
    await deliver("GOOD", 1, 100);
    await deliver("BAD", 1, 100);
    // Tenths of a watt-hour on one side only: net energy cannot be made of these two.
    await deliver("BAD", 1, 100, "1-0:2.8.0", -1);
    const asks = [
      { usagePointId: "BAD", ...month(1, "net-intervals") },
      { usagePointId: "GOOD", ...month(1, "ratchet") },
    ];
    await expect(billing.bill(asks)).rejects.toMatchObject({ code: "not-rated", message: expect.stringMatching(/^1 of 2 bills .*BAD: /) });
    expect(await billing.list({ usagePointId: "GOOD", limit: 5 })).toHaveLength(1);
  });

  test("pinned versions are kept as runs of days and come back day by day", () => {
    const at = (dayNumber: number, version: number, channelId = "7") => ({ channelId, dayStartMs: dayNumber * 86_400_000, version });
    const pins = [at(10, 1), at(11, 1), at(12, 2), at(13, 1), at(14, 1), at(14, 1, "8")];
    expect(packPins(pins.toReversed())).toEqual([
      ["7", 10, 2, 1],
      ["7", 12, 1, 2],
      ["7", 13, 2, 1],
      ["8", 14, 1, 1],
    ]);
    expect(unpackPins(packPins(pins))).toEqual(pins);
    expect(unpackPins(pins)).toEqual(pins);
  });
});
