import fc from "fast-check";
import { DAY_MS, parseDay } from "@amity/intervals";
import { QUALITY, unpackQuality } from "@amity/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DecisionAsk, IntervalChange } from "../../src/index.ts";
import { openDecisionScene, readings, SLOT_MS, START, usual, type DecisionScene } from "./decision-fixture.ts";

describe("edits of a channel's intervals", () => {
  let scene: DecisionScene;
  let nextId = 1;
  beforeAll(async () => {
    scene = await openDecisionScene({ kWh: "1000000", money: "1000000" });
  });
  afterAll(() => scene.close());

  const editOf = async (meterId: string, slots: [from: number, to: number], change: IntervalChange): Promise<DecisionAsk> => ({
    kind: "edit",
    channelId: await scene.channelOf(meterId),
    fromMs: START + slots[0] * SLOT_MS,
    toMs: START + slots[1] * SLOT_MS,
    change,
  });
  const make = (ask: DecisionAsk) => scene.decisions.request(ask, { decisionId: `e${nextId++}`, author: "ann", reason: "seen on site" });
  const qualityAt = async (meterId: string, day: number, slot: number) =>
    unpackQuality((await scene.day(meterId, day)).qualities[slot] ?? 0);

  test("set, scale, copy and estimate change what they name and nothing else, each with its own quality", async () => {
    await scene.deliver("A", readings(20));
    const before = (await scene.day("A", 14)).values;
    await make(await editOf("A", [14 * 96 + 10, 14 * 96 + 12], { kind: "set", value: 7 }));
    await make(await editOf("A", [14 * 96 + 20, 14 * 96 + 22], { kind: "scale", factor: "0.5" }));
    await make(await editOf("A", [14 * 96 + 30, 14 * 96 + 33], { kind: "values", values: [1, null, 3] }));
    // Sydney is ten hours ahead: the slots of this UTC afternoon are the next civil day's morning.
    await make(await editOf("A", [14 * 96 + 60, 14 * 96 + 62], { kind: "copyDay", day: parseDay("2026-06-09") ?? 0 }));
    await make(await editOf("A", [14 * 96 + 70, 14 * 96 + 76], { kind: "estimate", method: "likeDay", scaleToRegisters: false }));
    const { values } = await scene.day("A", 14);
    const expected = before.slice();
    expected[10] = 7;
    expected[11] = 7;
    expected[20] = Math.round((before[20] ?? 0) / 2);
    expected[21] = Math.round((before[21] ?? 0) / 2);
    expected[30] = 1;
    expected[32] = 3;
    // 16 June 01:00 in Sydney is 15 June 15:00 UTC; copied from 9 June 01:00, which is 8 June 15:00 UTC: seven days before.
    expected[60] = usual(7 * 96 + 60);
    expected[61] = usual(7 * 96 + 61);
    for (let slot = 70; slot < 76; slot++) expected[slot] = values[slot] ?? 0;
    expect(values).toEqual(expected);
    expect(values.slice(70, 76)).not.toEqual(before.slice(70, 76));
    expect(await qualityAt("A", 14, 10)).toMatchObject({ category: "edited", method: "manual", source: "mdms" });
    expect(await qualityAt("A", 14, 20)).toMatchObject({ category: "edited", method: "scaled" });
    expect(await qualityAt("A", 14, 31)).toMatchObject({ category: "valid" });
    expect(await qualityAt("A", 14, 60)).toMatchObject({ category: "edited", method: "copied" });
    expect(await qualityAt("A", 14, 70)).toMatchObject({ category: "estimated", method: "likeDay" });
  });

  test("what a person set stands against a later delivery; what a person estimated gives way to it", async () => {
    await scene.deliver("B", readings(12));
    await make(await editOf("B", [11 * 96 + 10, 11 * 96 + 11], { kind: "set", value: 9 }));
    await make(await editOf("B", [11 * 96 + 40, 11 * 96 + 41], { kind: "estimate", method: "linear", scaleToRegisters: false }));
    await scene.deliver("B", readings(12, { [11 * 96 + 10]: 500, [11 * 96 + 40]: 501 }));
    const { values } = await scene.day("B", 11);
    expect([values[10], values[40]]).toEqual([9, 501]);
  });

  test("open exceptions that lie within the edited time are closed with it, and opened again with its undoing", async () => {
    await scene.deliver("C", readings(9, { [8 * 96 + 10]: -300, [8 * 96 + 50]: -300 }));
    expect(await scene.openIds("C")).toHaveLength(2);
    const ask = await editOf("C", [8 * 96 + 8, 8 * 96 + 14], { kind: "set", value: 100 });
    const made = await make(ask);
    expect(made).toMatchObject({ decision: { effect: { exceptions: 1, intervals: 6 } } });
    expect(await scene.parts.exceptions.list({ meterId: "C", state: "edited", limit: 9 })).toHaveLength(1);
    expect(await scene.openIds("C")).toHaveLength(1);
    if (made.kind === "taken") await make({ kind: "undo", decisionId: made.decision.decisionId });
    expect(await scene.openIds("C")).toHaveLength(2);
  });

  test("an edit makes a day that was never delivered, and its undoing leaves the day empty, not wrong", async () => {
    await scene.deliver("D", readings(3));
    const made = await make(await editOf("D", [5 * 96, 5 * 96 + 4], { kind: "set", value: 5 }));
    expect((await scene.day("D", 5)).values.slice(0, 5)).toEqual([5, 5, 5, 5, 0]);
    if (made.kind === "taken") await make({ kind: "undo", decisionId: made.decision.decisionId });
    expect((await scene.day("D", 5)).qualities.every((quality) => quality === QUALITY.missing)).toBe(true);
  });

  test("what cannot be done is refused by name before anything is written", async () => {
    await scene.deliver("E", readings(9));
    const refused = async (slots: [number, number], change: IntervalChange) =>
      expect(scene.decisions.preview(await editOf("E", slots, change))).rejects;
    await (await refused([10, 10], { kind: "set", value: 1 })).toMatchObject({ code: "edit-span" });
    await (await refused([0, 63 * 96], { kind: "set", value: 1 })).toMatchObject({ code: "edit-span" });
    await (await refused([30 * 96, 30 * 96 + 1], { kind: "set", value: 1 })).toMatchObject({ code: "edit-span" });
    await (await refused([10, 12], { kind: "values", values: [1] })).toMatchObject({ code: "edit-values" });
    await (await refused([10, 12], { kind: "set", value: 2 ** 50 })).toMatchObject({ code: "edit-values" });
    await (await refused([10, 12], { kind: "scale", factor: "-1" })).toMatchObject({ code: "edit-values" });
    await (await refused([10, 12], { kind: "copyDay", day: parseDay("2025-01-01") ?? 0 })).toMatchObject({ code: "edit-values" });
    await (
      await refused([96, 96 + 40], { kind: "estimate", method: "linear", scaleToRegisters: true })
    ).toMatchObject({ code: "no-estimate" });
    const nowhere: DecisionAsk = {
      kind: "edit",
      channelId: 123_456,
      fromMs: START,
      toMs: START + DAY_MS,
      change: { kind: "set", value: 1 },
    };
    await expect(scene.decisions.preview(nowhere)).rejects.toMatchObject({ code: "unknown-channel" });
    expect(await make(await editOf("E", [10, 12], { kind: "scale", factor: "1" }))).toMatchObject({
      kind: "taken",
      decision: { effect: { intervals: 2, amounts: [{ moved: "0" }] } },
    });
    expect((await scene.day("E", 0)).values[10]).toBe(usual(10));
  });

  test("a final value is never replaced", async () => {
    await scene.deliver("F", readings(3));
    const channelId = await scene.channelOf("F");
    const [stored] = await scene.parts.ledger.blocks({ channelIds: [channelId], fromDayMs: START, toDayMs: START + DAY_MS });
    if (stored === undefined) throw new Error("no day");
    const qualities = stored.block.qualities.map((quality, slot) => (slot === 11 ? quality | 0x8000 : quality));
    await scene.parts.ledger.write([{ channelId, block: { ...stored.block, qualities }, mode: "replace" }], {
      author: "settlement",
      reason: "final",
      source: "",
      ruleSet: "",
    });
    await expect(make(await editOf("F", [10, 12], { kind: "set", value: 1 }))).rejects.toMatchObject({ code: "edit-final" });
  });

  test("whatever is edited, undoing puts every value and quality back", async () => {
    await scene.deliver("P", readings(6));
    const change = fc.oneof(
      fc.record({ kind: fc.constant("set" as const), value: fc.integer({ min: -5000, max: 5000 }) }),
      fc.record({ kind: fc.constant("scale" as const), factor: fc.constantFrom("0", "0.37", "1", "12.5") }),
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 5 * 96 }), fc.integer({ min: 1, max: 96 }), change, async (from, length, what) => {
        const before = await Promise.all([0, 1, 2, 3, 4, 5].map((day) => scene.day("P", day)));
        const made = await make(await editOf("P", [from, from + length], what));
        if (made.kind === "taken") expect((await make({ kind: "undo", decisionId: made.decision.decisionId })).kind).toBe("taken");
        const after = await Promise.all([0, 1, 2, 3, 4, 5].map((day) => scene.day("P", day)));
        expect(after.map(({ values, qualities }) => [values, qualities])).toEqual(
          before.map(({ values, qualities }) => [values, qualities]),
        );
      }),
      { numRuns: 25 },
    );
  });
});
