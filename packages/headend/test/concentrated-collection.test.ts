import { describe, expect, it } from "vitest";
import { concentratedUtility } from "./concentrated-utility.ts";
import { missingIntervals } from "./direct-utility.ts";
import { DAY_MS, keyOf, START_MS } from "./lasting-head-end.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const FLOOR_MS = Math.ceil((START_MS - 3 * DAY_MS) / DAY_MS) * DAY_MS;

describe("collection of meters behind a concentrator", () => {
  it("brings the whole history and then every interval, as the registers say, and forgets what is acknowledged", async () => {
    const utility = await concentratedUtility();
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 20 * MINUTE_MS);
    expect(missingIntervals(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 12, 0))).toEqual([]);
    await utility.simulation.runUntil(START_MS + 5 * HOUR_MS);
    expect(missingIntervals(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 16, 0))).toEqual([]);
    const { acknowledged, newest } = utility.concentrator().deliveries;
    expect(acknowledged).toBe(newest);
    expect(newest).toBeGreaterThan(9);
    const [group] = utility.headEnd().views.completeness(FLOOR_MS, Date.UTC(2026, 10, 1, 16, 0));
    expect(group).toMatchObject({ concentratorId: "C1", meters: 3, metersComplete: 3 });
    expect((await utility.headEnd().views.meter("M2"))?.health.lastSeenMs).toBeGreaterThan(START_MS + 3 * HOUR_MS);
  });

  it("loses nothing when the concentrator and the head-end crash at any moment", async () => {
    const utility = await concentratedUtility({ seed: 3 });
    await utility.headEnd().start();
    for (let round = 0; round < 25; round++) {
      await utility.simulation.runUntil(utility.simulation.nowMs + 41 + 173 * round);
      if (round % 3 === 2) await utility.crash();
      else await utility.crashConcentrator();
    }
    await utility.simulation.runUntil(START_MS + 3 * HOUR_MS);
    expect(missingIntervals(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 14, 0))).toEqual([]);
    const events = await utility.headEnd().views.eventsSince(0, 1000);
    expect(events.some(({ event }) => event.meterId === "C1" && event.code === 2)).toBe(true);
  });

  it("delivers again what the head-end had in its sink but had not acknowledged", async () => {
    const utility = await concentratedUtility();
    let crashes = 0;
    utility.sink.beforeCommit = () => (crashes++ < 3 ? new Promise(() => {}) : Promise.resolve());
    await utility.headEnd().start();
    for (let round = 0; round < 4; round++) {
      await utility.simulation.runUntil(utility.simulation.nowMs + 10 * MINUTE_MS);
      expect(utility.concentrator().deliveries.acknowledged).toBe(round < 3 ? 0 : utility.concentrator().deliveries.newest);
      if (round < 3) await utility.crash();
    }
    await utility.simulation.runUntil(utility.simulation.nowMs + 10 * MINUTE_MS);
    expect(missingIntervals(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 12, 0))).toEqual([]);
  });

  it("rides out a cut of the upstream link and a sink that refuses", async () => {
    const utility = await concentratedUtility();
    utility.sink.failure = new Error("database away");
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 30 * MINUTE_MS);
    expect(utility.concentrator().deliveries.acknowledged).toBe(0);
    utility.sink.failure = undefined;
    utility.simulation.network.setPartition("headend", "C1", true);
    await utility.simulation.runUntil(START_MS + 2 * HOUR_MS);
    expect(utility.sink.intervals.size).toBe(0);
    expect(utility.notices.some((notice) => notice.kind === "concentrator" && !notice.online)).toBe(true);
    utility.simulation.network.setPartition("headend", "C1", false);
    await utility.simulation.runUntil(START_MS + 4 * HOUR_MS);
    expect(missingIntervals(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 15, 0))).toEqual([]);
  });

  it("says that its disk is full, keeps what it has, and goes on when there is room", async () => {
    const log = { segmentOctetsMax: 8_000, capacityOctets: 20_000 };
    const utility = await concentratedUtility({ concentrator: { log } });
    await utility.simulation.runUntil(START_MS + 30 * MINUTE_MS);
    const held = utility.concentrator().deliveries.newest;
    expect(held).toBeGreaterThan(0);
    expect(utility.concentrator().events.map(({ kind }) => kind)).toEqual(["restarted", "storageFull"]);
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 3 * HOUR_MS);
    expect(missingIntervals(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 14, 0))).toEqual([]);
    const events = await utility.headEnd().views.eventsSince(0, 100);
    expect(
      events.some(
        ({ event }) => event.meterId === "C1" && event.code === 200 && event.detail?.includes("reached its 20000 octets") === true,
      ),
    ).toBe(true);
  });

  it("survives a real disk that is full in the middle of a record", async () => {
    const utility = await concentratedUtility();
    utility.simulation.node("C1").disk.capacityOctets = 20_000;
    await utility.simulation.runUntil(START_MS + 30 * MINUTE_MS);
    expect(utility.concentrator().events.map(({ kind }) => kind)).toContain("storageFull");
    await utility.crashConcentrator();
    utility.simulation.node("C1").disk.capacityOctets = Number.POSITIVE_INFINITY;
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 3 * HOUR_MS);
    expect(missingIntervals(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 14, 0))).toEqual([]);
  });

  it("puts deliveries of an unknown meter aside and takes them when it is registered", async () => {
    const utility = await concentratedUtility({ register: false });
    const device = (meterId: string) => ({
      meterId,
      protocol: "dlms",
      route: { kind: "concentrator" as const, concentratorId: "C1", meterAddress: meterId },
      settings: {},
      status: "active" as const,
    });
    await utility.registry.registerDevices([device("M1"), device("M2")]);
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 40 * MINUTE_MS);
    expect(utility.sink.intervals.has(`M1 1-0:1.8.0 ${FLOOR_MS}`)).toBe(true);
    expect([...utility.sink.intervals.keys()].some((key) => key.startsWith("M3"))).toBe(false);
    const quarantined = await utility.registry.quarantined();
    expect(quarantined.length).toBeGreaterThan(0);
    expect(quarantined[0]?.reason).toBe("the meter is not registered");
    await utility.registry.registerDevices([device("M3")]);
    await utility.headEnd().refresh();
    await utility.simulation.runUntil(START_MS + 2 * HOUR_MS);
    expect(await utility.registry.quarantined()).toEqual([]);
    expect(missingIntervals(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 13, 0))).toEqual([]);
  });

  it("does not take what a concentrator says about a meter of another route", async () => {
    const utility = await concentratedUtility();
    await utility.registry.registerDevices([
      {
        meterId: "M1",
        protocol: "dlms",
        route: { kind: "concentrator", concentratorId: "C9", meterAddress: "M1" },
        settings: {},
        status: "active",
      },
    ]);
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 20 * MINUTE_MS);
    expect([...utility.sink.intervals.keys()].some((key) => key.startsWith("M1"))).toBe(false);
    expect((await utility.registry.quarantined())[0]?.reason).toBe("the meter is bound to another route");
  });

  it("lets nobody in with a wrong key", async () => {
    const utility = await concentratedUtility();
    await utility.keys.store([{ ref: { owner: "C1", purpose: "guek" }, secret: keyOf("other", 1) }]);
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 20 * MINUTE_MS);
    expect(utility.sink.intervals.size).toBe(0);
    expect((await utility.registry.concentrators())[0]?.lastError).toBeTruthy();
    expect(utility.headEnd().views.counts().concentratorsOnline).toBe(0);
  });

  it("reads a meter on demand through the relay, end to end ciphered", async () => {
    const utility = await concentratedUtility();
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 5 * MINUTE_MS);
    const readings = await utility.simulation.runFor(utility.headEnd().readNow("M2"));
    expect(readings.map(({ channel }) => channel)).toEqual(["1-0:1.8.0", "1-0:2.8.0", "1-0:3.8.0", "1-0:4.8.0"]);
    expect(readings[0]?.value).toBe(BigInt(utility.meters[1]?.register(0, utility.simulation.nowMs) ?? 0));
    const trace = utility.headEnd().views.sessionTrace("M2");
    expect(trace?.route).toBe("relay C1 to M2");
    expect(trace?.frames.some(({ plain, wire }) => plain !== undefined && wire[0] === 0xc8)).toBe(true);
  });

  it("goes the same way twice from one seed", async () => {
    const run = async (): Promise<string> => {
      const utility = await concentratedUtility({ seed: 9 });
      await utility.headEnd().start();
      await utility.simulation.runUntil(START_MS + 10 * MINUTE_MS);
      await utility.crashConcentrator();
      await utility.simulation.runUntil(START_MS + 40 * MINUTE_MS);
      return JSON.stringify([utility.simulation.executed, utility.notices], (_, value: unknown) =>
        typeof value === "bigint" ? `${value}n` : value,
      );
    };
    expect(await run()).toBe(await run());
  });
});
