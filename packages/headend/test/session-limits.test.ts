import { Semaphore } from "@amity/concentrator";
import { Simulation } from "@amity/runtime";
import { describe, expect, it } from "vitest";
import { SessionBroker } from "../src/session-broker.ts";
import { TraceKeeper } from "../src/trace-keeper.ts";
import {
  InvocationCounters,
  memoryCounterStore,
  memorySealedStore,
  sealedKeyVault,
  type Device,
  type MeterDriver,
  type MeterSession,
} from "../src/index.ts";

const START_MS = Date.UTC(2026, 0, 1);

/** A protocol whose sessions do nothing but last: what counts here is who may hold one when. */
function lastingDriver(open: (device: Device) => Promise<void>): MeterDriver {
  const session = { close: () => Promise.resolve() } as MeterSession;
  return {
    protocol: "test",
    capabilities: new Set(),
    checkDevice: () => {},
    open: async (_, { device }) => {
      await open(device);
      return session;
    },
    interpretDelivery: () => ({ intervals: [], registers: [], events: [], newestMs: undefined, rows: 0 }),
    interpretPush: () => Promise.resolve({ intervals: [], registers: [], events: [] }),
  };
}

describe("sessions", () => {
  it("run so many at once through a concentrator, one at a time with a meter, the urgent first", async () => {
    const simulation = new Simulation({ seed: 1, startMs: START_MS });
    const { world } = simulation.node("h");
    const running = new Map<string, number>();
    let most = 0;
    const order: string[] = [];
    const slots = new Semaphore(2);
    const broker = new SessionBroker({
      world,
      keys: sealedKeyVault(new Uint8Array(32), memorySealedStore(), world.random),
      counters: new InvocationCounters(memoryCounterStore()),
      traces: new TraceKeeper(),
      drivers: [lastingDriver(() => Promise.resolve())],
      device: () => undefined,
      behind: () => [],
      relays: { relay: () => ({ kind: "relay", messages: undefined as never, description: "" }), slots: () => slots },
      directSessionsMax: 1,
      requestTimeoutMs: 1_000,
      relayTimeoutMs: 1_000,
      notify: () => {},
    });
    const device = (meterId: string): Device => ({
      meterId,
      protocol: "test",
      route: { kind: "concentrator", concentratorId: "C1", meterAddress: meterId },
      settings: {},
      status: "active",
    });
    const work = (meterId: string, name: string, urgent = false): Promise<void> =>
      broker.withSession(device(meterId), { purpose: "read", urgent }, async () => {
        order.push(name);
        running.set(meterId, (running.get(meterId) ?? 0) + 1);
        expect(running.get(meterId)).toBe(1);
        most = Math.max(most, [...running.values()].filter((count) => count > 0).length);
        await world.timers.sleep(1_000);
        running.set(meterId, 0);
      });
    const all = [work("A", "a1"), work("B", "b1"), work("C", "c1"), work("A", "a2"), work("D", "d1", true)];
    await simulation.runFor(Promise.all(all));
    expect(most).toBe(2);
    expect(order).toEqual(["a1", "b1", "d1", "c1", "a2"]);
    expect(broker.counts).toEqual({ sessionsOpen: 0, sessionsOk: 5, sessionsFailed: 0 });
  });

  it("that fail leave no slot taken and name the error in the trace", async () => {
    const simulation = new Simulation({ seed: 1, startMs: START_MS });
    const { world } = simulation.node("h");
    const broker = new SessionBroker({
      world,
      keys: sealedKeyVault(new Uint8Array(32), memorySealedStore(), world.random),
      counters: new InvocationCounters(memoryCounterStore()),
      traces: new TraceKeeper(),
      drivers: [lastingDriver(() => Promise.reject(new Error("no answer")))],
      device: () => undefined,
      behind: () => [],
      relays: { relay: () => ({ kind: "relay", messages: undefined as never, description: "" }), slots: () => new Semaphore(1) },
      directSessionsMax: 1,
      requestTimeoutMs: 1_000,
      relayTimeoutMs: 1_000,
      notify: () => {},
    });
    const device: Device = {
      meterId: "A",
      protocol: "test",
      route: { kind: "direct", address: { host: "nowhere", port: 1 } },
      settings: {},
      status: "active",
    };
    for (let round = 0; round < 3; round++) {
      await expect(simulation.runFor(broker.withSession(device, { purpose: "read" }, () => Promise.resolve()))).rejects.toThrow("refused");
    }
    expect(broker.counts.sessionsFailed).toBe(3);
    expect(broker.traces.last("A")).toMatchObject({ outcome: "failed", route: "tcp nowhere:1" });
    await expect(
      broker.withSession({ ...device, protocol: "smoke signals" }, { purpose: "read" }, () => Promise.resolve()),
    ).rejects.toThrow();
  });
});
