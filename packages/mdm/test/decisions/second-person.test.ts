import { DAY_MS, localDayOf, zoneOf } from "@amity/intervals";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dayVersions, residentialTimeOfUse, type DecisionAsk } from "../../src/index.ts";
import { openDecisionScene, readings, SLOT_MS, START, type DecisionScene } from "./decision-fixture.ts";

const LARGE = 40_000;

describe("a decision above the limit", () => {
  let scene: DecisionScene;
  beforeAll(async () => {
    scene = await openDecisionScene();
    await scene.deliver("A", readings(12));
  });
  afterAll(() => scene.close());

  const edit = async (slot: number, value = LARGE): Promise<DecisionAsk> => ({
    kind: "edit",
    channelId: await scene.channelOf("A"),
    fromMs: START + slot * SLOT_MS,
    toMs: START + (slot + 4) * SLOT_MS,
    change: { kind: "set", value },
  });
  const ask = async (decisionId: string, what: DecisionAsk) =>
    scene.decisions.request(what, { decisionId, author: "ann", reason: "found in the cellar" });
  const valueAt = async (slot: number) => (await scene.day("A", Math.floor(slot / 96))).values[slot % 96];

  test("changes nothing until somebody other than its author approves it, and names both", async () => {
    const before = await valueAt(10);
    const asked = await ask("w1", await edit(10));
    expect(asked).toMatchObject({ kind: "taken", decision: { state: "waiting", secondPerson: expect.stringMatching(/limit 100 kWh/) } });
    expect(await valueAt(10)).toBe(before);
    expect(await scene.decisions.approve("w1", { by: "ann", note: "" })).toMatchObject({ kind: "refused" });
    expect(await scene.decisions.find("w1")).toMatchObject({ state: "waiting", review: undefined });
    expect(await scene.decisions.approve("w1", { by: "lee", note: "saw the photo" })).toMatchObject({
      kind: "taken",
      decision: { state: "done", author: "ann", review: { by: "lee", note: "saw the photo" } },
    });
    expect(await valueAt(10)).toBe(LARGE);
    const versions = await dayVersions(scene.scratch.store, { channelId: await scene.channelOf("A"), dayStartMs: START });
    expect(versions.at(-1)).toMatchObject({ author: "ann", approvedBy: "lee", reason: "found in the cellar", decisionId: "w1" });
    expect(versions[0]).toMatchObject({ author: "ingest", decisionId: undefined });
    expect(await scene.decisions.approve("w1", { by: "lee", note: "" })).toMatchObject({ kind: "refused" });
  });

  test("is undone only by a decision that needs a second person too", async () => {
    expect(await ask("w2", { kind: "undo", decisionId: "w1" })).toMatchObject({ decision: { state: "waiting" } });
    expect(await valueAt(10)).toBe(LARGE);
    await scene.decisions.approve("w2", { by: "lee", note: "" });
    expect(await valueAt(10)).not.toBe(LARGE);
    expect(await scene.decisions.find("w1")).toMatchObject({ state: "undone", undoneBy: "w2" });
  });

  test("is rejected with a reason by somebody else, or withdrawn by its author, and then over", async () => {
    await ask("w3", await edit(100));
    await expect(scene.decisions.reject("w3", { by: "lee", note: " " })).rejects.toMatchObject({ code: "reason-missing" });
    expect(await scene.decisions.reject("w3", { by: "ann", note: "no" })).toMatchObject({ kind: "refused" });
    expect(await scene.decisions.withdraw("w3", { by: "lee", note: "" })).toMatchObject({ kind: "refused" });
    expect(await scene.decisions.reject("w3", { by: "lee", note: "no proof" })).toMatchObject({ decision: { state: "rejected" } });
    expect(await scene.decisions.approve("w3", { by: "kim", note: "" })).toMatchObject({ kind: "refused" });
    await ask("w4", await edit(100));
    expect(await scene.decisions.withdraw("w4", { by: "ann", note: "" })).toMatchObject({ decision: { state: "withdrawn" } });
    expect(await scene.decisions.approve("nobody", { by: "lee", note: "" })).toEqual({ kind: "notFound" });
  });

  test("is not made where somebody changed its day after it was asked for", async () => {
    await ask("w5", await edit(200));
    expect(await ask("small", await edit(204, 50))).toMatchObject({ decision: { state: "done" } });
    expect(await scene.decisions.approve("w5", { by: "lee", note: "" })).toMatchObject({
      kind: "superseded",
      decision: { state: "superseded", outcome: expect.stringMatching(/changed since it was asked for/) },
    });
    expect(await valueAt(200)).not.toBe(LARGE);
  });

  test("of two second persons at once one makes it and the other is told", async () => {
    await ask("w6", await edit(300));
    const outcomes = await Promise.all(["lee", "kim"].map((by) => scene.decisions.approve("w6", { by, note: "" })));
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(["refused", "taken"]);
    expect(await valueAt(300)).toBe(LARGE);
  });

  test("what a stopped program left in the middle is ended, and says that nothing was changed", async () => {
    await ask("w7", await edit(400));
    await scene.scratch.store.query("update mdm.decision set state = 'running' where decision_id = 'w7'");
    expect(await scene.decisions.endInterrupted()).toBe(0);
    await scene.scratch.store.query("update mdm.decision set requested_at = requested_at - interval '1 second' where decision_id = 'w7'");
    expect(await scene.decisions.endInterrupted()).toBe(1);
    expect(await scene.decisions.find("w7")).toMatchObject({ state: "failed", outcome: expect.stringMatching(/nothing was changed/) });
  });
});

describe("the bills under a decision", () => {
  let scene: DecisionScene;
  beforeAll(async () => {
    scene = await openDecisionScene();
    await scene.registry.addUsagePoint({ usagePointId: "UP1", commodity: "electricity", timeZone: "Australia/Sydney" });
    await scene.registry.install({ usagePointId: "UP1", meterId: "A", installedAtMs: START - DAY_MS, multiplier: "1" });
    await scene.deliver("A", readings(20));
    await scene.billing.publish(residentialTimeOfUse("Australia/Sydney"));
    const fromDay = localDayOf(zoneOf("Australia/Sydney"), START) + 1;
    await scene.billing.bill([{ usagePointId: "UP1", tariffId: "home-tou", fromDay, toDay: fromDay + 14 }]);
  });
  afterAll(() => scene.close());

  test("come to what the preview said, cancelled and made again, and back by the undoing", async () => {
    const fromMs = START + 5 * DAY_MS;
    const channelId = await scene.channelOf("A");
    const ask: DecisionAsk = { kind: "edit", channelId, fromMs, toMs: fromMs + 4 * SLOT_MS, change: { kind: "set", value: 5000 } };
    const preview = await scene.decisions.preview(ask);
    const [change] = preview?.effect.bills.changes ?? [];
    expect(change).toMatchObject({ usagePointId: "UP1", state: "issued", currency: "AUD" });
    const current = async () => (await scene.billing.list({ limit: 10 })).filter(({ state }) => state !== "cancelled");
    expect((await current()).map(({ bill }) => bill.total)).toEqual([change?.before]);
    await scene.decisions.request(ask, { decisionId: "b1", author: "ann", reason: "a workshop" });
    expect(await scene.decisions.rebill("b1")).toBe(1);
    expect((await current()).map(({ bill, revision }) => [bill.total, revision])).toEqual([[change?.after, 2]]);
    expect(await scene.decisions.rebill("b1")).toBe(0);
    await scene.decisions.request({ kind: "undo", decisionId: "b1" }, { decisionId: "b2", author: "ann", reason: "not there" });
    await scene.decisions.rebill("b2");
    expect((await current()).map(({ bill, revision }) => [bill.total, revision])).toEqual([[change?.before, 3]]);
  });

  test("a change of bills above the limit needs a second person, however little energy it moves", async () => {
    const dear = await openDecisionScene({ kWh: "1000000", money: "0.01" });
    await dear.deliver("A", readings(9));
    const channelId = await dear.channelOf("A");
    const ask: DecisionAsk = { kind: "edit", channelId, fromMs: START, toMs: START + SLOT_MS, change: { kind: "set", value: 900 } };
    expect((await dear.decisions.preview(ask))?.secondPerson).toMatch(/AUD 0\.24 are at stake \(limit AUD 0\.01\)/);
    await dear.close();
  });
});
