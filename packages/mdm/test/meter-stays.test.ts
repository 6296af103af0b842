import { DAY_MS, parseDay, zoneOf } from "@amity/intervals";
import type { IntervalSeries } from "@amity/model";
import type { ScratchStore } from "@amity/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLedger, createLedgerSink, createRegistry, readUsage, usageTotals, type Ledger, type Registry } from "../src/index.ts";
import { deliveryOf, openLedgerScratch, seriesOf } from "./ledger-fixture.ts";

const START = Date.UTC(2026, 5, 1);
const [fromDay, toDay] = [parseDay("2026-06-01") ?? 0, parseDay("2026-06-05") ?? 0];
const zone = zoneOf("UTC");
const clock = { nowMs: () => START + 30 * DAY_MS };

describe("how a meter stands at its usage point", () => {
  let scratch: ScratchStore;
  let ledger: Ledger;
  let registry: Registry;
  const flat = (value: number): number[] => Array.from({ length: 4 * 96 }, () => value);
  const usageOf = async (usagePointId: string) => {
    const [usage] = await readUsage({ store: scratch.store, ledger, registry }, [{ usagePointId, fromDay, toDay, zone }]);
    if (usage === undefined) throw new Error("no usage");
    return usage;
  };
  const deliver = (...series: IntervalSeries[]): Promise<void> =>
    createLedgerSink({ store: scratch.store, ledger, registry, clock }).accept([deliveryOf(...series)]);

  beforeAll(async () => {
    scratch = await openLedgerScratch();
    ledger = createLedger(scratch.store, clock);
    registry = createRegistry(scratch.store, clock);
  });
  afterAll(() => scratch.close());

  test("a change of current transformers is two stays of one meter: each interval counts once, by the multiplier of its time", async () => {
    await registry.addUsagePoint({ usagePointId: "CT", commodity: "electricity", timeZone: "UTC" });
    await registry.install({ usagePointId: "CT", meterId: "M1", installedAtMs: START - DAY_MS, multiplier: "20" });
    await registry.install({ usagePointId: "CT", meterId: "M1", installedAtMs: START + DAY_MS, multiplier: "40" });
    await deliver(seriesOf("M1", START, flat(10)));
    const usage = await usageOf("CT");
    expect(usage.flows.import?.map(({ multiplier, series }) => [multiplier, series.values.length])).toEqual([
      [20, 96],
      [40, 3 * 96],
    ]);
    expect(usageTotals(usage).importWh).toBe(96 * 10 * 20 + 3 * 96 * 10 * 40);
    expect((await registry.installationsOf("CT")).map(({ multiplier, removedAtMs }) => [multiplier, removedAtMs])).toEqual([
      ["20", START + DAY_MS],
      ["40", undefined],
    ]);
  });

  test("a meter that comes to another usage point leaves the one where it was", async () => {
    await registry.install({ usagePointId: "HERE", meterId: "M2", installedAtMs: START - DAY_MS, multiplier: "1" });
    await registry.install({ usagePointId: "THERE", meterId: "M2", installedAtMs: START + 2 * DAY_MS, multiplier: "1" });
    await deliver(seriesOf("M2", START, flat(5)));
    expect([usageTotals(await usageOf("HERE")).importWh, usageTotals(await usageOf("THERE")).importWh]).toEqual([2 * 96 * 5, 2 * 96 * 5]);
  });

  test("a meter that was connected the wrong way round counts import as export until it was turned", async () => {
    await registry.install({ usagePointId: "TURNED", meterId: "M3", installedAtMs: START - DAY_MS, multiplier: "1", isReversed: true });
    await registry.install({ usagePointId: "TURNED", meterId: "M3", installedAtMs: START + 3 * DAY_MS, multiplier: "1" });
    await deliver(seriesOf("M3", START, flat(0)), { ...seriesOf("M3", START, flat(7)), channel: "1-0:2.8.0" });
    const { flows } = await usageOf("TURNED");
    const sums = (parts: typeof flows.import): number[] =>
      (parts ?? []).map(({ series }) => series.values.reduce((sum, value) => sum + value, 0));
    expect(sums(flows.import)).toEqual([3 * 96 * 7, 0]);
    expect(sums(flows.export)).toEqual([0, 96 * 7]);
    expect((await registry.installationsOf("TURNED")).map(({ isReversed }) => isReversed === true)).toEqual([true, false]);
  });
});
