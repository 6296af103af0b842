import { data } from "@amity/dlms";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { openBench, script, text, utc, writeCalendar, type MeterBench } from "./bench/meter-bench.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Noon in Sydney on a summer day. */
const startMs = Date.UTC(2026, 0, 20, 1);
const REGISTERS = ["1-0:1.8.1", "1-0:1.8.2", "1-0:1.8.3", "1-0:1.8.4"] as const;

let bench: MeterBench;

beforeEach(async () => {
  bench = await openBench({ startMs });
});

const read = (names: readonly string[]): Promise<number[]> =>
  names.reduce<Promise<number[]>>(async (done, name) => [...(await done), await bench.number(3, name, 2)], Promise.resolve([]));
const importWh = (atMs: number): number => bench.meter.registersAt(atMs)[0] ?? 0;

describe("tariff registers", () => {
  it("hold all energy in the first tariff before any calendar", async () => {
    const [t1, ...others] = await read(REGISTERS);
    expect(t1).toBe(await bench.number(3, "1-0:1.8.0", 2));
    expect(others).toEqual([0, 0, 0]);
    expect(await bench.get(1, "0-0:96.14.0", 2)).toEqual(text("RATE1"));
  });

  it("count by the calendar's hours from its activation on", async () => {
    await writeCalendar(bench, "TOU", [
      [7, 2],
      [22, 1],
    ]);
    expect(await bench.set(20, "0-0:13.0.0", 10, utc(startMs + HOUR_MS))).toBe("success");
    await bench.later(startMs + DAY_MS);
    const nowMs = bench.simulation.nowMs;
    const activeFromMs = startMs + HOUR_MS;
    // Sydney in summer is eleven hours ahead: 22:00 is 11:00 UTC, 07:00 is 20:00 UTC of the day before.
    const nightFromMs = Date.UTC(2026, 0, 20, 11);
    const nightToMs = Date.UTC(2026, 0, 20, 20);
    const day = importWh(nightFromMs) - importWh(activeFromMs) + importWh(nowMs) - importWh(nightToMs);
    const [t1 = 0, t2 = 0, t3, t4] = bench.meter.tariffsAt(nowMs);
    expect(t2).toBe(day);
    expect(t1).toBe(importWh(activeFromMs) + importWh(nightToMs) - importWh(nightFromMs));
    expect([t3, t4]).toEqual([0, 0]);
    expect(day).toBeGreaterThan(0);
    const [wireT1 = 0, wireT2 = 0] = await read(REGISTERS);
    expect(wireT1 + wireT2).toBeGreaterThanOrEqual(importWh(nowMs));
    expect(await bench.get(1, "0-0:96.14.0", 2)).toEqual(text("RATE2"));
    expect(await bench.get(6, "0-0:14.0.0", 4)).toEqual(text("RATE2"));
  });

  it("add up to the total at any instant, whatever the calendar, and are the same after a crash", async () => {
    await writeCalendar(bench, "TOU", [
      [0, 3],
      [6, 1],
      [16, 2],
      [21, 4],
    ]);
    expect(await bench.act(20, "0-0:13.0.0", 1)).toEqual({ kind: "done" });
    await bench.simulation.runFor(bench.fleet.happen([bench.target.meterId], (atMs) => ({ kind: "powerDown", atMs })));
    await bench.simulation.runUntil(startMs + 30 * HOUR_MS);
    await bench.simulation.runFor(bench.fleet.happen([bench.target.meterId], (atMs) => ({ kind: "powerUp", atMs })));
    await bench.later(startMs + 40 * HOUR_MS);
    const offset = fc.integer({ min: -30 * DAY_MS, max: 40 * HOUR_MS });
    fc.assert(
      fc.property(offset, (offsetMs) => {
        const tariffs = bench.meter.tariffsAt(startMs + offsetMs);
        const [imported, exported] = bench.meter.registersAt(startMs + offsetMs);
        expect(tariffs.slice(0, 4).reduce((sum, wh) => sum + wh, 0)).toBe(imported);
        expect(tariffs.slice(4).reduce((sum, wh) => sum + wh, 0)).toBe(exported);
      }),
      { seed: 5, numRuns: 200 },
    );
    const before = bench.meter.tariffsAt(startMs + 39 * HOUR_MS);
    await bench.crash();
    await bench.number(3, "1-0:1.8.2", 2);
    expect(bench.meter.tariffsAt(startMs + 39 * HOUR_MS)).toEqual(before);
  });

  it("follow a special day instead of its weekday, on that day only", async () => {
    await writeCalendar(bench, "TOU", [[0, 1]]);
    const special = data.array(data.structure(data.longUnsigned(1), data.octets(Uint8Array.of(0xff, 0xff, 1, 21, 0xff)), data.unsigned(9)));
    const { days } = { days: await bench.get(20, "0-0:13.0.0", 9) };
    const [weekday] = days.type === "array" ? days.value : [];
    const holiday = data.structure(
      data.unsigned(9),
      data.array(
        data.structure(data.octets(Uint8Array.of(0, 0, 0, 0)), data.octets(Uint8Array.of(0, 0, 10, 0, 100, 255)), data.longUnsigned(4)),
      ),
    );
    expect(await bench.set(20, "0-0:13.0.0", 9, data.array(weekday!, holiday))).toBe("success");
    expect(await bench.set(11, "0-0:11.0.0", 2, special)).toBe("success");
    expect(await bench.act(20, "0-0:13.0.0", 1)).toEqual({ kind: "done" });
    await bench.later(startMs + 3 * DAY_MS);
    const [fromMs, toMs] = [Date.UTC(2026, 0, 20, 13), Date.UTC(2026, 0, 21, 13)];
    expect(bench.meter.tariffsAt(bench.simulation.nowMs)[3]).toBe(importWh(toMs) - importWh(fromMs));
  });

  it("take a tariff by script until the calendar's next switch", async () => {
    await writeCalendar(bench, "TOU", [
      [7, 2],
      [22, 1],
    ]);
    expect(await bench.act(20, "0-0:13.0.0", 1)).toEqual({ kind: "done" });
    expect(await bench.act(9, "0-0:10.0.100", 1, data.longUnsigned(4))).toEqual({ kind: "done" });
    expect(await bench.get(1, "0-0:96.14.0", 2)).toEqual(text("RATE4"));
    await bench.later(Date.UTC(2026, 0, 20, 12));
    expect(await bench.get(1, "0-0:96.14.0", 2)).toEqual(text("RATE1"));
    expect(await bench.number(3, "1-0:1.8.4", 2)).toBeGreaterThan(0);
    expect(await bench.act(9, "0-0:10.0.100", 1, data.longUnsigned(5))).toEqual({ kind: "refused", result: "other-reason" });
  });

  it("count under the masks that were set: two registers at once, or none", async () => {
    const mask = data.structure(text("BOTH"), data.array(data.unsigned(2), data.unsigned(3)));
    expect(await bench.act(6, "0-0:14.0.0", 2, mask)).toEqual({ kind: "done" });
    expect(await bench.set(6, "0-0:14.0.0", 4, text("BOTH"))).toBe("success");
    expect(await bench.set(6, "0-0:14.0.0", 4, text("NONE"))).toBe("other-reason");
    await bench.later(startMs + 5 * HOUR_MS);
    const [, t2, t3] = await read(REGISTERS);
    expect(t2).toBeGreaterThan(0);
    expect(t3).toBe(t2);
    expect(await bench.act(6, "0-0:14.0.0", 3, text("BOTH"))).toEqual({ kind: "done" });
    expect(await bench.act(6, "0-0:14.0.0", 2, data.structure(text("BAD"), data.array(data.unsigned(9))))).toEqual({
      kind: "refused",
      result: "other-reason",
    });
  });

  it("shows its script table as actions on the register activation", async () => {
    const table = await bench.get(9, "0-0:10.0.100", 2);
    expect(table.type === "array" && table.value.length).toBe(4);
    expect(script(100, 1).type).toBe("structure");
  });
});
