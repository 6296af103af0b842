import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DAY_MS, parseDay, startOfLocalDayMs, zoneOf } from "@amity/intervals";
import { QUALITY } from "@amity/model";
import { realTimers, seededRandom } from "@amity/runtime";
import { leaseMigrations, migrate, openStore, type Store } from "@amity/store";
import {
  createBilling,
  createLedger,
  createLedgerSink,
  createRegistry,
  mdmMigrations,
  residentialTimeOfUse,
  type Billing,
} from "../src/index.ts";

const SYDNEY = zoneOf("Australia/Sydney");
const day = (text: string): number => parseDay(text) ?? Number.NaN;

describe("billing from the ledger", () => {
  let folder = "";
  let store: Store;
  let billing: Billing;
  let nowMs = Date.UTC(2026, 5, 1);
  const clock = { nowMs: () => nowMs };

  const deliver = async (meterId: string, fromMs: number, toMs: number, wattHours: number): Promise<void> => {
    const count = (toMs - fromMs) / 900_000;
    const sink = createLedgerSink({ store, ledger: createLedger(store, clock), registry: createRegistry(store, clock), clock });
    await sink.accept([
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
  const april = { tariffId: "home-tou", fromDay: day("2026-04-01"), toDay: day("2026-05-01") };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "amity-billing-"));
    // An unprivileged database server must be able to pass.
    await chmod(folder, 0o755);
    store = await openStore({ embedded: { folder, timers: realTimers, random: seededRandom(folder) } });
    await migrate(store, [leaseMigrations, mdmMigrations]);
    billing = createBilling({ store, ledger: createLedger(store, clock), registry: createRegistry(store, clock), clock });
    await billing.publish(residentialTimeOfUse("Australia/Sydney"));
  });
  afterAll(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("rates a month across the clock change by local hours, to the cent, and pins every version", async () => {
    await deliver("M1", startOfLocalDayMs(SYDNEY, april.fromDay), startOfLocalDayMs(SYDNEY, april.toDay), 250);
    const [bill] = await billing.bill([{ usagePointId: "M1", ...april }]);
    if (bill === undefined) throw new Error("no bill");
    // April 2026: 30 days, 22 weekdays (the holidays of the tariff are not in it), one day of 25 hours on Sunday the 5th.
    expect(bill.energyWh).toBe((30 * 24 + 1) * 1000);
    const kWh = Object.fromEntries(bill.bill.lines.map((line) => [line.chargeId, line.quantity]));
    expect(kWh).toMatchObject({
      supply: "30",
      peak: String(22 * 6),
      shoulder: String(22 * 9 + 8 * 15),
      "off-peak": String(22 * 9 + 8 * 9 + 1),
    });
    expect(bill.bill.pinned.length).toBe(31);
    expect(bill.state).toBe("issued");
    expect(await billing.find(bill.billId)).toEqual(bill);
  });

  it("gives the same bill back while nothing has changed, and cancels and makes it again when late data come", async () => {
    nowMs += DAY_MS;
    const [same] = await billing.bill([{ usagePointId: "M1", ...april }]);
    expect(same).toMatchObject({ revision: 1, knownAtMs: nowMs - DAY_MS });
    await deliver("M1", startOfLocalDayMs(SYDNEY, day("2026-04-20")), startOfLocalDayMs(SYDNEY, day("2026-04-21")), 500);
    const [next] = await billing.bill([{ usagePointId: "M1", ...april }]);
    expect(next).toMatchObject({ revision: 2, state: "issued", energyWh: 721_000 + 24_000 });
    const states = (await billing.list({ usagePointId: "M1", limit: 10 })).map(({ revision, state }) => [revision, state]);
    expect(states).toEqual([
      [2, "issued"],
      [1, "cancelled"],
    ]);
  });

  it("holds a bill with holes and says why; a meter exchange makes one bill of two meters", async () => {
    const from = startOfLocalDayMs(SYDNEY, april.fromDay);
    const exchange = startOfLocalDayMs(SYDNEY, day("2026-04-05")) + 2.5 * 3_600_000;
    const registry = createRegistry(store, clock);
    await registry.addUsagePoint({ usagePointId: "UP2", commodity: "electricity", timeZone: "Australia/Sydney" });
    await registry.install({ usagePointId: "UP2", meterId: "OLD", installedAtMs: from, multiplier: "1" });
    await registry.install({ usagePointId: "UP2", meterId: "NEW", installedAtMs: exchange, multiplier: "1" });
    await deliver("OLD", from, exchange, 250);
    await deliver("NEW", exchange, startOfLocalDayMs(SYDNEY, day("2026-04-30")), 250);
    const [held] = await billing.bill([{ usagePointId: "UP2", ...april }]);
    expect(held).toMatchObject({ state: "held", meterId: "NEW", heldBecause: "96 of 2884 intervals are missing (limit 0.0 %)" });
    await deliver("NEW", startOfLocalDayMs(SYDNEY, day("2026-04-30")), startOfLocalDayMs(SYDNEY, april.toDay), 250);
    const [issued] = await billing.bill([{ usagePointId: "UP2", ...april }]);
    expect(issued).toMatchObject({ state: "issued", energyWh: 721_000, revision: 2 });
    expect((await billing.list({ usagePointId: "UP2", limit: 10 })).map(({ revision, state }) => [revision, state]).toReversed()).toEqual([
      [1, "cancelled"],
      [2, "issued"],
    ]);
  });

  it("never lets a published tariff version change", async () => {
    const tariff = residentialTimeOfUse("Australia/Sydney");
    const [version] = tariff.versions;
    if (version === undefined) throw new Error("no version");
    await billing.publish(tariff);
    const changed = { ...tariff, versions: [{ ...version, charges: version.charges.slice(1) }] };
    await expect(billing.publish(changed)).rejects.toMatchObject({ code: "tariff-changed" });
    await billing.publish({ ...tariff, versions: [version, { ...version, version: 2, effectiveFrom: "2026-07-01" }] });
  });
});
