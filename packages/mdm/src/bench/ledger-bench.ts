import { DAY_MS, emptyBlock, type IntervalBlock } from "@amity/intervals";
import { QUALITY } from "@amity/model";
import { seededRandom, type Random, type Timers } from "@amity/runtime";
import type { Store } from "@amity/store";
import { channelIdOf } from "../ledger/channel-id.ts";
import { createLedger, type BlockWrite } from "../ledger/ledger.ts";

export interface LedgerBenchOptions {
  readonly timers: Timers;
  /** Default 1000. */
  readonly meters?: number;
  /** Default 30. */
  readonly days?: number;
  /** Runs of which the medians are reported; each with days of its own. Default 3. */
  readonly runs?: number;
  /** Channel days a transaction. Default 4000. */
  readonly blocksPerTransaction?: number;
  /** Rows written as one row a reading, for comparison. Default 400,000. */
  readonly rawRows?: number;
}

/** Keys as published by `amity bench ledger --json`. */
export interface LedgerBenchResults {
  /** Intervals a second from values in memory through versions look-up, packing and COPY to the durable commit. */
  readonly write_intervals_per_s: number;
  /** Intervals a second of current versions from the database back to values in memory. */
  readonly read_intervals_per_s: number;
  /** Table and index on disk for one interval with its quality, version and provenance. */
  readonly bytes_per_interval: number;
  /** The same data as one row a reading, through COPY into a table with the same key columns. */
  readonly raw_rows_write_per_s: number;
  /** Table and index on disk for one such row. */
  readonly raw_bytes_per_interval: number;
  /** Octets of a packed block for one interval: without row and index. */
  readonly packed_octets_per_interval: number;
}

const SLOTS = 96;
const CHANNELS = 4;
/** Far above what a registry hands out: the bench never touches a real meter's rows. */
const FIRST_METER_KEY = 200_000_000;
const FIRST_DAY_MS = Date.UTC(2020, 0, 1);

/**
 * Measures the ledger on a database whose schema is up to date: four channels a meter (import, export, two reactive), quarter-hours,
 * household-like values of which about one in a hundred is estimated. Leaves no rows behind.
 */
export async function runLedgerBench(store: Store, options: LedgerBenchOptions): Promise<LedgerBenchResults> {
  const { timers, meters = 1000, days = 30, runs = 3, blocksPerTransaction = 4000, rawRows = 400_000 } = options;
  const ledger = createLedger(store, { nowMs: () => FIRST_DAY_MS });
  await clean(store);
  const writes: number[] = [];
  const reads: number[] = [];
  const raws: number[] = [];
  const size = await sizeOf(store, "mdm.interval_block");
  let octets = 0;
  let rawSize = 0;
  try {
    for (let run = 0; run < runs; run++) {
      const fromDayMs = FIRST_DAY_MS + run * days * DAY_MS;
      const blocks = householdBlocks({ meters, days, fromDayMs }, seededRandom(run));
      const intervals = blocks.length * SLOTS;
      let startMs = timers.elapsedMs();
      for (let at = 0; at < blocks.length; at += blocksPerTransaction) {
        await ledger.write(blocks.slice(at, at + blocksPerTransaction), { author: "bench", reason: "", source: "bench", ruleSet: "" });
      }
      writes.push(perSecond(intervals, timers.elapsedMs() - startMs));
      const channelIds = [...new Set(blocks.map((block) => block.channelId))];
      startMs = timers.elapsedMs();
      let sum = 0;
      const read = await ledger.read(
        { channelIds, fromDayMs, toDayMs: fromDayMs + days * DAY_MS },
        (stored) => (sum += stored.block.values[0] ?? 0),
      );
      reads.push(perSecond(read * SLOTS + Math.min(0, sum), timers.elapsedMs() - startMs));
      startMs = timers.elapsedMs();
      const rawCount = await writeRaw(store, blocks, rawRows);
      raws.push(perSecond(rawCount, timers.elapsedMs() - startMs));
      rawSize = (await sizeOf(store, "mdm.bench_raw")) / rawCount;
    }
    const { rows } = await store.query<{ octets: bigint }>(
      "select sum(length(octets))::bigint as octets from mdm.interval_block where meter_key >= $1",
      [FIRST_METER_KEY],
    );
    octets = Number(rows[0]?.octets ?? 0n);
    const total = meters * CHANNELS * days * SLOTS * runs;
    return {
      write_intervals_per_s: median(writes),
      read_intervals_per_s: median(reads),
      bytes_per_interval: round((await sizeOf(store, "mdm.interval_block")) / total - size / total),
      raw_rows_write_per_s: median(raws),
      raw_bytes_per_interval: round(rawSize),
      packed_octets_per_interval: round(octets / total),
    };
  } finally {
    await clean(store);
  }
}

async function clean(store: Store): Promise<void> {
  await store.query("drop table if exists mdm.bench_raw");
  await store.query("delete from mdm.interval_block where meter_key >= $1", [FIRST_METER_KEY]);
  await store.query("vacuum mdm.interval_block");
}

/** As a head-end delivers them: day by day, all meters. */
function householdBlocks(fleet: { meters: number; days: number; fromDayMs: number }, random: Random): BlockWrite[] {
  const writes: BlockWrite[] = [];
  for (let day = 0; day < fleet.days; day++) {
    for (let meter = 0; meter < fleet.meters; meter++) {
      for (let channel = 0; channel < CHANNELS; channel++) {
        const block = emptyBlock(fleet.fromDayMs + day * DAY_MS, 900);
        fillHousehold(block, channel, { random, hasSolar: meter % 4 === 0 });
        writes.push({ channelId: channelIdOf(FIRST_METER_KEY + meter, channel), block });
      }
    }
  }
  return writes;
}

/** Channels 0 to 3: import, export, reactive import, reactive export; export only where there is sun on the roof. */
function fillHousehold(block: IntervalBlock, channel: number, home: { random: Random; hasSolar: boolean }): void {
  const { random, hasSolar } = home;
  const baseWh = 20 + random.below(60);
  const scale = channel < 2 ? 1 : 0.3;
  let appliance = 0;
  const gapAt = random.below(SLOTS * 25);
  for (let slot = 0; slot < SLOTS; slot++) {
    const hour = slot / 4;
    const sunWh = hasSolar ? Math.max(0, 900 * Math.sin(((hour - 6) / 12) * Math.PI)) * (0.6 + 0.4 * random.float()) : 0;
    if (random.below(12) === 0) appliance = random.below(500);
    const evening = 300 * Math.exp(-((hour - 19) ** 2) / 8) + 150 * Math.exp(-((hour - 7) ** 2) / 3);
    const netWh = baseWh + evening * (0.7 + 0.6 * random.float()) + appliance * random.float() - sunWh;
    const isForward = channel % 2 === 0;
    block.values[slot] = Math.round(Math.max(0, isForward ? netWh : -netWh) * scale);
    block.qualities[slot] = slot >= gapAt && slot < gapAt + 24 ? QUALITY.estimatedLinear : QUALITY.validated;
  }
}

async function writeRaw(store: Store, blocks: readonly BlockWrite[], rowsMax: number): Promise<number> {
  await store.query("drop table if exists mdm.bench_raw");
  await store.query(`create table mdm.bench_raw (
    read_at timestamptz not null, known_at timestamptz not null, value bigint not null, meter_key integer not null,
    provenance_id integer not null, channel_no smallint not null, version smallint not null, quality integer not null,
    primary key (meter_key, channel_no, read_at, version))`);
  let count = 0;
  const perTransaction = 100_000;
  while (count < rowsMax) {
    const until = Math.min(rowsMax, count + perTransaction, blocks.length * SLOTS);
    if (until === count) break;
    await store.transaction(async (transaction) => {
      const columns = ["read_at", "known_at", "value", "meter_key", "provenance_id", "channel_no", "version", "quality"];
      await transaction.copyIn({ table: "mdm.bench_raw", columns }, (row) => {
        const write = blocks[Math.floor(count / SLOTS)];
        if (count >= until || write === undefined) return false;
        const slot = count++ % SLOTS;
        const { block, channelId } = write;
        row
          .instant(block.dayStartMs + slot * 900_000)
          .instant(FIRST_DAY_MS)
          .int8(block.values[slot] ?? 0);
        row
          .int4(Math.floor(channelId / 256))
          .int4(1)
          .int2(channelId % 256)
          .int2(1)
          .int4(block.qualities[slot] ?? 0);
        return true;
      });
    });
  }
  return count;
}

async function sizeOf(store: Store, table: string): Promise<number> {
  const { rows } = await store.query<{ size: bigint }>("select pg_total_relation_size($1::regclass) as size", [table]);
  return Number(rows[0]?.size ?? 0n);
}

function perSecond(count: number, elapsedMs: number): number {
  return Math.round((count * 1000) / elapsedMs);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
