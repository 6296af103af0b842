import { describe, expect, it } from "vitest";
import { directUtility, missingIntervals } from "./direct-utility.ts";
import { DAY_MS, keyOf, START_MS } from "./lasting-head-end.ts";

const MINUTE_MS = 60_000;
const FLOOR_MS = Math.ceil((START_MS - 3 * DAY_MS) / DAY_MS) * DAY_MS;

describe("collection of meters on direct TCP", () => {
  it("brings the whole history and then every interval, as the registers say", async () => {
    const utility = await directUtility();
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 10 * MINUTE_MS);
    expect(missingIntervals(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 12, 0))).toEqual([]);
    expect(utility.headEnd().views.backfill().fraction).toBe(1);
    await utility.simulation.runUntil(START_MS + 5 * 60 * MINUTE_MS);
    expect(missingIntervals(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 16, 0))).toEqual([]);
    const detail = await utility.headEnd().views.meter("M1");
    expect(detail?.health.consecutiveFailures).toBe(0);
    expect(detail?.health.lastSeenMs).toBeGreaterThan(START_MS + 4 * 60 * MINUTE_MS);
    expect(utility.headEnd().views.sessionTrace("M1")?.outcome).toBe("ok");
    expect(utility.headEnd().views.sessionTrace("M1")?.frames.length).toBeGreaterThan(6);
  });

  it("takes the newest day first", async () => {
    const utility = await directUtility({ meters: 1, headEnd: { piecesPerVisit: 1, eventLogs: [] } });
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 30 * MINUTE_MS);
    const newest = utility.notices.flatMap((notice) =>
      notice.kind === "collected" && notice.newestMs !== undefined ? [notice.newestMs] : [],
    );
    expect(newest.length).toBeGreaterThanOrEqual(3);
    expect(newest.slice(0, 3)).toEqual(newest.slice(0, 3).toSorted((left, right) => right - left));
    expect(newest[0]).toBe(Date.UTC(2026, 10, 1, 12, 0));
  });

  it("loses nothing and repeats nothing that differs when the head-end crashes at any moment", async () => {
    const utility = await directUtility({ seed: 5 });
    await utility.headEnd().start();
    for (let round = 0; round < 20; round++) {
      await utility.simulation.runUntil(utility.simulation.nowMs + 37 + 211 * round);
      await utility.crash();
    }
    await utility.simulation.runUntil(START_MS + 60 * MINUTE_MS);
    expect(missingIntervals(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 13, 0))).toEqual([]);
  });

  it("moves no watermark while the sink refuses, and catches up when it takes again", async () => {
    const utility = await directUtility({ meters: 1 });
    utility.sink.failure = new Error("database away");
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 20 * MINUTE_MS);
    expect(await utility.registry.coverage()).toEqual([]);
    expect((await utility.headEnd().views.meter("M1"))?.health.lastError?.message).toContain("database away");
    utility.sink.failure = undefined;
    await utility.simulation.runUntil(START_MS + 3 * 60 * MINUTE_MS);
    expect(missingIntervals(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 14, 0))).toEqual([]);
  });

  it("names the wrong key, keeps to its retry budget, and reads the other meters all the same", async () => {
    const utility = await directUtility({ meters: 2 });
    await utility.keys.store([{ ref: { owner: "M1", purpose: "guek" }, secret: keyOf("other", 1) }]);
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 50 * MINUTE_MS);
    const health = (await utility.headEnd().views.meter("M1"))?.health;
    expect(health?.lastError?.message).toMatch(/tag|refuse|exception|decipher|answer/i);
    // First attempt and retries until the budget of five in a row is used up; then only the regular turn.
    expect(health?.consecutiveFailures).toBe(5);
    expect(health?.lastSeenMs).toBeUndefined();
    expect(utility.sink.intervals.has(`M2 1-0:1.8.0 ${FLOOR_MS}`)).toBe(true);
    expect(utility.headEnd().views.sessionTrace("M1")?.outcome).toBe("failed");
  });

  it("waits for rows that come late, because the meter's clock is behind", async () => {
    const utility = await directUtility({ meters: 1 });
    const [meter] = utility.meters;
    if (meter !== undefined) meter.clockOffsetMs = -10 * MINUTE_MS;
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 4 * 60 * MINUTE_MS);
    expect(missingIntervals(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 15, 0))).toEqual([]);
  });

  it("leaves a gap where the meter has one, with the registers on both sides", async () => {
    const utility = await directUtility({ meters: 1 });
    const lostMs = Date.UTC(2026, 9, 31, 5, 15);
    utility.meters[0]?.missing.add(lostMs);
    utility.meters[0]?.statusAt.set(lostMs + 900_000, 0x80);
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 30 * MINUTE_MS);
    const absent = missingIntervals(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 12, 0));
    expect(absent.filter((key) => key.includes("1.8.0"))).toEqual([lostMs - 900_000, lostMs].map((atMs) => `M1 1-0:1.8.0 ${atMs}`));
    expect(utility.sink.registers.has(`M1 1-0:1.8.0 ${lostMs - 900_000}`)).toBe(true);
    expect(utility.sink.registers.has(`M1 1-0:1.8.0 ${lostMs + 900_000}`)).toBe(true);
  });

  it("brings events once, with their kinds", async () => {
    const utility = await directUtility({ meters: 1 });
    utility.meters[0]?.events.push({ atMs: START_MS - DAY_MS, code: 40 }, { atMs: START_MS + 2 * 60 * MINUTE_MS, code: 1 });
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + 6 * 60 * MINUTE_MS);
    const events = await utility.headEnd().views.eventsSince(0, 100);
    expect(events.map(({ event }) => event.kind)).toEqual(["coverOpened", "powerDown"]);
    expect(utility.notices.filter(({ kind }) => kind === "event")).toHaveLength(2);
  });

  it("does nothing more once it is stopped", async () => {
    const utility = await directUtility();
    await utility.headEnd().start();
    await utility.simulation.runUntil(START_MS + MINUTE_MS);
    utility.simulation.network.setPartition("headend", "M1", true);
    const expiresAtMs = START_MS + 3 * 60 * MINUTE_MS;
    const request = {
      commandId: "c",
      meterId: "M1",
      control: { kind: "ping" as const },
      requestedBy: "anna",
      requestedAtMs: START_MS,
      expiresAtMs,
    };
    await utility.simulation.runFor(utility.headEnd().submit(request));
    await utility.simulation.runUntil(START_MS + 90 * MINUTE_MS);
    await utility.simulation.runFor(utility.headEnd().stop());
    const before = utility.notices.length;
    await utility.simulation.runUntil(START_MS + 6 * 60 * MINUTE_MS);
    expect(utility.notices.length).toBe(before);
    expect((await utility.registry.command("c"))?.state).toBe("waiting");
  });

  it("goes the same way twice from one seed", async () => {
    const run = async (): Promise<string> => {
      const utility = await directUtility({ seed: 9 });
      await utility.headEnd().start();
      await utility.simulation.runUntil(START_MS + 60 * MINUTE_MS);
      return JSON.stringify([utility.simulation.executed, utility.notices], (_, value: unknown) =>
        typeof value === "bigint" ? `${value}n` : value,
      );
    };
    expect(await run()).toBe(await run());
  });
});
