import { blocksOf, DAY_MS, dayNumberOf, formatDay, zoneOf } from "@amity/intervals";
import { readNem, type InterchangeRecord } from "@amity/interchange";
import { QUALITY, type IntervalSeries } from "@amity/model";
import { seededRandom, type Clock, type Random, type Timers } from "@amity/runtime";
import type { Store } from "@amity/store";
import { createLedger } from "../ledger/ledger.ts";
import { createRegistry } from "../registry/registry.ts";
import { bulkLoad, type BulkLoadParts } from "./bulk-load.ts";
import { compileRuleSet } from "./rule-set.ts";
import { STANDARD_RULE_SET } from "./standard-rule-set.ts";
import { markQualities, validate } from "./validate.ts";
import { factsOf } from "../pipeline/channels.ts";

export interface MdmBenchOptions {
  readonly timers: Timers;
  readonly clock: Pick<Clock, "nowMs">;
  /** Resident memory of this process, in MB. */
  readonly residentMb: () => number;
  /** Meters, one channel each, quarter-hours. Default 2000. */
  readonly meters?: number;
  /** Days in the file. Default 30. */
  readonly days?: number;
  /** Runs of which medians are reported; each loads the next days. Default 3. */
  readonly runs?: number;
}

/** Keys as published by `amity bench mdm --json`. */
export interface MdmBenchResults {
  /** NEM12 octets in, through parse, validation with 30 days of history read from the ledger, versions and provenance, to the durable commit. */
  readonly intervals_per_s: number;
  /** Parts alone, one after the other: NEM12 octets to series; rules over series with history; packing, version look-up and commit. */
  readonly parse_per_s: number;
  readonly vee_per_s: number;
  readonly write_per_s: number;
  /** Highest resident memory of this process, without the database. */
  readonly peak_rss_mb: number;
}

const PREFIX = "bench-mdm-";
const FIRST_DAY = dayNumberOf({ year: 2020, month: 1, day: 1 });
const HISTORY_DAYS = 30;
const SLOTS = 96;

/** Measures loading files through validation on a database whose schema is up to date. Leaves no rows behind. */
export async function runMdmBench(store: Store, options: MdmBenchOptions): Promise<MdmBenchResults> {
  const { timers, clock, meters = 2000, days = 30, runs = 3, residentMb } = options;
  const ruleSet = compileRuleSet(STANDARD_RULE_SET);
  const partsFor = (source: string): BulkLoadParts => ({
    ledger: createLedger(store, clock),
    registry: createRegistry(store, clock),
    ruleSet,
    zone: zoneOf("Australia/Brisbane"),
    author: "bench",
    source,
    historyDays: HISTORY_DAYS,
  });
  const figures: { readonly [K in "whole" | "parse" | "vee" | "write"]: number[] } = { whole: [], parse: [], vee: [], write: [] };
  let peakMb = 0;
  const timed = async (intervals: number, into: number[], work: () => Promise<void> | void) => {
    const startMs = timers.elapsedMs();
    await work();
    into.push((intervals * 1000) / (timers.elapsedMs() - startMs));
    peakMb = Math.max(peakMb, residentMb());
  };
  await clean(store);
  try {
    await bulkLoad(
      partsFor("history"),
      readNem(chunksOf(nemFile({ meters, days: HISTORY_DAYS, fromDay: FIRST_DAY }, seededRandom("history")))),
    );
    for (let run = 0; run < runs; run += 1) {
      const fleet = { meters, days, fromDay: FIRST_DAY + HISTORY_DAYS + run * days };
      const file = nemFile(fleet, seededRandom(run));
      const intervals = meters * days * SLOTS;
      await store.query("analyze mdm.interval_block");
      await timed(intervals, figures.whole, async () => {
        await bulkLoad(partsFor(`run ${run}`), readNem(chunksOf(file)));
      });
      let records: readonly InterchangeRecord[] = [];
      await timed(intervals, figures.parse, async () => {
        records = await collect(readNem(chunksOf(file)));
      });
      const series = byMeter(records);
      await timed(intervals, figures.vee, () => judgeAll(series, ruleSet, intervals));
      await timed(intervals, figures.write, () => writeAll(store, series, { clock, run }));
    }
    return {
      intervals_per_s: median(figures.whole),
      parse_per_s: median(figures.parse),
      vee_per_s: median(figures.vee),
      write_per_s: median(figures.write),
      peak_rss_mb: Math.round(peakMb),
    };
  } finally {
    await clean(store);
  }
}

interface Fleet {
  readonly meters: number;
  readonly days: number;
  readonly fromDay: number;
}

/** A NEM12 file as a data agent sends it: meter by meter, day by day. */
function nemFile(fleet: Fleet, random: Random): Uint8Array {
  const lines = ["100,NEM12,202001010000,BENCH,BENCH"];
  for (let meter = 0; meter < fleet.meters; meter += 1) {
    lines.push(`200,${PREFIX}${meter},E1,E1,E1,N1,${PREFIX}${meter},KWH,15,`);
    const baseWh = 20 + random.below(60);
    for (let day = 0; day < fleet.days; day += 1)
      lines.push(`300,${formatDay(fleet.fromDay + day).replaceAll("-", "")},${dayText(baseWh, random)},A,,,20200101000000,`);
  }
  lines.push("900", "");
  return new TextEncoder().encode(lines.join("\r\n"));
}

function dayText(baseWh: number, random: Random): string {
  const values: string[] = [];
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const evening = 300 * Math.exp(-((slot / 4 - 19) ** 2) / 8);
    values.push((Math.round(baseWh + evening * (0.7 + 0.6 * random.float()) + random.below(80)) / 1000).toFixed(3));
  }
  return values.join(",");
}

async function* chunksOf(file: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += CHUNK_OCTETS) yield file.subarray(at, at + CHUNK_OCTETS);
}
const CHUNK_OCTETS = 65_536;

async function collect(records: AsyncIterable<InterchangeRecord>): Promise<readonly InterchangeRecord[]> {
  const list: InterchangeRecord[] = [];
  for await (const record of records) list.push(record);
  return list;
}

function byMeter(records: readonly InterchangeRecord[]): ReadonlyMap<string, readonly IntervalSeries[]> {
  const found = new Map<string, IntervalSeries[]>();
  for (const record of records) {
    if (record.kind !== "intervals") continue;
    const list = found.get(record.series.meterId);
    if (list === undefined) found.set(record.series.meterId, [record.series]);
    else list.push(record.series);
  }
  return found;
}

/** Rules over each meter's days as one series, with itself moved back as its history. */
function judgeAll(meters: ReadonlyMap<string, readonly IntervalSeries[]>, ruleSet: BulkLoadParts["ruleSet"], intervals: number): void {
  const zone = zoneOf("Australia/Brisbane");
  const perMeter = intervals / meters.size;
  for (const [meterId, list] of meters) {
    const [first] = list;
    if (first === undefined) continue;
    const values = new Float64Array(perMeter);
    const qualities = new Uint16Array(perMeter).fill(QUALITY.raw);
    for (const [index, series] of list.entries()) values.set(series.values, index * SLOTS);
    const series = { startMs: first.startMs, intervalSeconds: 900, values, qualities };
    const history = { ...series, startMs: first.startMs - list.length * DAY_MS };
    const channel = factsOf(
      { channelId: 0, meterId, name: first.channel, kind: "interval", unit: first.unit, scaler: first.scaler, intervalSeconds: 900 },
      "bench",
    );
    markQualities(series, validate(series, { channel, zone, history }, ruleSet), ruleSet);
  }
}

/** The same blocks under other days, so that they are new. */
async function writeAll(
  store: Store,
  meters: ReadonlyMap<string, readonly IntervalSeries[]>,
  { clock, run }: { clock: Pick<Clock, "nowMs">; run: number },
): Promise<void> {
  const registry = createRegistry(store, clock);
  const ledger = createLedger(store, clock);
  const names = [...meters.keys()];
  const ids = await registry.resolve(
    names.map((meterId) => ({
      meterId,
      name: "write only",
      kind: "interval" as const,
      unit: "Wh" as const,
      scaler: 0,
      intervalSeconds: 900,
    })),
    "bench",
  );
  const writes = names.flatMap((meterId, index) =>
    (meters.get(meterId) ?? []).flatMap((series) =>
      blocksOf({ ...series, startMs: Math.floor(series.startMs / DAY_MS) * DAY_MS }).map((block) => ({
        channelId: ids[index] ?? 0,
        block,
      })),
    ),
  );
  for (let at = 0; at < writes.length; at += BLOCKS_AT_ONCE)
    await ledger.write(writes.slice(at, at + BLOCKS_AT_ONCE), { author: "bench", reason: "", source: `write ${run}`, ruleSet: "" });
}
const BLOCKS_AT_ONCE = 5000;

function median(figures: readonly number[]): number {
  return Math.round(figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? 0);
}

async function clean(store: Store): Promise<void> {
  await store.transaction(async (transaction) => {
    const like = `${PREFIX}%`;
    for (const table of ["interval_block", "channel"]) {
      await transaction.query(`delete from mdm.${table} where meter_key in (select meter_key from mdm.meter where meter_id like $1)`, [
        like,
      ]);
    }
    await transaction.query("delete from mdm.meter where meter_id like $1", [like]);
  });
}
