import { data, entrySelection, obisToOctets, parseObis, rangeSelection, type DlmsData } from "@amity/dlms";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { SORT_METHODS, sortedRows } from "../src/dlms/every-class/sorted-rows.ts";
import { METER_MODELS } from "../src/index.ts";
import { openBench, text, utc, type MeterBench } from "./bench/meter-bench.ts";

const HOUR_MS = 3_600_000;
const startMs = Date.UTC(2026, 0, 20, 1);
const DONE = { kind: "done" };
const PROFILE = [7, "1-0:99.3.0"] as const;
const column = (classId: number, obis: string, attribute = 2): DlmsData =>
  data.structure(data.longUnsigned(classId), data.octets(obisToOctets(parseObis(obis))), data.integer(attribute), data.longUnsigned(0));
const CLOCK = column(8, "0-0:1.0.0");
const POWER = column(3, "1-0:1.7.0");
const ENERGY = column(3, "1-0:1.8.0");

let bench: MeterBench;

beforeEach(async () => {
  bench = await openBench({ startMs, parts: { type: { ...METER_MODELS.conformance, timeBase: "utc" } } });
});

async function rows(selection?: Parameters<MeterBench["get"]>[3]): Promise<DlmsData[][]> {
  const buffer = await bench.get(...PROFILE, 2, selection);
  return buffer.type === "array" ? buffer.value.map((row) => (row.type === "structure" ? [...row.value] : [])) : [];
}
const numbers = async (index: number): Promise<number[]> =>
  (await rows()).map((cells) => {
    const cell = cells[index];
    return cell !== undefined && "value" in cell ? Number(cell.value) : Number.NaN;
  });

describe("a profile that the utility sets up", () => {
  it("begins anew with other columns and with another period, and captures what the registers were", async () => {
    expect((await rows()).length).toBe(96);
    expect(await bench.set(...PROFILE, 3, data.array(CLOCK, ENERGY, POWER))).toBe("success");
    expect(await rows()).toEqual([]);
    await bench.later(startMs + HOUR_MS + 1);
    expect(await rows()).toHaveLength(4);
    expect(await bench.set(...PROFILE, 4, data.doubleLongUnsigned(1_800))).toBe("success");
    expect(await bench.number(...PROFILE, 7)).toBe(0);
    await bench.later(startMs + 4 * HOUR_MS + 1);
    const captured = [1, 2, 3, 4, 5, 6].map((half) => startMs + HOUR_MS + half * (HOUR_MS / 2));
    expect(await numbers(1)).toEqual(captured.map((atMs) => bench.meter.registersAt(atMs)[0]));
    expect(await numbers(2)).toEqual(captured.map((atMs) => bench.meter.momentaryAt(atMs).importW));
    expect(await rows(entrySelection(2, 3, 2, 2))).toEqual(
      captured.slice(1, 3).map((atMs) => [data.doubleLongUnsigned(bench.meter.registersAt(atMs)[0]!)]),
    );
    expect(await rows(rangeSelection(utc(startMs + 2 * HOUR_MS), utc(startMs + 3 * HOUR_MS)))).toHaveLength(3);
    expect(await bench.act(...PROFILE, 1)).toEqual(DONE);
    expect(await rows()).toEqual([]);
  });

  it("keeps the largest, the smallest, the newest first, as it is told, in as many rows as it is told", async () => {
    expect(await bench.set(...PROFILE, 3, data.array(CLOCK, POWER))).toBe("success");
    expect(await bench.set(...PROFILE, 8, data.doubleLongUnsigned(5))).toBe("success");
    expect(await bench.set(...PROFILE, 5, data.enumerated(3))).toBe("other-reason");
    expect(await bench.set(...PROFILE, 6, ENERGY)).toBe("other-reason");
    expect(await bench.set(...PROFILE, 6, POWER)).toBe("success");
    await bench.later(startMs + 24 * HOUR_MS + 1);
    const powers = Array.from({ length: 96 }, (_, index) => bench.meter.momentaryAt(startMs + (index + 1) * (HOUR_MS / 4)).importW);
    expect(await bench.set(...PROFILE, 5, data.enumerated(3))).toBe("success");
    expect(await numbers(1)).toEqual(powers.toSorted((left, right) => right - left).slice(0, 5));
    expect(await bench.set(...PROFILE, 5, data.enumerated(4))).toBe("success");
    expect(await numbers(1)).toEqual(powers.toSorted((left, right) => left - right).slice(0, 5));
    expect(await bench.set(...PROFILE, 5, data.enumerated(2))).toBe("success");
    expect(await numbers(1)).toEqual(powers.slice(-5).toReversed());
    expect(await bench.number(...PROFILE, 7)).toBe(5);
    // Columns without the sort object: by time again.
    expect(await bench.set(...PROFILE, 3, data.array(CLOCK, ENERGY))).toBe("success");
    expect(await bench.get(...PROFILE, 6)).toEqual(column(0, "0-0:0.0.0.0", 0));
  });

  it("captures by its method what there is, where it has no period, and keeps it over a crash", async () => {
    expect(await bench.act(...PROFILE, 2)).toEqual({ kind: "refused", result: "other-reason" });
    expect(await bench.set(...PROFILE, 3, data.array(CLOCK, column(1, "0-0:96.13.0")))).toBe("other-reason");
    expect(await bench.set(...PROFILE, 4, data.doubleLongUnsigned(0))).toBe("success");
    expect(await bench.set(...PROFILE, 3, data.array(CLOCK, column(1, "0-0:96.13.0")))).toBe("success");
    for (const message of ["one", "two"]) {
      expect(await bench.set(1, "0-0:96.13.0", 2, text(message))).toBe("success");
      expect(await bench.act(...PROFILE, 2)).toEqual(DONE);
    }
    await bench.crash();
    expect((await rows()).map((cells) => cells[1])).toEqual([text("one"), text("two")]);
    expect(await bench.set(...PROFILE, 4, data.doubleLongUnsigned(900))).toBe("other-reason");
  });

  it("refuses columns that are not there, periods that do not fit a day, and no rows at all", async () => {
    expect(await bench.set(...PROFILE, 3, data.array(CLOCK, column(3, "1-0:99.99.99")))).toBe("object-undefined");
    expect(await bench.set(...PROFILE, 3, data.array(CLOCK, CLOCK))).toBe("other-reason");
    expect(await bench.set(...PROFILE, 3, data.array(text("x")))).toBe("type-unmatched");
    expect(await bench.set(...PROFILE, 4, data.doubleLongUnsigned(7_000))).toBe("other-reason");
    expect(await bench.set(...PROFILE, 8, data.doubleLongUnsigned(0))).toBe("other-reason");
  });
});

describe("rows in the order of a buffer", () => {
  it("are the best of all, whatever they are", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 40 }), fc.integer({ min: 1, max: 20 }), (values, entries) => {
        const captured = values.map((one, index) => ({ clockMs: index, cells: [data.long(one)] }));
        const inOrder = (method: number): number[] =>
          sortedRows(captured, { method, column: 0, entries }).map(({ cells: [cell] }) =>
            cell !== undefined && "value" in cell ? Number(cell.value) : 0,
          );
        expect(inOrder(SORT_METHODS.largest)).toEqual(values.toSorted((left, right) => right - left).slice(0, entries));
        expect(inOrder(SORT_METHODS.nearestToZero).map(Math.abs)).toEqual(
          values
            .map(Math.abs)
            .toSorted((left, right) => left - right)
            .slice(0, entries),
        );
        expect(inOrder(SORT_METHODS.farthestFromZero).map(Math.abs)).toEqual(
          values
            .map(Math.abs)
            .toSorted((left, right) => right - left)
            .slice(0, entries),
        );
        expect(inOrder(SORT_METHODS.fifo)).toEqual(values.slice(-entries));
      }),
    );
  });
});
