import { zoneOf } from "@amity/intervals";
import { readNem, type InterchangeRecord } from "@amity/interchange";
import { packQuality, QUALITY, unpackQuality, type IntervalSeries } from "@amity/model";
import { realTimers, seededRandom } from "@amity/runtime";
import { leaseMigrations, migrate, openScratchStore, type ScratchStore } from "@amity/store";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLedger } from "../../src/ledger/ledger.ts";
import { mdmMigrations } from "../../src/migrations/mdm-migrations.ts";
import { createRegistry } from "../../src/registry/registry.ts";
import {
  bulkLoad,
  compileRuleSet,
  joinRuns,
  runMdmBench,
  STANDARD_RULE_SET,
  type BulkLoadParts,
  type Finding,
} from "../../src/vee/index.ts";
import { seriesOf } from "./series-fixtures.ts";

const DAY_MS = 86_400_000;
const start = Date.UTC(2026, 4, 4);

async function* stream(records: readonly InterchangeRecord[]): AsyncGenerator<InterchangeRecord> {
  yield* records;
}

const dayOf = (meterId: string, day: number, part: Partial<IntervalSeries> = {}): InterchangeRecord => ({
  kind: "intervals",
  usagePointId: meterId,
  series: {
    meterId,
    channel: "1-0:1.8.0",
    unit: "Wh",
    scaler: 0,
    intervalSeconds: 1800,
    startMs: start + day * DAY_MS,
    values: Float64Array.from({ length: 48 }, (_, slot) => 100 + ((slot * 7 + day) % 40)),
    qualities: new Uint16Array(48).fill(QUALITY.raw),
    ...part,
  },
});

describe("loading through validation", () => {
  let scratch: ScratchStore;
  const clock = { nowMs: () => start + 100 * DAY_MS };
  const partsFor = (more: Partial<BulkLoadParts> = {}): BulkLoadParts => ({
    ledger: createLedger(scratch.store, clock),
    registry: createRegistry(scratch.store, clock),
    ruleSet: compileRuleSet(STANDARD_RULE_SET),
    zone: zoneOf("UTC"),
    author: "test",
    source: "file",
    ...more,
  });
  const stored = async (meterId: string, days: number) => {
    const { ledger, registry } = partsFor();
    const channels = await registry.channelsOf([meterId]);
    const blocks = await ledger.blocks({
      channelIds: channels.map((channel) => channel.channelId),
      fromDayMs: start,
      toDayMs: start + days * DAY_MS,
    });
    return blocks.toSorted((a, b) => a.block.dayStartMs - b.block.dayStartMs);
  };

  beforeAll(async () => {
    scratch = await openScratchStore({ timers: realTimers, random: seededRandom(`bulk ${process.pid}`) });
    await migrate(scratch.store, [leaseMigrations, mdmMigrations]);
  });
  afterAll(() => scratch.close());

  test("loading the same again changes nothing, also where an estimate or a person took the place of what was loaded", async () => {
    const bad = dayOf("again", 1);
    if (bad.kind === "intervals") {
      bad.series.values[10] = -500;
      bad.series.values[20] = -700;
    }
    const file = [dayOf("again", 0), bad];
    const first = await bulkLoad(partsFor(), stream(file));
    expect(first.toReview).toHaveLength(1);
    const { ledger } = partsFor();
    const [, day] = await stored("again", 2);
    if (day === undefined) throw new Error("no day");
    const block = { ...day.block, values: day.block.values.slice(), qualities: day.block.qualities.slice() };
    block.values[10] = 111;
    block.qualities[10] = QUALITY.estimatedLinear;
    block.qualities[20] = packQuality({ source: "mdms", category: "valid", method: "accepted", final: false });
    const write = { channelId: day.channelId, block, mode: "replace" as const };
    await ledger.write([write], { author: "vee", reason: "", source: "", ruleSet: "" });
    const again = await bulkLoad(partsFor(), stream(file));
    expect(again).toMatchObject({ blocksStored: 0, blocksUnchanged: 2, toReview: [] });
    const [, after] = await stored("again", 2);
    expect([after?.version, after?.block.values[10], after?.block.values[20]]).toEqual([2, 111, -700]);
    // Another measured value is news: it takes the estimate's place and asks for a review.
    if (bad.kind === "intervals") bad.series.values[10] = 120;
    const corrected = await bulkLoad(partsFor(), stream(file));
    expect(corrected).toMatchObject({ blocksStored: 1, toReview: [{ channelId: day.channelId }] });
    expect((await stored("again", 2))[1]?.block.values[10]).toBe(120);
  });

  test("hands over what it could not store: days on another grid, and values given twice", async () => {
    const refused: number[] = [];
    const doubled: number[] = [];
    await bulkLoad(partsFor(), stream([dayOf("twice", 0)]));
    const values = new Float64Array(48).fill(9);
    await bulkLoad(
      partsFor({
        onRefused: (_, block) => void refused.push(block.values.length),
        onOverlap: (_, series) => void doubled.push(series.values[0] ?? 0),
      }),
      stream([dayOf("twice", 0, { startMs: start + 60_000 }), dayOf("twice", 2), dayOf("twice", 2, { values })]),
    );
    expect(refused).toEqual([48]);
    expect(doubled).toEqual([102]);
  });

  test("what is sound becomes validated in one version, what is not keeps its value and says by which rule it failed", async () => {
    const bad = dayOf("a", 1);
    if (bad.kind === "intervals") bad.series.values[10] = -5;
    const found: Finding[] = [];
    const summary = await bulkLoad(
      partsFor({ onFindings: (_channel, findings) => void found.push(...findings) }),
      stream([dayOf("a", 0), bad, dayOf("a", 2)]),
    );
    expect(summary).toMatchObject({ channels: 1, intervals: 144, findings: 1, blocksStored: 3, blocksRefused: 0 });
    expect(summary.toReview.map((day) => day.dayStartMs)).toEqual([start + DAY_MS]);
    expect(found).toMatchObject([{ ruleId: "negative", fromMs: start + DAY_MS + 10 * 1_800_000 }]);
    const blocks = await stored("a", 3);
    expect(blocks.map((block) => block.version)).toEqual([1, 1, 1]);
    expect(blocks[0]?.block.qualities.every((code) => code === QUALITY.validated)).toBe(true);
    expect([blocks[1]?.block.values[10], unpackQuality(blocks[1]?.block.qualities[10] ?? 0)]).toEqual([
      -5,
      { source: "mdms", category: "failedValidation", method: "negative", final: false },
    ]);
  });

  test("the same file again changes nothing, in groups of any size", async () => {
    const records = Array.from({ length: 6 }, (_, meter) => [0, 1, 2, 3].map((day) => dayOf(`b${meter}`, day))).flat();
    const first = await bulkLoad(partsFor(), stream(records));
    expect(first).toMatchObject({ channels: 6, blocksStored: 24, blocksUnchanged: 0 });
    const again = await bulkLoad(partsFor({ groupIntervals: 48 }), stream(records));
    expect(again).toMatchObject({ channels: 6, intervals: 6 * 4 * 48, blocksStored: 0, blocksUnchanged: 24 });
  });

  test("rules see the days before, whether they are in the ledger or in the group before", async () => {
    const zeros = (day: number) => dayOf("c", day, { values: new Float64Array(48) });
    await bulkLoad(partsFor(), stream([zeros(0)]));
    const found: Finding[] = [];
    await bulkLoad(
      partsFor({ groupIntervals: 24, onFindings: (_channel, findings) => void found.push(...findings) }),
      stream([zeros(1), dayOf("d", 0), zeros(2)]),
    );
    expect(found.filter((finding) => finding.ruleId === "zero-run").map((finding) => finding.numbers["runHours"])).toEqual([48, 72]);
  });

  test("time delivered twice with different values is found, the last said stands, and the same again changes nothing", async () => {
    const found: Finding[] = [];
    const second = dayOf("e", 0, { values: Float64Array.from({ length: 48 }, (_, slot) => 150 + (slot % 7)) });
    const file = [dayOf("e", 0), second];
    await bulkLoad(partsFor({ onFindings: (_channel, findings) => void found.push(...findings) }), stream(file));
    expect(found.map((finding) => finding.ruleId)).toEqual(["duplicate"]);
    const [block] = await stored("e", 1);
    expect([block?.version, block?.block.values[0]]).toEqual([1, 150]);
    expect(await bulkLoad(partsFor(), stream(file))).toMatchObject({ blocksStored: 0, blocksUnchanged: 1 });
  });

  test("of what is said twice, a missing value and an estimate give way to a measured one, whichever comes last", () => {
    const run = (...slots: (readonly [number, number])[]) => ({
      startMs: start,
      intervalSeconds: 1800,
      values: Float64Array.from(slots, ([value]) => value),
      qualities: Uint16Array.from(slots, ([, quality]) => quality),
    });
    const measured = run([1, QUALITY.raw], [2, QUALITY.raw], [3, QUALITY.raw]);
    const later = run([0, QUALITY.missing], [9, QUALITY.estimatedLinear], [7, QUALITY.raw]);
    const [joined] = joinRuns([measured, later]);
    expect([...(joined?.series.values ?? [])]).toEqual([1, 2, 7]);
    expect(joined?.overlaps).toEqual([measured, later]);
    expect([...(joinRuns([later, measured])[0]?.series.values ?? [])]).toEqual([1, 2, 3]);
  });

  test("what the reader put aside is passed on, and the rest of the file loads", async () => {
    const lines = [
      "100,NEM12,202605040000,X,Y",
      "200,N1,E1,E1,E1,N1,f,KWH,30,",
      "300,not a date",
      `300,20260504,${Array.from({ length: 48 }, () => "0.1").join(",")},A,,,20260505000000,`,
      "900",
    ];
    const chunks = (async function* () {
      yield new TextEncoder().encode(lines.join("\n"));
    })();
    const others: InterchangeRecord[] = [];
    const summary = await bulkLoad(partsFor({ onOther: (record) => void others.push(record) }), readNem(chunks));
    expect(summary).toMatchObject({ channels: 1, intervals: 48 });
    expect(others).toMatchObject([{ kind: "putAside", line: 3 }]);
  });

  test("a reader that fails in the middle fails the load; what was committed before stays and loads again", async () => {
    const broken = (async function* () {
      yield dayOf("g", 0);
      yield dayOf("h", 0);
      throw new Error("the file is cut off");
    })();
    await expect(bulkLoad(partsFor({ groupIntervals: 48 }), broken)).rejects.toThrow("the file is cut off");
    const summary = await bulkLoad(partsFor(), stream([dayOf("g", 0), dayOf("h", 0)]));
    expect(summary.blocksStored + summary.blocksUnchanged).toBe(2);
  });

  test("the benchmark loads every interval and leaves nothing behind", async () => {
    const before = (await scratch.store.query("select 1 from mdm.interval_block")).rowCount;
    const results = await runMdmBench(scratch.store, { timers: realTimers, clock, residentMb: () => 1, meters: 3, days: 2, runs: 1 });
    expect(results.intervals_per_s).toBeGreaterThan(0);
    expect((await scratch.store.query("select 1 from mdm.interval_block")).rowCount).toBe(before);
  });
});

describe("joined deliveries", () => {
  test("keep every last-said value at its time; holes are missing; far apart are separate runs", () => {
    const delivery = fc.record({
      at: fc.integer({ min: 0, max: 300 }),
      values: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 20 }),
    });
    fc.assert(
      fc.property(fc.array(delivery, { maxLength: 8 }), (deliveries) => {
        const list = deliveries.map(({ at, values }) => seriesOf(new Date(start + at * 1_800_000).toISOString(), 1800, values));
        const expected = new Map<number, number>();
        for (const { at, values } of deliveries) for (const [index, value] of values.entries()) expected.set(at + index, value);
        const found = new Map<number, number>();
        for (const { series } of joinRuns(list)) {
          for (const [index, value] of series.values.entries())
            if (series.qualities[index] !== QUALITY.missing) found.set((series.startMs - start) / 1_800_000 + index, value);
        }
        expect([...found].toSorted(([a], [b]) => a - b)).toEqual([...expected].toSorted(([a], [b]) => a - b));
      }),
    );
  });
});
