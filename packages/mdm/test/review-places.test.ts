import { DAY_MS, zoneOf } from "@amity/intervals";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScratchStore } from "@amity/store";
import {
  compileRuleSet,
  createExceptionQueue,
  createLedger,
  createLedgerSink,
  createRegistry,
  reviewDays,
  STANDARD_ESTIMATION_PLAN,
  STANDARD_RULE_SET,
  type ChannelDay,
  type ReviewParts,
} from "../src/index.ts";
import { deliveryOf, openLedgerScratch, seriesOf } from "./ledger-fixture.ts";

const START = Date.UTC(2026, 5, 1);
const clock = { nowMs: () => START + 30 * DAY_MS };
/** No two days alike: what cannot be foretold must show in the error bars. */
const dayOf = (day: number): number[] =>
  Array.from({ length: 96 }, (_, slot) => Math.round(1500 + 400 * Math.sin(slot / 12) + (((slot + 13 * day) * 7919) % 131)));

describe("a review knows where the meter stands", () => {
  let scratch: ScratchStore;
  let parts: ReviewParts;
  const changed: ChannelDay[] = [];
  const registry = () => createRegistry(scratch.store, clock);
  const deliver = (meterId: string, fromDay: number, values: readonly number[]): Promise<void> =>
    createLedgerSink({
      store: scratch.store,
      ledger: parts.ledger,
      registry: registry(),
      clock,
      onStored: (summary) => changed.push(...summary.changed),
    }).accept([deliveryOf(seriesOf(meterId, START + fromDay * DAY_MS, values))]);

  beforeAll(async () => {
    scratch = await openLedgerScratch();
    parts = {
      store: scratch.store,
      ledger: createLedger(scratch.store, clock),
      exceptions: createExceptionQueue(scratch.store, clock),
      clock,
      ruleSet: compileRuleSet(STANDARD_RULE_SET),
      plan: STANDARD_ESTIMATION_PLAN,
      zone: zoneOf("UTC"),
    };
  });
  afterAll(() => scratch.close());

  test("the class of the usage point decides which rules judge: a spike is one on commercial channels only", async () => {
    for (const channelClass of ["commercial", "residential"]) {
      await registry().addUsagePoint({ usagePointId: `UP-${channelClass}`, commodity: "electricity", timeZone: "UTC", channelClass });
      await registry().install({ usagePointId: `UP-${channelClass}`, meterId: channelClass, installedAtMs: START, multiplier: "40" });
      const last = dayOf(9);
      last[50] = 9000;
      await deliver(channelClass, 0, [...Array.from({ length: 9 }, (_, day) => dayOf(day)).flat(), ...last]);
    }
    await reviewDays(parts, changed.splice(0));
    const rulesOf = async (meterId: string) => (await parts.exceptions.list({ meterId, limit: 50 })).map(({ ruleId }) => ruleId);
    expect(await rulesOf("commercial")).toContain("spike");
    expect(await rulesOf("residential")).not.toContain("spike");
  });

  test("a place is that of the instant asked: exchange and multiplier change", async () => {
    await registry().addUsagePoint({ usagePointId: "A", commodity: "gas", timeZone: "UTC" });
    await registry().addUsagePoint({ usagePointId: "B", commodity: "water", timeZone: "UTC", channelClass: "industrial" });
    await registry().install({ usagePointId: "A", meterId: "MOVED", installedAtMs: START, removedAtMs: START + DAY_MS, multiplier: "1" });
    await registry().install({ usagePointId: "B", meterId: "MOVED", installedAtMs: START + 2 * DAY_MS, multiplier: "12.5" });
    const at = async (atMs: number) => (await registry().placesOf(["MOVED", "nobody"], atMs)).get("MOVED");
    expect(await at(START + DAY_MS)).toEqual({ usagePointId: "A", commodity: "gas", channelClass: "residential", multiplier: 1 });
    expect(await at(START + 3 * DAY_MS)).toEqual({ usagePointId: "B", commodity: "water", channelClass: "industrial", multiplier: 12.5 });
    expect((await at(START - DAY_MS))?.usagePointId).toBe("A");
    expect((await registry().placesOf(["nobody"], START)).size).toBe(0);
  });

  test("an estimate is kept with its error bar, one standard error for each interval", async () => {
    await deliver("HOLE", 0, Array.from({ length: 12 }, (_, day) => dayOf(day)).flat());
    await deliver("HOLE", 12, dayOf(12).slice(0, 40));
    await deliver("HOLE", 13, dayOf(13));
    await reviewDays(parts, changed.splice(0));
    const gap = (await parts.exceptions.list({ meterId: "HOLE", limit: 50 })).find(({ ruleId }) => ruleId === "gap");
    expect(gap?.estimate?.errorBar).toMatchObject({ fromMs: START + 12 * DAY_MS + 40 * 900_000, intervalSeconds: 900 });
    const errors = gap?.estimate?.errorBar?.standardErrors ?? [];
    expect(errors).toHaveLength(56);
    expect(Math.max(...errors)).toBeGreaterThan(0);
  });
});
