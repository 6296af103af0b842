import { DAY_MS, zoneOf } from "@amity/intervals";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScratchStore } from "@amity/store";
import {
  compileRuleSet,
  createExceptionQueue,
  createLedger,
  createLedgerSink,
  createMassDecisions,
  createRegistry,
  reviewDays,
  STANDARD_ESTIMATION_PLAN,
  STANDARD_RULE_SET,
  type ChannelDay,
  type MassDecisions,
  type ReviewParts,
} from "../src/index.ts";
import { deliveryOf, openLedgerScratch, seriesOf } from "./ledger-fixture.ts";

const START = Date.UTC(2026, 5, 1);
const clock = { nowMs: () => START + 30 * DAY_MS };
const METERS = ["A", "B", "C"];

describe("one decision over a cluster of exceptions", () => {
  let scratch: ScratchStore;
  let parts: ReviewParts;
  let decisions: MassDecisions;
  const openIds = async () => (await parts.exceptions.list({ state: "open", limit: 100 })).map(({ exceptionId }) => exceptionId);
  /** The values of the tenth interval of the last day, with its version. */
  const values = async () => {
    const channels = await createRegistry(scratch.store, clock).channelsOf(METERS);
    const channelIds = channels.map(({ channelId }) => channelId);
    const day = START + 8 * DAY_MS;
    const blocks = await parts.ledger.blocks({ channelIds, fromDayMs: day, toDayMs: day + DAY_MS });
    return blocks.toSorted((a, b) => a.channelId - b.channelId).map(({ block, version }) => [block.values[10], version]);
  };

  beforeAll(async () => {
    scratch = await openLedgerScratch();
    const ledger = createLedger(scratch.store, clock);
    const changed: ChannelDay[] = [];
    parts = {
      store: scratch.store,
      ledger,
      exceptions: createExceptionQueue(scratch.store, clock),
      clock,
      ruleSet: compileRuleSet(STANDARD_RULE_SET),
      plan: STANDARD_ESTIMATION_PLAN,
      zone: zoneOf("UTC"),
    };
    decisions = createMassDecisions({ store: scratch.store, ledger, clock });
    const registry = createRegistry(scratch.store, clock);
    const sink = createLedgerSink({ store: scratch.store, ledger, registry, clock, onStored: (stored) => changed.push(...stored.changed) });
    for (const meterId of METERS) {
      const readings = Array.from({ length: 9 * 96 }, (_, slot) => (slot === 8 * 96 + 10 ? -300 : 100 + ((slot * 31) % 17)));
      await sink.accept([deliveryOf(seriesOf(meterId, START, readings))]);
    }
    await reviewDays(parts, changed);
  });
  afterAll(() => scratch.close());

  test("is shown before it is made, made once, and undone as one", async () => {
    const exceptionIds = await openIds();
    expect(exceptionIds).toHaveLength(3);
    const estimated = await values();
    const ask = { exceptionIds: [...exceptionIds, "nobody"], action: "accept" as const };
    const preview = await decisions.preview(ask);
    expect(preview).toMatchObject({ exceptions: 3, channels: 3, days: 3, intervals: 3 });
    expect(preview.skipped).toEqual([{ exceptionId: "nobody", reason: "there is no such exception" }]);
    expect(preview.change).toBe(estimated.reduce((sum, [value = 0]) => sum - 300 - value, 0));
    expect(await values()).toEqual(estimated);
    await expect(decisions.decide(ask, { decisionId: "d1", author: "ann", note: "" })).rejects.toMatchObject({ code: "reason-missing" });
    const warrant = { decisionId: "d1", author: "ann", note: "solar without export register" };
    expect(await decisions.decide(ask, warrant)).toEqual({ kind: "done", preview });
    expect((await values()).map(([value]) => value)).toEqual([-300, -300, -300]);
    expect(await openIds()).toEqual([]);
    expect(await parts.exceptions.list({ state: "accepted", meterId: "A", ruleId: "negative", limit: 5 })).toMatchObject([
      { changedBy: "ann" },
    ]);
    expect(await decisions.decide(ask, warrant)).toEqual({ kind: "repeated" });
    expect(await decisions.undo("d1", { author: "bob", note: "wrong street" })).toMatchObject({
      kind: "done",
      preview: { exceptions: 3, days: 3 },
    });
    // The values are those of before, under new versions; the exceptions wait again.
    expect(await values()).toEqual(estimated.map(([value, version = 0]) => [value, version + 2]));
    expect((await openIds()).toSorted()).toEqual(exceptionIds.toSorted());
    expect(await decisions.undo("d1", { author: "bob", note: "again" })).toEqual({ kind: "repeated" });
    await expect(decisions.undo("no such", { author: "bob", note: "x" })).rejects.toMatchObject({ code: "decision-unknown" });
  });

  test("keeping estimates and dismissing change no value", async () => {
    const before = await values();
    const [first = "", second = "", third = ""] = await openIds();
    expect(await decisions.preview({ exceptionIds: [first], action: "estimate" })).toMatchObject({
      exceptions: 1,
      days: 1,
      intervals: 0,
      change: 0,
    });
    await decisions.decide({ exceptionIds: [first, second], action: "estimate" }, { decisionId: "d2", author: "ann", note: "good enough" });
    await decisions.decide({ exceptionIds: [second, third], action: "dismiss" }, { decisionId: "d3", author: "ann", note: "test bench" });
    const states = await Promise.all([first, second, third].map(async (id) => (await parts.exceptions.find(id))?.state));
    expect(states).toEqual(["estimated", "estimated", "dismissed"]);
    expect(await values()).toEqual(before);
    await decisions.undo("d2", { author: "ann", note: "not yet" });
    await decisions.undo("d3", { author: "ann", note: "not yet" });
    expect(await openIds()).toHaveLength(3);
  });

  test("undoes nothing where somebody has changed one of its days since", async () => {
    const exceptionIds = await openIds();
    await decisions.decide({ exceptionIds, action: "accept" }, { decisionId: "d4", author: "ann", note: "right after all" });
    const [exception] = await parts.exceptions.list({ meterId: "B", limit: 5, state: "accepted", ruleId: "negative" });
    const channelId = exception?.channelId ?? -1;
    const [day] = await parts.ledger.blocks({ channelIds: [channelId], fromDayMs: START + 8 * DAY_MS, toDayMs: START + 9 * DAY_MS });
    if (day === undefined) throw new Error("no day");
    const block = { ...day.block, values: day.block.values.map((value, slot) => (slot === 11 ? 1 : value)) };
    await parts.ledger.write([{ channelId, block, mode: "replace" }], { author: "eve", reason: "edit", source: "", ruleSet: "" });
    const stands = await values();
    expect(await decisions.undo("d4", { author: "ann", note: "hm" })).toEqual({ kind: "superseded", channelDays: 1 });
    expect(await values()).toEqual(stands);
    expect(await openIds()).toEqual([]);
  });
});
