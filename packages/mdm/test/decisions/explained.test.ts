import { DAY_MS } from "@amity/intervals";
import { unpackQuality, type EndDeviceEvent } from "@amity/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clustersOf, createLedgerSink, daysToExplain, STANDARD_DECISION_POLICY } from "../../src/index.ts";
import { openDecisionScene, readings, SLOT_MS, START, type DecisionScene } from "./decision-fixture.ts";

const LOG = { log: "0-0:99.98.0" };
const GAP = { from: 10 * 96 + 20, to: 10 * 96 + 32 };

describe("an outage that becomes known after its gap was estimated", () => {
  let scene: DecisionScene;
  beforeAll(async () => {
    scene = await openDecisionScene();
  });
  afterAll(() => scene.close());

  /** Delivers twelve days without the gap's intervals. */
  const withGap = async (meterId: string): Promise<void> => {
    const values = readings(12);
    const sink = createLedgerSink({ ...scene.parts, registry: scene.registry });
    const series = { meterId, channel: "1-0:1.8.0", unit: "Wh", scaler: 0, intervalSeconds: 900 } as const;
    const part = (from: number, to: number) => ({
      ...series,
      startMs: START + from * SLOT_MS,
      values: Float64Array.from(values.slice(from, to)),
      qualities: new Uint16Array(to - from).fill(0x1e00),
    });
    await sink.accept([{ intervals: [part(0, GAP.from), part(GAP.to, 12 * 96)], registers: [], events: [], source: "headend" }]);
    const channelId = await scene.channelOf(meterId);
    await scene.review(Array.from({ length: 12 }, (_, day) => ({ channelId, dayStartMs: START + day * DAY_MS })));
  };
  const outage = (meterId: string): EndDeviceEvent[] => [
    { meterId, atMs: START + GAP.from * SLOT_MS - 60_000, kind: "powerDown", code: 1, ...LOG },
    { meterId, atMs: START + GAP.to * SLOT_MS + 60_000, kind: "powerUp", code: 2, ...LOG },
  ];
  const become = async (meterId: string): Promise<void> => {
    const [summary] = await scene.deliver(meterId, [], outage(meterId));
    await scene.review(await daysToExplain(scene.scratch.store, summary?.events ?? []));
  };

  test("cannot be accepted as measured meanwhile: nothing was measured", async () => {
    await withGap("Q");
    const exceptionIds = await scene.openIds("Q");
    const ask = { kind: "exceptions", exceptionIds, action: "accept" } as const;
    expect((await scene.decisions.preview(ask))?.effect.skipped[0]?.reason).toMatch(/^nothing was measured there/);
    expect(await scene.decisions.request(ask, { decisionId: "q1", author: "ann", reason: "why not" })).toMatchObject({ kind: "refused" });
    await scene.decisions.request({ ...ask, action: "dismiss" }, { decisionId: "q2", author: "ann", reason: "a test" });
  });

  test("closes the exception, makes the gap zero by a new version, and keeps every step", async () => {
    await withGap("A");
    const [exception] = await scene.parts.exceptions.list({ meterId: "A", state: "open", limit: 9 });
    const estimated = await scene.day("A", 10);
    expect(exception).toMatchObject({ ruleId: "gap", estimate: { outcome: "estimated" } });
    expect(estimated.values.slice(20, 32).every((value) => value > 0)).toBe(true);
    expect(exception?.inQuestion).toBe(estimated.values.slice(20, 32).reduce((sum, value) => sum + value, 0));
    await become("A");
    const explained = await scene.day("A", 10);
    expect(explained.values.slice(20, 32)).toEqual(Array.from({ length: 12 }, () => 0));
    expect(unpackQuality(explained.qualities[25] ?? 0)).toMatchObject({ category: "estimated", method: "zero" });
    expect(explained.version).toBe(estimated.version + 1);
    expect(await scene.parts.exceptions.find(exception?.exceptionId ?? "")).toMatchObject({
      state: "estimated",
      changedBy: "vee",
      note: expect.stringMatching(/^explained: no supply: outage/),
    });
    expect((await scene.parts.exceptions.history(exception?.exceptionId ?? "")).map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      "raised open",
      "settled estimated",
    ]);
    expect(await scene.openIds("A")).toEqual([]);
  });

  test("changes nothing again when the same events come again", async () => {
    const before = await scene.day("A", 10);
    expect((await scene.deliver("A", [], outage("A")))[0]?.events).toEqual([]);
    await scene.review([{ channelId: await scene.channelOf("A"), dayStartMs: START + 10 * DAY_MS }]);
    expect((await scene.day("A", 10)).version).toBe(before.version);
  });

  test("leaves alone what a person decided before", async () => {
    await withGap("B");
    const exceptionIds = await scene.openIds("B");
    const decided = await scene.day("B", 10);
    await scene.decisions.request(
      { kind: "exceptions", exceptionIds, action: "estimate" },
      { decisionId: "x1", author: "ann", reason: "plausible" },
    );
    await become("B");
    expect((await scene.day("B", 10)).values).toEqual(decided.values);
    expect(await scene.parts.exceptions.find(exceptionIds[0] ?? "")).toMatchObject({ state: "estimated", changedBy: "ann" });
  });

  test("is one cause over its meters, whatever place they hang on, while its exceptions are open", async () => {
    for (const meterId of ["K", "L", "M"]) await withGap(meterId);
    const clusters = () =>
      clustersOf(
        {
          store: scene.scratch.store,
          exceptions: scene.parts.exceptions,
          clock: scene.parts.clock,
          policy: STANDARD_DECISION_POLICY,
          placesOfMeter: (meterId) => [`transformer ${meterId}`, "concentrator C1", "feeder Harbour"],
        },
        "open",
      );
    const [behind] = await clusters();
    expect(behind).toMatchObject({ group: "concentrator C1", channels: 3, ruleId: "gap" });
    const again = await clusters();
    expect(again.map(({ clusterId }) => clusterId)).toEqual([behind?.clusterId]);
    for (const meterId of ["K", "L", "M"]) await scene.deliver(meterId, [], outage(meterId));
    const [outed] = await clusters();
    expect(outed).toMatchObject({ outage: expect.stringMatching(/^feeder Harbour 2026-06-11T0/), channels: 3 });
    expect(outed?.members.every(({ kWh }) => kWh > 1)).toBe(true);
    // Another meter of the same place lost its way to the utility in the same outage.
    for (const [usagePointId, meterId, commodity] of [
      ["UP-K", "K", "electricity"],
      ["UP-W", "W", "electricity"],
    ] as const) {
      await scene.registry.addUsagePoint({ usagePointId, commodity, timeZone: "Australia/Sydney", premisesId: "P1" });
      await scene.registry.install({ usagePointId, meterId, installedAtMs: START - DAY_MS, multiplier: "1" });
    }
    await withGap("W");
    expect((await clusters()).map(({ outage, members }) => [outage === undefined, members.length])).toEqual([[false, 4]]);
  });
});
