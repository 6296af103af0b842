import { DecodeError } from "@amity/bytes";
import { dateTimeOfInstant } from "@amity/concentrator";
import { compressProfile, data, encodeData, type DlmsData } from "@amity/dlms";
import { QUALITY, unpackQuality } from "@amity/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventsOfBuffer } from "../src/dlms/event-rows.ts";
import { intervalsOfRows } from "../src/dlms/interval-runs.ts";
import { readProfileBuffer } from "../src/dlms/profile-buffer.ts";
import type { ProfileLayout } from "../src/dlms/profile-layout.ts";
import type { ProfileRows } from "../src/dlms/profile-rows.ts";
import { qualityOfStatus } from "../src/dlms/status-quality.ts";

const START_MS = Date.UTC(2026, 2, 28, 22, 0);
const PERIOD_MS = 900_000;
const LAYOUT: ProfileLayout = {
  periodSeconds: 900,
  columns: [
    { kind: "clock" },
    { kind: "status" },
    { kind: "register", channel: "1-0:1.8.0", unit: "Wh", scaler: 0 },
    { kind: "other" },
    { kind: "register", channel: "1-0:3.8.0", unit: "varh", scaler: 1 },
  ],
};

function row(atMs: number | undefined, status: number, active: DlmsData, reactive: DlmsData): DlmsData {
  const clock = atMs === undefined ? data.nothing : data.octets(dateTimeOfInstant(atMs));
  return data.structure(clock, data.unsigned(status), active, data.visible("L1"), reactive);
}

describe("the buffer of a load profile", () => {
  const sample = encodeData(
    data.array(
      row(START_MS, 0, data.doubleLongUnsigned(1000), data.long64Unsigned(7n)),
      row(undefined, 0x80, data.doubleLongUnsigned(1250), data.nothing),
      row(START_MS + 2 * PERIOD_MS, 0, data.long64(1300n), data.longUnsigned(9)),
    ),
  );

  it("is read into columns: nulls mean one period later and the value as before", () => {
    const rows = readProfileBuffer(sample, LAYOUT);
    expect([...rows.timesMs]).toEqual([START_MS, START_MS + PERIOD_MS, START_MS + 2 * PERIOD_MS]);
    expect([...rows.statuses]).toEqual([0, 0x80, 0]);
    expect(rows.columns.map(({ channel, values }) => [channel, ...values])).toEqual([
      ["1-0:1.8.0", 1000, 1250, 1300],
      ["1-0:3.8.0", 7, 7, 9],
    ]);
  });

  it.each(["null-data", "delta", "compact-array"] as const)("gives the same table when it is compressed: %s", (way) => {
    const rows = data.array(
      ...[1_000, 1_000, 1_250, 900].map((active, index) =>
        row(START_MS + index * PERIOD_MS, index === 2 ? 8 : 0, data.doubleLongUnsigned(active), data.doubleLongUnsigned(7 * index)),
      ),
    );
    const compressed = encodeData(compressProfile(rows, way, 900));
    expect(compressed).not.toEqual(encodeData(rows));
    expect(readProfileBuffer(compressed, LAYOUT)).toEqual(readProfileBuffer(encodeData(rows), LAYOUT));
  });

  it("is refused when cut off anywhere, and when it is noise", () => {
    for (let length = 0; length < sample.length; length++)
      expect(() => readProfileBuffer(sample.subarray(0, length), LAYOUT)).toThrow(DecodeError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(0x01, 0x13, 0x00), (noise, first) => {
        const octets = Uint8Array.of(first, ...noise);
        try {
          readProfileBuffer(octets, LAYOUT);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });

  it("of another width than described is an error that names both", () => {
    const narrow = encodeData(data.array(data.structure(data.octets(dateTimeOfInstant(START_MS)), data.unsigned(0))));
    expect(() => readProfileBuffer(narrow, LAYOUT)).toThrow(/row 0 has 2 columns, the profile describes 5 at byte 2/);
  });
});

function rowsOf(registers: readonly (number | undefined)[], statuses: readonly number[] = []): ProfileRows {
  const present = registers.flatMap((value, index) => (value === undefined ? [] : [{ value, index }]));
  return {
    timesMs: Float64Array.from(present, ({ index }) => START_MS + index * PERIOD_MS),
    statuses: Uint32Array.from(present, ({ index }) => statuses[index] ?? 0),
    columns: [{ channel: "1-0:1.8.0", unit: "Wh", scaler: 0, values: Float64Array.from(present, ({ value }) => value) }],
    periodSeconds: 900,
  };
}

describe("intervals from captured registers", () => {
  it("sum up to the difference of the registers at the edges of each run, whatever rows are lost", () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 5000 }), { nil: undefined }), { minLength: 1, maxLength: 100 }), (steps) => {
        let total = 1_000_000;
        const registers = steps.map((step) => {
          total += step ?? 77;
          return step === undefined ? undefined : total;
        });
        const { intervals, registers: edges } = intervalsOfRows("M", rowsOf(registers));
        for (const series of intervals) {
          const endMs = series.startMs + series.values.length * PERIOD_MS;
          const at = (atMs: number) => edges.find((edge) => edge.atMs === atMs)?.value ?? -1n;
          expect(BigInt(series.values.reduce((sum, value) => sum + value, 0))).toBe(at(endMs) - at(series.startMs));
        }
        const covered = intervals.reduce((count, series) => count + series.values.length, 0);
        const pairs = registers.filter((value, index) => index > 0 && value !== undefined && registers[index - 1] !== undefined).length;
        expect(covered).toBe(pairs);
      }),
    );
  });

  it("carry the status of the row that ends them", () => {
    const [series] = intervalsOfRows("M", rowsOf([0, 10, 30, 60], [0x80, 0, 0x80, 0x02])).intervals;
    expect([...(series?.qualities ?? [])].map((code) => unpackQuality(code).method)).toEqual(["none", "powerFailure", "clockChanged"]);
    expect(qualityOfStatus(0x08)).toBe(QUALITY.raw);
  });

  it("go on over the end of a 32-bit register, and mark it", () => {
    const [series] = intervalsOfRows("M", rowsOf([2 ** 32 - 100, 2 ** 32 - 40, 10, 30])).intervals;
    expect([...(series?.values ?? [])]).toEqual([60, 50, 20]);
    expect(unpackQuality(series?.qualities[1] ?? 0).method).toBe("overflow");
  });

  it("break where a register went back: a reset is no consumption", () => {
    const { intervals, registers } = intervalsOfRows("M", rowsOf([5_000_000, 5_000_100, 20, 40, 90]));
    expect(intervals.map((series) => [...series.values])).toEqual([[100], [20, 50]]);
    expect(registers.map(({ value }) => value)).toEqual([5_000_000n, 5_000_100n, 20n, 90n]);
  });

  it("pass over captures off the grid and take the last of two rows of one instant", () => {
    const rows = rowsOf([100, 120, 150]);
    const timesMs = Float64Array.of(START_MS, START_MS + 400_000, START_MS + PERIOD_MS, START_MS + PERIOD_MS, START_MS + 2 * PERIOD_MS);
    const values = Float64Array.of(100, 111, 119, 120, 150);
    const [column] = rows.columns;
    if (column === undefined) throw new Error("no column");
    const result = intervalsOfRows("M", { ...rows, timesMs, statuses: new Uint32Array(5), columns: [{ ...column, values }] });
    expect(result.intervals.map((series) => [...series.values])).toEqual([[20, 30]]);
    expect(result.newestMs).toBe(START_MS + 2 * PERIOD_MS);
  });
});

describe("an event log", () => {
  it("gives events with their kinds; what the table does not know keeps its code", () => {
    const entry = (atMs: number, code: number) => data.structure(data.octets(dateTimeOfInstant(atMs)), data.unsigned(code));
    const { events, newestMs } = eventsOfBuffer(
      "M",
      "0-0:99.98.1",
      encodeData(data.array(entry(START_MS, 42), entry(START_MS + 5000, 199))),
    );
    expect(events.map(({ kind, code, detail }) => [kind, code, detail])).toEqual([
      ["magneticField", 42, undefined],
      ["other", 199, "code 199"],
    ]);
    expect(newestMs).toBe(START_MS + 5000);
  });

  it("is refused when cut off anywhere", () => {
    const octets = encodeData(data.array(data.structure(data.octets(dateTimeOfInstant(START_MS)), data.unsigned(1))));
    for (let length = 0; length < octets.length; length++)
      expect(() => eventsOfBuffer("M", "l", octets.subarray(0, length))).toThrow(DecodeError);
  });
});
