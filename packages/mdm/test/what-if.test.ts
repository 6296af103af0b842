import { DAY_MS, parseDay, zoneOf } from "@amity/intervals";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seededRandom } from "@amity/runtime";
import type { ScratchStore } from "@amity/store";
import {
  backTestStored,
  compileRuleSet,
  createBilling,
  createExceptionQueue,
  createLedger,
  createLedgerSink,
  createRegistry,
  dryRunStored,
  rehearseOne,
  rehearseStored,
  reviewDays,
  STANDARD_ESTIMATION_PLAN,
  STANDARD_RULE_SET,
  type ChannelDay,
  type DryRunParts,
  type Tariff,
} from "../src/index.ts";
import { deliveryOf, openLedgerScratch, seriesOf } from "./ledger-fixture.ts";

const START = Date.UTC(2026, 5, 1);
const clock = { nowMs: () => START + 30 * DAY_MS };
const [fromDay, toDay] = [parseDay("2026-06-01") ?? 0, parseDay("2026-06-11") ?? 0];
const tariffOf = (rate: string): Tariff => ({
  id: `flat ${rate}`,
  name: "Flat",
  currency: "EUR",
  zone: "UTC",
  versions: [
    {
      version: 1,
      effectiveFrom: "2020-01-01",
      rounding: { places: 2, mode: "halfUp" },
      charges: [{ kind: "energy", id: "energy", label: "Energy", flow: "import", rate }],
    },
  ],
});

describe("what would be, over what is stored", () => {
  let scratch: ScratchStore;
  let parts: DryRunParts;
  const versionsStored = async () => (await scratch.store.query("select 1 from mdm.interval_block")).rowCount;

  beforeAll(async () => {
    scratch = await openLedgerScratch();
    const ledger = createLedger(scratch.store, clock);
    const exceptions = createExceptionQueue(scratch.store, clock);
    const ruleSet = compileRuleSet(STANDARD_RULE_SET);
    const registry = createRegistry(scratch.store, clock);
    parts = { store: scratch.store, ledger, exceptions, registry, clock, ruleSet, plan: STANDARD_ESTIMATION_PLAN, zone: zoneOf("UTC") };
    const changed: ChannelDay[] = [];
    const sink = createLedgerSink({ store: scratch.store, ledger, registry, clock, onStored: (stored) => changed.push(...stored.changed) });
    const sound = Array.from({ length: 10 * 96 }, (_, slot) => 100 + ((slot * 31) % 17));
    const negative = sound.map((value, slot) => (slot === 9 * 96 + 10 ? -300 : value));
    await sink.accept([deliveryOf(seriesOf("SOUND", START, sound), seriesOf("NEGATIVE", START, negative))]);
    await reviewDays(parts, changed);
    const billing = createBilling(parts);
    await billing.publish(tariffOf("1"));
    await billing.bill(["SOUND", "NEGATIVE"].map((usagePointId) => ({ usagePointId, tariffId: "flat 1", fromDay, toDay })));
  });
  afterAll(() => scratch.close());

  test("a rule set without a rule finds less in what was delivered, and the bill that it changes is named with its amount", async () => {
    const channels = await parts.registry.channelsOf(["SOUND", "NEGATIVE"]);
    const negative = channels.find(({ meterId }) => meterId === "NEGATIVE")?.channelId;
    const rules = STANDARD_RULE_SET.rules.filter(({ id }) => id !== "negative");
    const before = await versionsStored();
    const progress: number[] = [];
    const report = await dryRunStored(
      parts,
      {
        candidate: compileRuleSet({ ...STANDARD_RULE_SET, version: 2, rules }),
        channelIds: channels.map(({ channelId }) => channelId),
        fromDayMs: START,
        toDayMs: START + 10 * DAY_MS,
      },
      { onProgress: (done, total) => progress.push(done / total), isCancelled: () => false },
    );
    expect(progress).toEqual([0, 1]);
    expect(report).toMatchObject({ channels: 2, intervals: 2 * 960, channelsChanged: 1, billsTried: 2, billsChanged: 1 });
    // The estimate was put there by the review; what is judged again is the value that came.
    expect(report?.rules.find(({ ruleId }) => ruleId === "negative")).toMatchObject({ current: 1, candidate: 0, onlyCurrent: 1 });
    expect(report?.bills).toMatchObject([{ channelId: String(negative), billId: "NEGATIVE-2026-06-01-flat 1-1" }]);
    expect(report?.differences).toEqual([{ channelId: String(negative), ruleId: "negative", onlyCurrent: 1, onlyCandidate: 0 }]);
    expect(Number(report?.billsDifference)).toBeCloseTo(-0.41, 1);
    expect(await versionsStored()).toBe(before);
  });

  test("a bill that is not wholly within the time is not compared, and a run that nobody wants any more ends without a report", async () => {
    const channelIds = (await parts.registry.channelsOf(["NEGATIVE"])).map(({ channelId }) => channelId);
    const candidate = compileRuleSet({ ...STANDARD_RULE_SET, version: 2, rules: STANDARD_RULE_SET.rules.slice(0, 3) });
    const ask = { candidate, channelIds, fromDayMs: START + DAY_MS, toDayMs: START + 10 * DAY_MS };
    expect(await dryRunStored(parts, ask)).toMatchObject({ channels: 1, channelsChanged: 1, billsTried: 0, bills: [] });
    expect(await dryRunStored(parts, ask, { onProgress: () => undefined, isCancelled: () => true })).toBeUndefined();
    const tooMuch = { ...ask, fromDayMs: START - 3_000_000 * DAY_MS };
    await expect(dryRunStored(parts, tooMuch)).rejects.toMatchObject({ code: "limit" });
  });

  test("a tariff is rehearsed on stored usage and nothing is stored", async () => {
    const ask = { current: tariffOf("0.30"), candidate: tariffOf("0.33"), usagePointIds: ["SOUND", "NEGATIVE"], fromDay, toDay };
    const bills = async () => (await scratch.store.query("select 1 from mdm.bill")).rowCount;
    const before = await bills();
    const report = await rehearseStored(parts, ask);
    expect(report).toMatchObject({ points: 2, more: 2, less: 0, failed: [] });
    expect(report?.ranked.map(({ usagePointId }) => usagePointId).toSorted()).toEqual(["NEGATIVE", "SOUND"]);
    expect(Number(report?.totalCandidate) / Number(report?.totalCurrent)).toBeCloseTo(1.1, 3);
    const one = await rehearseOne(parts, { ...ask, usagePointIds: ["SOUND"] });
    const ranked = report?.ranked.find(({ usagePointId }) => usagePointId === "SOUND");
    expect([one?.current.total, one?.candidate.total]).toEqual([ranked?.current, ranked?.candidate]);
    expect(await bills()).toBe(before);
    const tooMany = { ...ask, usagePointIds: Array.from({ length: 20_001 }, (_, index) => `U${index}`) };
    await expect(rehearseStored(parts, tooMany)).rejects.toMatchObject({ code: "limit" });
    const elsewhere = { ...ask, candidate: { ...tariffOf("0.33"), zone: "Europe/Berlin" } };
    await expect(rehearseStored(parts, elsewhere)).rejects.toMatchObject({ code: "tariff-zones" });
  });

  test("estimators are scored on what was measured, by class and length of the hole", async () => {
    const channelIds = (await parts.registry.channelsOf(["SOUND"])).map(({ channelId }) => channelId);
    const time = { fromDayMs: START, toDayMs: START + 10 * DAY_MS };
    const ask = { ...time, channelIds, holeMinutes: [15, 20, 60], holesEach: 6, random: seededRandom("holes") };
    const classes = await backTestStored(parts, ask);
    expect(classes).toMatchObject([
      { channelClass: "residential", commodity: "electricity", unit: "Wh", intervalSeconds: 900, channels: 1 },
    ]);
    // Twenty minutes are no whole number of quarter-hours.
    expect([...new Set(classes?.[0]?.report.scores.map(({ holeIntervals }) => holeIntervals))]).toEqual([1, 4]);
    const linear = classes?.[0]?.report.scores.find(({ estimator, holeIntervals }) => estimator === "linear" && holeIntervals === 1);
    expect(linear).toMatchObject({ filled: 6, notApplicable: 0 });
    expect(linear?.meanAbsoluteError).toBeGreaterThan(0);
    expect(linear?.meanAbsoluteError).toBeLessThan(17);
    const same = await backTestStored(parts, { ...ask, random: seededRandom("holes") });
    expect(same).toEqual(classes);
  });
});
