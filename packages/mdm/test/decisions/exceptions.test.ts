import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDecisionScene, readings, type DecisionScene } from "./decision-fixture.ts";

const METERS = ["A", "B", "C"];
const NEGATIVE = { [8 * 96 + 10]: -300 };

describe("one decision over a cluster of exceptions", () => {
  let scene: DecisionScene;
  const values = async () => Promise.all(METERS.map(async (meterId) => (await scene.day(meterId, 8)).values[10]));
  const versions = async () => Promise.all(METERS.map(async (meterId) => (await scene.day(meterId, 8)).version));

  beforeAll(async () => {
    scene = await openDecisionScene();
    for (const meterId of METERS) await scene.deliver(meterId, readings(9, NEGATIVE));
  });
  afterAll(() => scene.close());

  test("is shown before it is made, made once, and undone as one", async () => {
    const { decisions } = scene;
    const exceptionIds = await scene.openIds();
    expect(exceptionIds).toHaveLength(3);
    const estimated = await values();
    const stood = await versions();
    const ask = { kind: "exceptions", exceptionIds: [...exceptionIds, "nobody"], action: "accept" } as const;
    const preview = await decisions.preview(ask);
    const moved = estimated.reduce<number>((sum, value) => sum + (value ?? 0) + 300, 0);
    expect(preview?.effect).toMatchObject({
      exceptions: 3,
      meters: 3,
      channels: 3,
      days: 3,
      intervals: 3,
      skipped: [{ exceptionId: "nobody", reason: "there is no such exception" }],
      amounts: [{ unit: "Wh", after: "-900", moved: String(moved) }],
    });
    expect(await values()).toEqual(estimated);
    const warrant = { decisionId: "d1", author: "ann", reason: "solar without export register", fingerprint: preview?.fingerprint ?? "" };
    await expect(decisions.request(ask, { ...warrant, reason: " " })).rejects.toMatchObject({ code: "reason-missing" });
    expect(await decisions.request(ask, { ...warrant, fingerprint: "another" })).toMatchObject({ kind: "superseded" });
    expect(await decisions.request(ask, warrant)).toMatchObject({ kind: "taken", decision: { state: "done", author: "ann" } });
    expect(await values()).toEqual([-300, -300, -300]);
    expect(await scene.openIds()).toEqual([]);
    expect(await decisions.request(ask, warrant)).toMatchObject({ kind: "repeated", decision: { state: "done" } });
    const undo = await decisions.request({ kind: "undo", decisionId: "d1" }, { decisionId: "u1", author: "bob", reason: "wrong street" });
    expect(undo).toMatchObject({ kind: "taken", decision: { state: "done", undoes: "d1", effect: { exceptions: 3, days: 3 } } });
    expect(await decisions.find("d1")).toMatchObject({ state: "undone", undoneBy: "u1" });
    expect(await values()).toEqual(estimated);
    expect(await versions()).toEqual(stood.map((version) => version + 2));
    expect((await scene.openIds()).toSorted()).toEqual(exceptionIds.toSorted());
    await expect(decisions.preview({ kind: "undo", decisionId: "d1" })).rejects.toMatchObject({ code: "cannot-undo" });
    expect(await decisions.preview({ kind: "undo", decisionId: "no such" })).toBeUndefined();
    expect((await decisions.list({ limit: 10 })).map(({ decisionId }) => decisionId).toSorted()).toEqual(["d1", "u1"]);
  });

  test("keeping estimates and dismissing change no value", async () => {
    const { decisions } = scene;
    const before = await values();
    const [first = "", second = "", third = ""] = await scene.openIds();
    await decisions.request({ kind: "exceptions", exceptionIds: [first, second], action: "estimate" }, warrantOf("d2"));
    await decisions.request({ kind: "exceptions", exceptionIds: [second, third], action: "dismiss" }, warrantOf("d3"));
    const states = await Promise.all([first, second, third].map(async (id) => (await scene.parts.exceptions.find(id))?.state));
    expect(states).toEqual(["estimated", "estimated", "dismissed"]);
    expect(await values()).toEqual(before);
    await decisions.request({ kind: "undo", decisionId: "d2" }, warrantOf("u2"));
    await decisions.request({ kind: "undo", decisionId: "d3" }, warrantOf("u3"));
    expect(await scene.openIds()).toHaveLength(3);
    expect((await scene.parts.exceptions.history(first)).map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      "raised open",
      "decided accepted",
      "reopened open",
      "decided estimated",
      "reopened open",
    ]);
  });

  test("one change is made over each exception's own time, and the exceptions are closed as edited", async () => {
    const { decisions } = scene;
    const exceptionIds = await scene.openIds();
    const before = await values();
    const ask = { kind: "exceptions", exceptionIds, action: "edit", change: { kind: "set", value: 42 } } as const;
    expect(await decisions.request(ask, warrantOf("d4"))).toMatchObject({ decision: { state: "done", effect: { intervals: 3 } } });
    expect(await values()).toEqual([42, 42, 42]);
    expect(await scene.parts.exceptions.list({ state: "edited", limit: 10 })).toHaveLength(3);
    await decisions.request({ kind: "undo", decisionId: "d4" }, warrantOf("u4"));
    expect(await values()).toEqual(before);
  });

  test("nothing is undone where somebody has changed one of its days since", async () => {
    const { decisions, parts } = scene;
    const exceptionIds = await scene.openIds();
    await decisions.request({ kind: "exceptions", exceptionIds, action: "accept" }, warrantOf("d5"));
    const channelId = await scene.channelOf("B");
    const fromMs = Date.UTC(2026, 5, 9, 12);
    await decisions.request(
      { kind: "edit", channelId, fromMs, toMs: fromMs + 900_000, change: { kind: "set", value: 1 } },
      warrantOf("d6"),
    );
    const stands = await values();
    expect(await decisions.request({ kind: "undo", decisionId: "d5" }, warrantOf("u5"))).toMatchObject({ kind: "superseded" });
    expect(await values()).toEqual(stands);
    expect(await scene.openIds()).toEqual([]);
    expect((await parts.ledger.versions({ channelId, dayStartMs: Date.UTC(2026, 5, 9) })).length).toBeGreaterThan(2);
  });

  test("of two that decide the same at once, one is told so and nothing is done twice", async () => {
    const { decisions } = scene;
    await scene.deliver("D", readings(9, NEGATIVE));
    const exceptionIds = await scene.openIds("D");
    const ask = { kind: "exceptions", exceptionIds, action: "accept" } as const;
    const outcomes = await Promise.all([decisions.request(ask, warrantOf("r1")), decisions.request(ask, warrantOf("r2"))]);
    const states = await Promise.all(["r1", "r2"].map(async (id) => (await decisions.find(id))?.state));
    expect(outcomes.filter(({ kind }) => kind === "taken")).toHaveLength(1);
    expect(states.filter((state) => state === "done")).toHaveLength(1);
    const versions = await scene.parts.ledger.versions({ channelId: await scene.channelOf("D"), dayStartMs: Date.UTC(2026, 5, 9) });
    expect(versions.map(({ block }) => block.values[10])).toEqual([-300, versions[1]?.block.values[10], -300]);
  });
});

describe("the hands that exceptions pass through", () => {
  let scene: DecisionScene;
  beforeAll(async () => {
    scene = await openDecisionScene();
    await scene.deliver("A", readings(9, NEGATIVE));
  });
  afterAll(() => scene.close());

  test("they are given to somebody and taken back, and the record says by whom", async () => {
    const { exceptions } = scene.parts;
    const [id = ""] = await scene.openIds();
    expect(await exceptions.assign([id, "no such"], { to: "bob", by: "ann" })).toBe(1);
    expect(await exceptions.assign([id], { to: "bob", by: "ann" })).toBe(0);
    expect(await exceptions.list({ assignedTo: "bob", limit: 10 })).toHaveLength(1);
    expect(await exceptions.list({ assignedTo: "", state: "open", limit: 10 })).toHaveLength(0);
    expect(await exceptions.list({ meterIds: ["A"], severity: "issue", commodity: "electricity", limit: 10 })).toHaveLength(1);
    expect(await exceptions.list({ commodity: "gas", limit: 10 })).toHaveLength(0);
    await exceptions.assign([id], { to: undefined, by: "bob" });
    expect(await exceptions.list({ assignedTo: "", state: "open", limit: 10 })).toHaveLength(1);
    expect((await exceptions.history(id)).map(({ kind, by, note }) => [kind, by, note]).slice(1)).toEqual([
      ["assigned", "ann", "to bob"],
      ["assigned", "bob", "to nobody"],
    ]);
  });
});

function warrantOf(decisionId: string) {
  return { decisionId, author: "ann", reason: "looked at it" };
}
