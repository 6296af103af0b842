import { DAY_MS, parseDay, zoneOf } from "@amity/intervals";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScratchStore } from "@amity/store";
import {
  compileRuleSet,
  createExceptionQueue,
  createLedger,
  createLedgerSink,
  createRegistry,
  dryRunStored,
  rehearseStored,
  reviewDays,
  STANDARD_ESTIMATION_PLAN,
  STANDARD_RULE_SET,
  type ChannelDay,
  type ReviewParts,
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
  let parts: ReviewParts;
  const versionsStored = async () => (await scratch.store.query("select 1 from mdm.interval_block")).rowCount;

  beforeAll(async () => {
    scratch = await openLedgerScratch();
    const ledger = createLedger(scratch.store, clock);
    const exceptions = createExceptionQueue(scratch.store, clock);
    const ruleSet = compileRuleSet(STANDARD_RULE_SET);
    parts = { store: scratch.store, ledger, exceptions, clock, ruleSet, plan: STANDARD_ESTIMATION_PLAN, zone: zoneOf("UTC") };
    const changed: ChannelDay[] = [];
    const registry = createRegistry(scratch.store, clock);
    const sink = createLedgerSink({ store: scratch.store, ledger, registry, clock, onStored: (stored) => changed.push(...stored.changed) });
    const sound = Array.from({ length: 10 * 96 }, (_, slot) => 100 + ((slot * 31) % 17));
    const negative = sound.map((value, slot) => (slot === 9 * 96 + 10 ? -300 : value));
    await sink.accept([deliveryOf(seriesOf("SOUND", START, sound), seriesOf("NEGATIVE", START, negative))]);
    await reviewDays(parts, changed);
  });
  afterAll(() => scratch.close());

  test("a rule set without a rule finds less in what was delivered, and the bill that it changes is named with its amount", async () => {
    const channels = await createRegistry(scratch.store, clock).channelsOf(["SOUND", "NEGATIVE"]);
    const negative = channels.find(({ meterId }) => meterId === "NEGATIVE")?.channelId;
    const rules = STANDARD_RULE_SET.rules.filter(({ id }) => id !== "negative");
    const before = await versionsStored();
    const report = await dryRunStored(parts, {
      candidate: compileRuleSet({ ...STANDARD_RULE_SET, version: 2, rules }),
      channelIds: channels.map(({ channelId }) => channelId),
      fromDayMs: START,
      toDayMs: START + 10 * DAY_MS,
      tariff: tariffOf("1"),
    });
    expect(report).toMatchObject({ channels: 2, intervals: 2 * 960, channelsChanged: 1, billsChanged: 1 });
    // The estimate was put there by the review; what is judged again is the value that came.
    expect(report.rules.find(({ ruleId }) => ruleId === "negative")).toMatchObject({ current: 1, candidate: 0, onlyCurrent: 1 });
    expect(report.bills).toMatchObject([{ channelId: String(negative) }]);
    expect(Number(report.billsDifference)).toBeCloseTo(-0.41, 1);
    expect(await versionsStored()).toBe(before);
  });

  test("a tariff is rehearsed on stored usage and nothing is stored", async () => {
    const ask = { current: tariffOf("0.30"), candidate: tariffOf("0.33"), usagePointIds: ["SOUND", "NEGATIVE"], fromDay, toDay };
    const registry = createRegistry(scratch.store, clock);
    const report = await rehearseStored({ store: scratch.store, ledger: parts.ledger, registry }, ask);
    expect(report).toMatchObject({ points: 2, more: 2, less: 0, failed: [] });
    expect(Number(report.totalCandidate) / Number(report.totalCurrent)).toBeCloseTo(1.1, 3);
    expect((await scratch.store.query("select 1 from mdm.bill")).rowCount).toBe(0);
    const tooMany = { ...ask, usagePointIds: Array.from({ length: 2001 }, (_, index) => `U${index}`) };
    await expect(rehearseStored({ store: scratch.store, ledger: parts.ledger, registry }, tooMany)).rejects.toMatchObject({
      code: "limit",
    });
  });
});
