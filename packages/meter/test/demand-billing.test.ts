import { data, type DlmsData } from "@amity/dlms";
import { beforeEach, describe, expect, it } from "vitest";
import { executionTime, openBench, type MeterBench } from "./bench/meter-bench.ts";

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;
const startMs = Date.UTC(2026, 0, 20, 1);

let bench: MeterBench;

beforeEach(async () => {
  bench = await openBench({ startMs });
});

const importWh = (atMs: number): number => bench.meter.registersAt(atMs)[0] ?? 0;
const blockW = (endMs: number, lengthMs = QUARTER_MS): number =>
  Math.floor(((importWh(endMs) - importWh(endMs - lengthMs)) * 3_600_000) / lengthMs);
const rows = async (): Promise<readonly DlmsData[][]> => {
  const buffer = await bench.get(7, "0-0:98.1.0", 2);
  return buffer.type === "array" ? buffer.value.map((row) => (row.type === "structure" ? [...row.value] : [])) : [];
};
const numbers = (row: readonly DlmsData[] | undefined): unknown[] => (row ?? []).map((cell) => ("value" in cell ? cell.value : undefined));

describe("demand", () => {
  it("is averaged in blocks: the last whole one, and the running one", async () => {
    await bench.later(startMs + 4 * QUARTER_MS + 300_000);
    expect(await bench.number(5, "1-0:1.4.0", 3)).toBe(blockW(startMs + 4 * QUARTER_MS));
    expect(await bench.number(5, "1-0:1.4.0", 2)).toBeLessThanOrEqual(blockW(startMs + 5 * QUARTER_MS) + 4);
    expect(await bench.number(5, "1-0:1.4.0", 8)).toBe(900);
  });

  it("slides where several periods are set", async () => {
    expect(await bench.set(5, "1-0:1.4.0", 8, data.doubleLongUnsigned(300))).toBe("success");
    expect(await bench.set(5, "1-0:1.4.0", 9, data.longUnsigned(3))).toBe("success");
    expect(await bench.set(5, "1-0:1.4.0", 8, data.doubleLongUnsigned(7))).toBe("other-reason");
    const endMs = startMs + 2 * QUARTER_MS + 600_000;
    await bench.later(endMs + 60_000);
    expect(await bench.number(5, "1-0:1.4.0", 3)).toBe(blockW(endMs));
  });

  it("has its maximum with the time of it, since the billing period began", async () => {
    expect(await bench.act(9, "0-0:10.0.1", 1, data.longUnsigned(1))).toEqual({ kind: "done" });
    const resetMs = bench.meter.functions.billing.resets.at(-1)!.atMs;
    await bench.later(startMs + 2 * DAY_MS);
    const ends = Array.from({ length: 2 * 96 + 8 }, (_, index) => startMs + index * QUARTER_MS).filter(
      (endMs) => endMs - QUARTER_MS >= resetMs && endMs <= bench.simulation.nowMs,
    );
    const highest = Math.max(...ends.map((endMs) => blockW(endMs)));
    expect(await bench.number(4, "1-0:1.6.0", 2)).toBe(highest);
    const at = ends.find((endMs) => blockW(endMs) === highest)!;
    const stamp = await bench.get(4, "1-0:1.6.0", 5);
    const octets = stamp.type === "octet-string" ? stamp.value : new Uint8Array(12);
    const local = Date.UTC(new DataView(octets.buffer, octets.byteOffset).getUint16(0), octets[2]! - 1, octets[3], octets[5], octets[6]);
    expect(local - 11 * 3_600_000).toBe(at);
  });
});

describe("billing periods", () => {
  it("end with each month by themselves, and keep the registers and the maximum of their end", async () => {
    const before = (await rows()).length;
    expect(before).toBeGreaterThan(1);
    await bench.later(Date.UTC(2026, 1, 3));
    const all = await rows();
    expect(all).toHaveLength(before + 1);
    // The first of February in Sydney begins eleven hours before it does in Greenwich.
    const endMs = Date.UTC(2026, 0, 31, 13);
    const last = numbers(all.at(-1));
    expect(last.slice(1, 4)).toEqual([before + 1, importWh(endMs), bench.meter.registersAt(endMs)[1]]);
    expect(last[4]).toBe(importWh(endMs));
    expect(await bench.number(1, "0-0:0.1.0", 2)).toBe(before + 1);
    // The maximum began anew.
    expect(await bench.number(4, "1-0:1.6.0", 2)).toBeLessThanOrEqual(Math.max(...[2, 1].map(() => Number(last[12]) * 10)));
    expect(Number(last[12])).toBeGreaterThan(0);
  });

  it("end when the script is run or the profile captured, which is logged, and are remembered over a crash", async () => {
    const before = (await rows()).length;
    expect(await bench.act(7, "0-0:98.1.0", 2)).toEqual({ kind: "done" });
    expect(await bench.act(9, "0-0:10.0.1", 1, data.longUnsigned(1))).toEqual({ kind: "done" });
    expect(bench.codes("standard").filter((code) => code === 21)).toHaveLength(2);
    const kept = await rows();
    expect(kept).toHaveLength(before + 2);
    await bench.crash();
    expect(await rows()).toEqual(kept);
  });

  it("follow the schedule that the utility sets", async () => {
    const before = (await rows()).length;
    expect(await bench.set(22, "0-0:15.0.0", 4, executionTime(6, 30))).toBe("success");
    await bench.later(startMs + 3 * DAY_MS);
    expect(await rows()).toHaveLength(before + 3);
    expect(await bench.set(22, "0-0:15.0.0", 4, data.array())).toBe("success");
    await bench.later(startMs + 40 * DAY_MS);
    expect(await rows()).toHaveLength(before + 3);
  });
});

describe("what was due without power", () => {
  it("is made up for once when it comes back", async () => {
    const before = bench.meter.functions.billing.count;
    expect(await bench.set(22, "0-0:15.0.0", 4, executionTime(6, 30))).toBe("success");
    const ids = [bench.target.meterId];
    await bench.simulation.runFor(bench.fleet.happen(ids, (atMs) => ({ kind: "powerDown", atMs })));
    await bench.simulation.runUntil(startMs + 3 * DAY_MS);
    await bench.simulation.runFor(bench.fleet.happen(ids, (atMs) => ({ kind: "powerUp", atMs })));
    await bench.later(startMs + 3 * DAY_MS + 60_000);
    expect((await rows()).length).toBeGreaterThan(0);
    expect(bench.meter.functions.billing.count).toBe(before + 1);
    expect(bench.meter.functions.billing.resets.at(-1)?.atMs).toBe(startMs + 3 * DAY_MS);
  });
});
