import { DAY_MS, zoneOf } from "@amity/intervals";
import { unpackQuality } from "@amity/model";
import type { ScratchStore } from "@amity/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  compileRuleSet,
  createExceptionQueue,
  createLedger,
  createLedgerSink,
  createRegistry,
  explainInterval,
  reviewDays,
  STANDARD_ESTIMATION_PLAN,
  STANDARD_RULE_SET,
  type Channel,
  type ChannelDay,
} from "../src/index.ts";
import { deliveryOf, handClock, openLedgerScratch, seriesOf } from "./ledger-fixture.ts";

const START = Date.UTC(2026, 5, 1);

describe("why an interval has its value", () => {
  let scratch: ScratchStore;
  let channel: Channel;
  const clock = handClock(START + 20 * DAY_MS);
  const explain = (atMs: number, asOfMs?: number) =>
    explainInterval(
      { store: scratch.store, ledger: createLedger(scratch.store, clock) },
      { channel, atMs, ...(asOfMs === undefined ? {} : { asOfMs }) },
    );
  const badAt = START + 9 * DAY_MS + 50 * 900_000;

  beforeAll(async () => {
    scratch = await openLedgerScratch();
    const { store } = scratch;
    const ledger = createLedger(store, clock);
    const registry = createRegistry(store, clock);
    const changed: ChannelDay[] = [];
    const sink = createLedgerSink({ store, ledger, registry, clock, onStored: (stored) => changed.push(...stored.changed) });
    const values = Array.from({ length: 10 * 96 }, (_, slot) => (slot === 9 * 96 + 50 ? -300 : 100 + ((slot * 31) % 17)));
    await sink.accept([deliveryOf(seriesOf("M", START, values))]);
    clock.set(clock.nowMs() + 60_000);
    const rules = { ruleSet: compileRuleSet(STANDARD_RULE_SET), plan: STANDARD_ESTIMATION_PLAN };
    await reviewDays({ store, ledger, exceptions: createExceptionQueue(store, clock), clock, ...rules, zone: zoneOf("UTC") }, changed);
    channel = (await registry.channelsOf(["M"]))[0]!;
  });
  afterAll(() => scratch.close());

  test("tells each version with who, from where and by which rules, and the finding with its numbers and error bar", async () => {
    const told = await explain(badAt + 1);
    expect(told).toMatchObject({ fromMs: badAt, intervalSeconds: 900 });
    const [delivered, estimated] = told?.versions ?? [];
    expect(delivered).toMatchObject({ version: 1, value: -300, isChange: true, provenance: { source: "headend", ruleSet: "" } });
    expect(estimated).toMatchObject({
      version: 2,
      isChange: true,
      provenance: { author: "vee", ruleSet: `standard v${STANDARD_RULE_SET.version}` },
    });
    expect(estimated?.value).toBeGreaterThan(90);
    expect(unpackQuality(estimated?.quality ?? 0)).toMatchObject({ category: "estimated" });
    const [finding] = told?.findings ?? [];
    expect(finding?.exception).toMatchObject({ ruleId: "negative", severity: "issue" });
    expect(finding?.exception.estimate?.method).toBe(unpackQuality(estimated?.quality ?? 0).method);
    expect(finding?.standardError).toBeGreaterThan(0);
  });

  test("tells as of an instant what was known then, and of a sound interval only its own versions", async () => {
    const before = await explain(badAt, START + 20 * DAY_MS);
    expect(before?.versions.map(({ version }) => version)).toEqual([1]);
    expect(before?.findings).toEqual([]);
    const sound = await explain(badAt + 900_000);
    expect(sound?.findings).toEqual([]);
    expect(sound?.versions.map(({ value }) => value)).toEqual([sound?.versions[0]?.value, sound?.versions[0]?.value]);
    expect(await explain(START - DAY_MS)).toBeUndefined();
  });
});
