import { DAY_MS, parseDay, spanOf, startOfLocalDayMs, zoneOf } from "@amity/intervals";
import { QUALITY } from "@amity/model";
import { realTimers, seededRandom } from "@amity/runtime";
import { leaseMigrations, migrate, openScratchStore, type ScratchStore } from "@amity/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  cancellationOf,
  changedPins,
  compareBills,
  createBilling,
  createLedger,
  createLedgerSink,
  createRegistry,
  intervalsBehind,
  mdmMigrations,
  prepareTariff,
  rate,
  readUsage,
  type Bill,
  type Billing,
  type Ledger,
  type Registry,
  type StoredBill,
  type Tariff,
  type UsagePart,
} from "../../src/index.ts";

const zone = zoneOf("Europe/Berlin");
const day = (text: string): number => parseDay(text) ?? Number.NaN;
const at = (text: string): number => startOfLocalDayMs(zone, day(text));
const energy = (rateText: string) => ({ kind: "energy" as const, id: "energy", label: "Energy", flow: "import" as const, rate: rateText });
const tariff: Tariff = {
  id: "home",
  name: "Home",
  currency: "EUR",
  zone: "Europe/Berlin",
  versions: [
    {
      version: 1,
      effectiveFrom: "2020-01-01",
      rounding: { places: 2, mode: "halfUp" },
      charges: [energy("0.30"), { kind: "demand", id: "demand", label: "Demand", measure: "kW", windowMinutes: 15, rate: "2" }],
    },
    {
      version: 2,
      effectiveFrom: "2026-05-11",
      rounding: { places: 2, mode: "halfUp" },
      charges: [energy("0.40"), { kind: "fixed", id: "standing", label: "Standing", amount: "0.5", per: "day" }],
    },
  ],
};
const march = { tariffId: "home", fromDay: day("2026-03-01"), toDay: day("2026-04-01") };
const april = { tariffId: "home", fromDay: day("2026-04-01"), toDay: day("2026-05-01") };
const may = { tariffId: "home", fromDay: day("2026-05-01"), toDay: day("2026-06-01") };

describe("from the delivered interval to the bill and back, in PostgreSQL", () => {
  let scratch: ScratchStore;
  let ledger: Ledger;
  let registry: Registry;
  let billing: Billing;
  let nowMs = Date.UTC(2026, 5, 2);
  const clock = { nowMs: () => nowMs };

  const deliver = async (meterId: string, fromMs: number, toMs: number, wattHours: number): Promise<void> => {
    const count = (toMs - fromMs) / 900_000;
    await createLedgerSink({ store: scratch.store, ledger, registry, clock }).accept([
      {
        source: "test",
        intervals: [
          {
            meterId,
            channel: "1-0:1.8.0",
            unit: "Wh",
            scaler: 0,
            intervalSeconds: 900,
            startMs: fromMs,
            values: new Float64Array(count).fill(wattHours),
            qualities: new Uint16Array(count).fill(QUALITY.validated),
          },
        ],
        registers: [],
        events: [],
      },
    ]);
  };
  const billOf = async (usagePointId: string, period: typeof march): Promise<StoredBill> => {
    const [bill] = await billing.bill([{ usagePointId, ...period }]);
    if (bill === undefined) throw new Error("no bill");
    return bill;
  };
  /** The usage exactly as the bill saw it: the versions that it pins. */
  const pinnedParts = async (bill: Bill, fromMs: number, toMs: number): Promise<readonly UsagePart[]> => {
    const stored = await ledger.pinned(
      bill.pinned.map((pin) => ({ channelId: Number(pin.channelId), dayStartMs: pin.dayStartMs, version: pin.version })),
    );
    const series = spanOf(
      stored.map(({ block }) => block),
      { fromMs, toMs, intervalSeconds: 900 },
    );
    return [{ channelId: bill.pinned[0]?.channelId ?? "", series, scaler: 0, multiplier: 1, blocks: bill.pinned }];
  };

  beforeAll(async () => {
    scratch = await openScratchStore({ timers: realTimers, random: seededRandom(`e2e ${process.pid}`) });
    await migrate(scratch.store, [leaseMigrations, mdmMigrations]);
    ledger = createLedger(scratch.store, clock);
    registry = createRegistry(scratch.store, clock);
    billing = createBilling({ store: scratch.store, ledger, registry, clock });
    await billing.publish(tariff);
  });
  afterAll(() => scratch.close());

  test("a tariff change in the middle of a cycle: each version rates its own days from the ledger", async () => {
    await deliver("M1", at("2026-05-01"), at("2026-06-01"), 250);
    const { bill } = await billOf("M1", may);
    expect(bill.lines.map((line) => [line.tariffVersion, line.chargeId, line.quantity, line.amount])).toEqual([
      [1, "energy", "240", "72"],
      [1, "demand", "1", "0.65"],
      [2, "energy", "504", "201.6"],
      [2, "standing", "21", "10.5"],
    ]);
    const usage = (await readUsage({ store: scratch.store, ledger, registry }, [{ usagePointId: "M1", ...may, zone }]))[0];
    const line = bill.lines[2];
    if (usage === undefined || line === undefined) throw new Error("nothing to trace");
    const behind = intervalsBehind(line, bill, prepareTariff(tariff), { usagePointId: "M1", ...may, usage });
    expect(behind).toHaveLength(21 * 96);
    expect(behind[0]).toMatchObject({ atMs: at("2026-05-11"), counts: 250, version: 1 });
  });

  test("a meter exchange on the day of the clock change: 23 hours, two meters, one bill, no interval lost or counted twice", async () => {
    const exchange = at("2026-03-29") + 10.25 * 3_600_000;
    await registry.addUsagePoint({ usagePointId: "UP", commodity: "electricity", timeZone: "Europe/Berlin" });
    await registry.install({ usagePointId: "UP", meterId: "OLD", installedAtMs: at("2026-03-01"), multiplier: "1" });
    await registry.install({ usagePointId: "UP", meterId: "NEW", installedAtMs: exchange, multiplier: "10" });
    await deliver("OLD", at("2026-03-01"), exchange, 100);
    // The old meter ran on the bench after its removal: none of that is the customer's.
    await deliver("OLD", exchange, exchange + DAY_MS, 9999);
    await deliver("NEW", exchange, at("2026-04-01"), 20);
    const { bill, state } = await billOf("UP", march);
    const before = (exchange - at("2026-03-01")) / 900_000;
    const after = (at("2026-04-01") - exchange) / 900_000;
    expect(before + after).toBe(31 * 96 - 4);
    expect(state).toBe("issued");
    expect(bill.quality).toMatchObject({ intervals: 31 * 96 - 4, missing: 0 });
    expect(bill.lines.map((line) => line.quantity)).toEqual([String((before * 100 + after * 200) / 1000), "0.8"]);
  });

  test("cancel and rebill: late data change a locked version, the old bill is turned round and the new one stands", async () => {
    await deliver("M2", at("2026-04-01"), at("2026-05-01"), 100);
    const first = await billOf("M2", april);
    nowMs += DAY_MS;
    await deliver("M2", at("2026-04-10"), at("2026-04-11"), 300);
    const second = await billOf("M2", april);
    expect([first.revision, second.revision, (await billing.find(first.billId))?.state, second.state]).toEqual([
      1,
      2,
      "cancelled",
      "issued",
    ]);
    const sum = Number(first.bill.total) + Number(cancellationOf(first.bill).total) + Number(second.bill.total);
    expect(sum).toBeCloseTo(Number(second.bill.total), 9);
    expect(compareBills(first.bill, second.bill)).toMatchObject({
      lines: [
        { chargeId: "energy", quantityBefore: "288", quantityAfter: "307.2", difference: "5.76" },
        { chargeId: "demand", quantityBefore: "0.4", quantityAfter: "1.2", difference: "1.6" },
      ],
      difference: "7.36",
    });
  });

  test("a late correction to a locked bill: what was billed can be shown for ever, and the correction is found by its versions", async () => {
    await deliver("M3", at("2026-04-01"), at("2026-05-01"), 100);
    const locked = await billOf("M3", april);
    nowMs += DAY_MS;
    await deliver("M3", at("2026-04-20"), at("2026-04-20") + 3_600_000, 0);
    // The locked bill is not touched by the correction; its own versions give it again to the cent.
    expect(await billing.find(locked.billId)).toEqual(locked);
    const usage = {
      fromMs: at("2026-04-01"),
      toMs: at("2026-05-01"),
      flows: { import: await pinnedParts(locked.bill, at("2026-04-01"), at("2026-05-01")) },
    };
    const again = rate(prepareTariff(tariff), { usagePointId: "M3", ...april, usage });
    expect(again.lines).toEqual(locked.bill.lines);
    // Which of its versions are no longer current: the UTC day that the corrected hour falls into.
    const current = await ledger.blocks({
      channelIds: [Number(locked.bill.pinned[0]?.channelId)],
      fromDayMs: at("2026-04-01") - DAY_MS,
      toDayMs: at("2026-05-01") + DAY_MS,
    });
    const versions = new Map(current.map((stored) => [stored.block.dayStartMs, stored.version]));
    expect(changedPins(locked.bill, (pin) => versions.get(pin.dayStartMs) ?? 0)).toEqual([
      { channelId: locked.bill.pinned[0]?.channelId, dayStartMs: Date.UTC(2026, 3, 19), billedVersion: 1, currentVersion: 2 },
    ]);
    const corrected = await billOf("M3", april);
    expect(compareBills(locked.bill, corrected.bill).difference).toBe("-0.12");
  });
});
