import type { PushSchedule } from "@amity/model";
import { networkCarrier } from "@amity/meter";
import { WrapperReader } from "@amity/dlms";
import { describe, expect, it } from "vitest";
import { objectionToSetting } from "../src/setting-checks.ts";
import { fleetUtility, type FleetUtility } from "./fleet-utility.ts";
import { HOUR_MS, MINUTE_MS } from "./lasting-head-end.ts";

/** Noon in Sydney on a summer day. */
const START_MS = Date.UTC(2026, 0, 20, 1);
const SCHEDULE: PushSchedule = {
  setup: 0,
  registers: ["1-0:1.8.0", "1-0:2.8.0"],
  transport: "tcp",
  destination: "headend:4100",
  times: ["12:30", "*:45"],
  spreadSeconds: 0,
};

/** A utility whose head-end takes pushes at port 4100. */
async function utility(pushSetupVersion: 1 | 2 | 3): Promise<FleetUtility & { readonly pushes: number[] }> {
  const made = await fleetUtility({ startMs: START_MS, type: { pushSetupVersion } });
  const pushes: number[] = [];
  const { fleet, simulation, node, meterIds } = made;
  await node.world.network.listen({ host: "headend", port: 4100 }, (connection) => {
    const reader = new WrapperReader();
    connection.bind({
      data(chunk) {
        for (const { apdu } of reader.push(chunk)) {
          pushes.push(simulation.nowMs);
          void made.headEnd().takePush(meterIds[0]!, apdu);
        }
      },
      closed: () => {},
    });
  });
  const { world } = simulation.node("field");
  fleet.act(world, networkCarrier(world.network, { timers: world.timers }));
  return { ...made, pushes };
}

describe.each([1, 2, 3] as const)("a push schedule, at a meter with push setup version %i", (version) => {
  it("is set, read back, and brings registers at its times", async () => {
    const made = await utility(version);
    const { simulation, pushes, sink, meterIds } = made;
    expect(await made.ask({ kind: "setPushSchedule", schedule: SCHEDULE })).toMatchObject({
      state: "done",
      outcome: "read back: 2 registers go to headend:4100 at 12:30, *:45",
    });
    await simulation.runUntil(START_MS + 2 * HOUR_MS);
    expect(pushes.map((atMs) => Math.round((atMs - START_MS) / MINUTE_MS))).toEqual([30, 45, 105]);
    expect(sink.registers.has(`${meterIds[0]} 1-0:1.8.0 ${START_MS + 30 * MINUTE_MS}`)).toBe(true);
    expect(sink.registers.has(`${meterIds[0]} 1-0:2.8.0 ${START_MS + 45 * MINUTE_MS}`)).toBe(true);
  });
});

describe("a push schedule", () => {
  it("without times stops what was pushed", async () => {
    const made = await utility(1);
    const { simulation, pushes } = made;
    await made.ask({ kind: "setPushSchedule", schedule: SCHEDULE });
    await simulation.runUntil(START_MS + 40 * MINUTE_MS);
    expect(pushes).toHaveLength(1);
    expect(await made.ask({ kind: "setPushSchedule", schedule: { ...SCHEDULE, times: [] } })).toMatchObject({
      state: "done",
      outcome: "read back: 2 registers go to headend:4100 at no time",
    });
    await simulation.runUntil(START_MS + 3 * HOUR_MS);
    expect(pushes).toHaveLength(1);
  });

  it("keeps to its window and spreads what it sends", async () => {
    const made = await utility(1);
    const { simulation, pushes } = made;
    const schedule: PushSchedule = { ...SCHEDULE, times: ["*:10"], window: { from: "13:30", to: "15:00" }, spreadSeconds: 600 };
    expect(await made.ask({ kind: "setPushSchedule", schedule })).toMatchObject({ state: "done" });
    await simulation.runUntil(START_MS + 2.9 * HOUR_MS);
    expect(pushes.length).toBeGreaterThan(0);
    expect(pushes.every((atMs) => atMs >= START_MS + 1.5 * HOUR_MS)).toBe(true);
    expect(pushes.some((atMs) => atMs > START_MS + 130 * MINUTE_MS && atMs <= START_MS + 140 * MINUTE_MS)).toBe(true);
  });

  it.each<[Partial<PushSchedule>, RegExp]>([
    [{ setup: 5 }, /one of 0 to 4/],
    [{ registers: [] }, /1 to 8 registers/],
    [{ registers: ["1-0:1.8.0; drop"] }, /is no register/],
    [{ registers: ["1-0:1.8.300"] }, /is no register/],
    [{ destination: "headend" }, /no destination/],
    [{ destination: "headend:70000" }, /no destination/],
    [{ times: ["24:00"] }, /HH:MM each day/],
    [{ window: { from: "1:00", to: "02:00" } }, /a window is/],
    [{ spreadSeconds: 3_601 }, /0 to 3600 s/],
  ])("is objected to where no meter could keep it: %j", (part, objection) => {
    expect(objectionToSetting({ kind: "setPushSchedule", schedule: { ...SCHEDULE, ...part } })).toMatch(objection);
  });
});
