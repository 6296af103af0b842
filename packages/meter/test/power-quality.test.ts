import { data, type DlmsData } from "@amity/dlms";
import { describe, expect, it } from "vitest";
import { openBench, utc, type MeterBench } from "./bench/meter-bench.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const startMs = Date.UTC(2026, 0, 20, 1);

const open = (): Promise<MeterBench> => openBench({ startMs, installedDays: [2, 3] });
const mean = (bench: MeterBench, endMs: number): number =>
  Math.round(
    [1, 3, 5, 7, 9].reduce(
      (sum, minute) => sum + bench.meter.momentaryAt(endMs - 10 * MINUTE_MS + minute * MINUTE_MS).phases[0]!.deciVolts,
      0,
    ) / 5,
  );

describe("voltage", () => {
  it("has its mean of ten minutes in a profile that is read by range", async () => {
    const bench = await open();
    await bench.later(startMs + DAY_MS);
    const clock = data.structure(
      data.longUnsigned(8),
      data.octets(Uint8Array.of(0, 0, 1, 0, 0, 255)),
      data.integer(2),
      data.longUnsigned(0),
    );
    const parameters = data.structure(clock, utc(startMs + HOUR_MS), utc(startMs + 2 * HOUR_MS), data.array());
    const buffer = await bench.get(7, "1-0:99.14.0", 2, { selector: 1, parameters });
    const rows = buffer.type === "array" ? buffer.value : [];
    expect(rows).toHaveLength(7);
    const second = rows[1]?.type === "structure" ? rows[1].value : [];
    expect(second[1]).toEqual(data.longUnsigned(mean(bench, startMs + HOUR_MS + 10 * MINUTE_MS)));
    expect(await bench.number(7, "1-0:99.14.0", 4)).toBe(600);
  });

  it("counts each time outside its limits once, with how long it lasted, and the same again after a crash", async () => {
    const bench = await open();
    const ends = Array.from({ length: 288 }, (_, index) => startMs + (index + 1) * 10 * MINUTE_MS);
    await bench.later(ends.at(-1)!);
    const sorted = ends.map((endMs) => mean(bench, endMs)).toSorted((left, right) => left - right);
    const limit = sorted[40]!;
    expect(await bench.set(3, "1-0:12.31.0", 2, data.longUnsigned(limit))).toBe("success");
    const first = bench.plan.meters[0]!.installedMs;
    const counted: boolean[] = [];
    for (let endMs = (Math.floor(first / (10 * MINUTE_MS)) + 2) * 10 * MINUTE_MS; endMs <= bench.simulation.nowMs; endMs += 10 * MINUTE_MS)
      counted.push(mean(bench, endMs) < limit);
    const sags = counted.filter((isLow, index) => isLow && counted[index - 1] !== true).length;
    expect(sags).toBeGreaterThan(0);
    expect(await bench.number(3, "1-0:32.32.0", 2)).toBe(sags);
    expect(await bench.number(3, "1-0:32.33.0", 2)).toBe(600 * counted.filter(Boolean).length);
    expect(await bench.number(3, "1-0:32.36.0", 2)).toBe(0);
    expect(await bench.number(3, "1-0:72.32.0", 2)).toBe(0);
    await bench.crash();
    expect(await bench.number(3, "1-0:32.32.0", 2)).toBe(sags);
  });
});

describe("power failures", () => {
  it("are counted, and the long ones logged with their duration", async () => {
    const bench = await open();
    const outage = async (seconds: number): Promise<void> => {
      const ids = [bench.target.meterId];
      await bench.simulation.runFor(bench.fleet.happen(ids, (atMs) => ({ kind: "powerDown", atMs })));
      await bench.simulation.runUntil(bench.simulation.nowMs + seconds * 1_000);
      await bench.simulation.runFor(bench.fleet.happen(ids, (atMs) => ({ kind: "powerUp", atMs })));
      await bench.later(bench.simulation.nowMs + HOUR_MS);
    };
    await outage(20);
    await outage(400);
    const numbers = async (...names: string[]): Promise<number[]> => Promise.all(names.map((name) => bench.number(1, name, 2)));
    expect(await numbers("0-0:96.7.0")).toEqual([2]);
    expect(await numbers("0-0:96.7.21")).toEqual([2]);
    expect(await numbers("0-0:96.7.9")).toEqual([1]);
    expect(await bench.number(3, "0-0:96.7.19", 2)).toBe(400);
    const log: DlmsData = await bench.get(7, "1-0:99.97.0", 2);
    expect(log).toMatchObject({ value: [{ value: [{}, { value: 400 }] }] });
    expect(await bench.set(3, "0-0:96.7.20", 2, data.longUnsigned(10))).toBe("success");
    expect(await numbers("0-0:96.7.9")).toEqual([2]);
  });
});
