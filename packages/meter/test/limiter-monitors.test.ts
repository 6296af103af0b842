import { data, parseObis, obisToOctets, type DlmsData } from "@amity/dlms";
import { beforeEach, describe, expect, it } from "vitest";
import { executionTime, openBench, script, utc, type MeterBench } from "./bench/meter-bench.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const startMs = Date.UTC(2026, 0, 20, 1);
const LIMITER = [71, "0-0:17.0.0"] as const;

let bench: MeterBench;

beforeEach(async () => {
  bench = await openBench({ startMs });
});

const watts = (value: number): DlmsData => data.doubleLongUnsigned(value);
const isConnected = async (): Promise<unknown> => {
  const value = await bench.get(70, "0-0:96.3.10", 2);
  return value.type === "boolean" ? value.value : undefined;
};
const powerW = (atMs: number): number => bench.meter.momentaryAt(atMs).importW;

/** The first minute after the start at which the household takes more than `limitW`, and from when on it does so for `lastMs`. */
function exceeds(limitW: number, lastMs: number): number {
  for (let atMs = startMs + MINUTE_MS; atMs < startMs + 2 * DAY_MS; atMs += MINUTE_MS) {
    const span = Array.from({ length: lastMs / MINUTE_MS + 1 }, (_, index) => atMs + index * MINUTE_MS);
    if (powerW(atMs - MINUTE_MS) <= limitW && span.every((one) => powerW(one) > limitW)) return atMs;
  }
  throw new Error("the household never takes that much");
}

describe("the limiter", () => {
  it("opens the disconnector where the limit is exceeded for long enough, says so, and not before", async () => {
    const peak = Math.max(...Array.from({ length: 96 }, (_, index) => powerW(startMs + index * 15 * MINUTE_MS)));
    const limit = Math.floor(peak / 2);
    const from = exceeds(limit, 10 * MINUTE_MS);
    expect(await bench.set(...LIMITER, 4, watts(limit))).toBe("success");
    expect(await bench.set(...LIMITER, 6, watts(600))).toBe("success");
    expect(await bench.number(...LIMITER, 3)).toBe(limit);
    await bench.later(from + 9 * MINUTE_MS);
    expect(await isConnected()).toBe(true);
    await bench.later(from + 11 * MINUTE_MS);
    expect(await isConnected()).toBe(false);
    expect(await bench.get(70, "0-0:96.3.10", 3)).toEqual(data.enumerated(2));
    expect(bench.codes("disconnector").slice(-2)).toEqual([65, 64]);
    const openedMs = from + 10 * MINUTE_MS;
    expect(bench.meter.registersAt(openedMs + HOUR_MS)[0]).toBe(bench.meter.registersAt(openedMs)[0]);
    await bench.crash();
    expect(await isConnected()).toBe(false);
    expect(bench.codes("disconnector").slice(-2)).toEqual([65, 64]);
  });

  it("reconnects by its script when the load is gone, where the control mode lets it", async () => {
    expect(await bench.set(70, "0-0:96.3.10", 4, data.enumerated(6))).toBe("success");
    const from = exceeds(150, 5 * MINUTE_MS);
    const actions = data.structure(script(106, 1), script(106, 2));
    expect(await bench.set(...LIMITER, 11, actions)).toBe("success");
    expect(await bench.set(...LIMITER, 7, watts(120))).toBe("success");
    expect(await bench.set(...LIMITER, 4, watts(150))).toBe("success");
    await bench.later(from + 5 * MINUTE_MS);
    expect(bench.codes("disconnector")).toEqual(expect.arrayContaining([65, 64, 66, 69]));
  });

  it("has another limit while an emergency profile is active for its group", async () => {
    const limit = (): Promise<number> => bench.number(...LIMITER, 3);
    expect(await bench.set(...LIMITER, 5, watts(1_000))).toBe("success");
    expect(await bench.set(...LIMITER, 9, data.array(data.longUnsigned(7)))).toBe("success");
    const profile = (id: number): DlmsData => data.structure(data.longUnsigned(id), utc(startMs + HOUR_MS), data.doubleLongUnsigned(3_600));
    expect(await bench.set(...LIMITER, 8, profile(8))).toBe("success");
    await bench.later(startMs + HOUR_MS + MINUTE_MS);
    expect(await limit()).toBe(0xffff_ffff);
    expect(await bench.set(...LIMITER, 8, profile(7))).toBe("success");
    expect(await limit()).toBe(1_000);
    expect(await bench.get(...LIMITER, 10)).toEqual(data.boolean(true));
    await bench.later(startMs + 2 * HOUR_MS + MINUTE_MS);
    expect(await limit()).toBe(0xffff_ffff);
    expect(await bench.get(...LIMITER, 10)).toEqual(data.boolean(false));
  });

  it("refuses what is no threshold", async () => {
    expect(await bench.set(...LIMITER, 4, data.octets(new Uint8Array(2)))).toBe("type-unmatched");
    expect(await bench.set(...LIMITER, 4, data.integer(-1))).toBe("type-unmatched");
    expect(await bench.set(...LIMITER, 3, watts(1))).toBe("read-write-denied");
  });
});

describe("a register monitor", () => {
  it("runs its script when the value passes its threshold, up and down", async () => {
    const MONITOR = [21, "0-0:16.1.0"] as const;
    const watched = data.structure(data.longUnsigned(3), data.octets(obisToOctets(parseObis("1-0:1.8.0"))), data.integer(2));
    const nowWh = bench.meter.registersAt(startMs)[0]!;
    expect(await bench.set(...MONITOR, 3, watched)).toBe("success");
    expect(await bench.set(...MONITOR, 4, data.array(data.structure(script(100, 3), script(100, 1))))).toBe("success");
    expect(await bench.set(...MONITOR, 2, data.array(watts(nowWh + 200)))).toBe("success");
    await bench.later(startMs + DAY_MS);
    const t3 = await bench.number(3, "1-0:1.8.3", 2);
    const total = await bench.number(3, "1-0:1.8.0", 2);
    // Within the minute in which it looks.
    expect(total - t3).toBeGreaterThanOrEqual(nowWh + 200);
    expect(total - t3).toBeLessThan(nowWh + 400);
    expect(await bench.set(...MONITOR, 2, data.array(data.octets(new Uint8Array(1))))).toBe("type-unmatched");
  });
});

describe("single action schedules", () => {
  it("open and close the disconnector at their time, as the utility would", async () => {
    // 13:00 in Sydney is an hour after the start.
    expect(await bench.set(22, "0-0:15.0.1", 4, executionTime(13, 0, [0x07, 0xea, 1, 20, 0xff]))).toBe("success");
    await bench.later(startMs + HOUR_MS + MINUTE_MS);
    expect(await isConnected()).toBe(false);
    expect(bench.codes("disconnector").at(-1)).toBe(62);
    expect(bench.meter.log("disconnector").entries.at(-1)?.clockMs).toBe(startMs + HOUR_MS);
    expect(await bench.set(22, "0-0:15.0.1", 2, script(106, 2))).toBe("success");
    expect(await bench.set(22, "0-0:15.0.1", 4, executionTime(14, 0))).toBe("success");
    await bench.later(startMs + 2 * HOUR_MS + MINUTE_MS);
    expect(await isConnected()).toBe(true);
    expect(await bench.set(22, "0-0:15.0.1", 2, script(99, 1))).toBe("other-reason");
  });

  it("run by the meter's own clock, and not twice when it is set back a little", async () => {
    expect(await bench.set(22, "0-0:15.0.1", 4, executionTime(13, 0))).toBe("success");
    expect(await bench.set(8, "0-0:1.0.0", 2, utc(startMs + 30 * MINUTE_MS))).toBe("success");
    await bench.later(startMs + 31 * MINUTE_MS);
    expect(await isConnected()).toBe(false);
    expect(await bench.act(70, "0-0:96.3.10", 2)).toEqual({ kind: "done" });
    expect(await bench.set(8, "0-0:1.0.0", 2, utc(startMs + 31 * MINUTE_MS))).toBe("success");
    await bench.later(startMs + 3 * HOUR_MS);
    expect(await isConnected()).toBe(true);
  });
});
