import type { InterchangeRecord } from "@amity/interchange";
import { DAY_MS, startOfLocalDayMs, zoneOf, dayNumberOf } from "@amity/intervals";
import { QUALITY, type IntervalSeries } from "@amity/model";
import { realTimers, seededRandom } from "@amity/runtime";
import { leaseMigrations, migrate, openScratchStore, type ScratchStore } from "@amity/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ledgerRecords, type LedgerRecordsAsk } from "../../src/export/index.ts";
import { withMultiplier } from "../../src/export/multiplier.ts";
import { createLedger } from "../../src/ledger/ledger.ts";
import { createLedgerSink } from "../../src/ingest/ledger-sink.ts";
import { mdmMigrations } from "../../src/migrations/mdm-migrations.ts";
import { createRegistry } from "../../src/registry/registry.ts";

const start = Date.UTC(2026, 2, 1);
let scratch: ScratchStore;
let nowMs = start + 400 * DAY_MS;
const clock = { nowMs: () => nowMs };

beforeAll(async () => {
  scratch = await openScratchStore({ timers: realTimers, random: seededRandom(`records ${process.pid}`) });
  await migrate(scratch.store, [leaseMigrations, mdmMigrations]);
});
afterAll(() => scratch.close());

const parts = () => ({ store: scratch.store, ledger: createLedger(scratch.store, clock), registry: createRegistry(scratch.store, clock) });

async function deliver(intervals: readonly IntervalSeries[], registers: readonly [string, number, bigint][] = []): Promise<void> {
  const sink = createLedgerSink({ ...parts(), clock });
  const readings = registers.map(
    ([meterId, atMs, value]) => ({ meterId, channel: "1-0:1.8.0", unit: "Wh", scaler: 0, atMs, value, quality: QUALITY.raw }) as const,
  );
  await sink.accept([{ intervals, registers: readings, events: [], source: "test" }]);
}

const hourly = (meterId: string, fromMs: number, values: readonly number[], part: Partial<IntervalSeries> = {}): IntervalSeries => ({
  meterId,
  channel: "1-0:1.8.0",
  unit: "Wh",
  scaler: 0,
  intervalSeconds: 3600,
  startMs: fromMs,
  values: Float64Array.from(values),
  qualities: new Uint16Array(values.length).fill(QUALITY.raw),
  ...part,
});

async function records(ask: Partial<LedgerRecordsAsk> & Pick<LedgerRecordsAsk, "usagePointIds">): Promise<InterchangeRecord[]> {
  const found: InterchangeRecord[] = [];
  for await (const record of ledgerRecords(parts(), { fromMs: start, toMs: start + 100 * DAY_MS, ...ask })) found.push(record);
  return found;
}

const shown = (all: readonly InterchangeRecord[]) =>
  all.map((record) =>
    record.kind === "intervals"
      ? [record.series.meterId, record.series.startMs - start, record.series.scaler, ...record.series.values]
      : record.kind === "register"
        ? [record.reading.meterId, record.reading.atMs - start, record.reading.value]
        : record,
  );

describe("what the ledger holds of a usage point", () => {
  test("comes meter by meter as they stood there, each with its multiplier, and not a value of another time", async () => {
    const { registry } = parts();
    await registry.addUsagePoint({ usagePointId: "UP", commodity: "electricity", timeZone: "UTC" });
    await registry.install({ meterId: "old", usagePointId: "UP", installedAtMs: start, multiplier: "1" });
    await registry.install({ meterId: "new", usagePointId: "UP", installedAtMs: start + 2 * 3_600_000, multiplier: "1.5" });
    await deliver(
      [hourly("old", start, [1, 2, 3, 4]), hourly("new", start, [10, 20, 30, 40])],
      [
        ["old", start + 3_600_000, 5n],
        ["new", start + 3 * 3_600_000, 7n],
      ],
    );
    expect(shown(await records({ usagePointIds: ["UP"] }))).toEqual([
      ["old", 0, 0, 1, 2],
      ["old", 3_600_000, 5n],
      ["new", 2 * 3_600_000, -1, 450, 600],
      ["new", 3 * 3_600_000, 105n],
    ]);
    expect(
      shown(
        await records({ usagePointIds: ["UP"], fromMs: start + 3_600_000, toMs: start + 3 * 3_600_000, channels: new Set(["1-0:1.8.0"]) }),
      ),
    ).toEqual([
      ["old", 3_600_000, 0, 2],
      ["old", 3_600_000, 5n],
      ["new", 2 * 3_600_000, -1, 450],
    ]);
    expect(await records({ usagePointIds: ["UP"], channels: new Set(["1-0:2.8.0"]) })).toEqual([]);
  });

  test("is as it was known then, where that is asked", async () => {
    await deliver([hourly("known", start, [1, 2])]);
    nowMs += DAY_MS;
    const asOfMs = nowMs - 1;
    await deliver([hourly("known", start, [1, 9])]);
    expect(shown(await records({ usagePointIds: ["known"], asOfMs }))).toEqual([["known", 0, 0, 1, 2]]);
    expect(shown(await records({ usagePointIds: ["known"] }))).toEqual([["known", 0, 0, 1, 9]]);
  });

  test("keeps short holes as missing values and leaves long ones out", async () => {
    await deliver([hourly("holes", start, [1]), hourly("holes", start + 3 * 3_600_000, [2]), hourly("holes", start + 80 * DAY_MS, [3])]);
    const found = await records({ usagePointIds: ["holes"] });
    expect(shown(found)).toEqual([
      ["holes", 0, 0, 1, 0, 0, 2],
      ["holes", 80 * DAY_MS, 0, 3],
    ]);
    const [first] = found;
    expect(first?.kind === "intervals" && [...first.series.qualities]).toEqual([
      QUALITY.raw,
      QUALITY.missing,
      QUALITY.missing,
      QUALITY.raw,
    ]);
  });

  test("follows days whose midnight moves with the clocks", async () => {
    const zone = zoneOf("Europe/Berlin");
    const firstDay = dayNumberOf({ year: 2026, month: 3, day: 27 });
    const starts = [0, 1, 2, 3].map((day) => startOfLocalDayMs(zone, firstDay + day));
    await deliver(starts.map((fromMs, day) => hourly("days", fromMs, [day + 1], { intervalSeconds: 86_400 })));
    const found = await records({ usagePointIds: ["days"] });
    const days = found.flatMap((record) =>
      record.kind === "intervals" ? Array.from(record.series.values, (value, at) => [record.series.startMs + at * DAY_MS, value]) : [],
    );
    expect(days).toEqual(starts.map((fromMs, day) => [fromMs, day + 1]));
  });

  test("of a name that nobody knows is refused", async () => {
    await expect(records({ usagePointIds: ["nobody"] })).rejects.toMatchObject({ code: "unknown-usage-point" });
  });

  test("tells of each point when it is done", async () => {
    const told: string[] = [];
    await records({ usagePointIds: ["known", "holes"], onPoint: (point) => void told.push(point) });
    expect(told).toEqual(["known", "holes"]);
  });
});

describe("a multiplier", () => {
  test("makes primary values exactly, with a finer scaler for its fraction", () => {
    expect(withMultiplier(7n, 0, "40.000")).toEqual({ values: 280n, scaler: 0 });
    expect(withMultiplier(Float64Array.of(3, -4), -3, "2.50")).toEqual({ values: Float64Array.of(75, -100), scaler: -4 });
    expect(() => withMultiplier(1n, 0, "many")).toThrow(/no multiplier/);
    expect(() => withMultiplier(Float64Array.of(2 ** 53 - 1), 0, "3")).toThrow(/safe integers/);
  });
});
