import { DAY_MS, emptyBlock } from "@amity/intervals";
import { QUALITY } from "@amity/model";
import { seededRandom, type Random, type Timers } from "@amity/runtime";
import type { Store } from "@amity/store";
import { channelIdOf, type ChannelId } from "../ledger/channel-id.ts";
import { createLedger, type BlockWrite, type Ledger } from "../ledger/ledger.ts";

export interface QueryBenchOptions {
  readonly timers: Timers;
  /** Meters on the feeder, each with one quarter-hour channel. Default 100,000. */
  readonly meters?: number;
  /** Of these, meters with a whole month. Default 2,000. */
  readonly monthMeters?: number;
  /** Months read, one channel each, in random order. Default 2,000. */
  readonly months?: number;
  /** Times that the feeder's day is read; the median is reported. Default 5. */
  readonly runs?: number;
}

/** Keys as published by `amity bench query --json`. */
export interface QueryBenchResults {
  /** One channel's month of quarter-hours from the ledger to values in memory: 99th percentile. */
  readonly channel_month_p99_ms: number;
  readonly channel_month_median_ms: number;
  /** One day of every meter on the feeder, read and summed to 96 quarter-hours. */
  readonly feeder_day_ms: number;
  /** The same months as they were known before a tenth of their days was corrected, against the current ones: median over median. */
  readonly as_of_ratio: number;
}

const SLOTS = 96;
const MONTH_DAYS = 31;
/** Far above what a registry hands out: the bench never touches a real meter's rows. */
const FIRST_METER_KEY = 220_000_000;
const FIRST_DAY_MS = Date.UTC(2020, 0, 1);
const LOADED_AT_MS = Date.UTC(2020, 1, 2);
const CORRECTED_AT_MS = Date.UTC(2020, 1, 9);
const BLOCKS_AT_ONCE = 5000;
const PROVENANCE = { author: "bench", reason: "", source: "query bench", ruleSet: "" };

/** Measures reads on a database whose schema is up to date. Leaves no rows behind. */
export async function runQueryBench(store: Store, options: QueryBenchOptions): Promise<QueryBenchResults> {
  const { timers, meters = 100_000, months = 2000, runs = 5 } = options;
  const monthMeters = Math.min(meters, options.monthMeters ?? 2000);
  const random = seededRandom("query");
  let nowMs = LOADED_AT_MS;
  const ledger = createLedger(store, { nowMs: () => nowMs });
  const timed = async (work: () => Promise<void>): Promise<number> => {
    const startMs = timers.elapsedMs();
    await work();
    return timers.elapsedMs() - startMs;
  };
  await clean(store);
  try {
    await load(ledger, { meters, monthMeters }, random);
    nowMs = CORRECTED_AT_MS;
    await correct(ledger, monthMeters, random);
    await store.query("vacuum (analyze) mdm.interval_block");
    const month = (meter: number, asOfMs?: number) => timed(() => readMonth(ledger, channelIdOf(FIRST_METER_KEY + meter, 0), asOfMs));
    for (let warm = 0; warm < Math.min(100, months); warm++) await month(random.below(monthMeters));
    const [current, asOf]: [number[], number[]] = [[], []];
    for (let read = 0; read < months; read++) {
      const meter = random.below(monthMeters);
      current.push(await month(meter));
      asOf.push(await month(meter, LOADED_AT_MS));
    }
    const days: number[] = [];
    for (let run = 0; run < runs; run++) days.push(await timed(() => sumFeederDay(ledger, meters)));
    return {
      channel_month_p99_ms: quantile(current, 0.99),
      channel_month_median_ms: quantile(current, 0.5),
      feeder_day_ms: quantile(days, 0.5),
      as_of_ratio: quantile(asOf, 0.5) / quantile(current, 0.5),
    };
  } finally {
    await clean(store);
  }
}

/** A day of every meter and the rest of the month of some. */
async function load(ledger: Ledger, fleet: { meters: number; monthMeters: number }, random: Random): Promise<void> {
  for (let day = 0; day < MONTH_DAYS; day++) {
    const count = day === 0 ? fleet.meters : fleet.monthMeters;
    for (let at = 0; at < count; at += BLOCKS_AT_ONCE) {
      const writes = Array.from({ length: Math.min(BLOCKS_AT_ONCE, count - at) }, (_, index) => dayOf(at + index, day, random));
      await ledger.write(writes, PROVENANCE);
    }
  }
}

/** A tenth of the months' days gets a second version. */
async function correct(ledger: Ledger, monthMeters: number, random: Random): Promise<void> {
  for (let day = 0; day < MONTH_DAYS; day++) {
    const meters = Array.from({ length: monthMeters }, (_, meter) => meter).filter(() => random.below(10) === 0);
    await ledger.write(
      meters.map((meter): BlockWrite => ({ ...dayOf(meter, day, random), mode: "replace" })),
      PROVENANCE,
    );
  }
}

function dayOf(meter: number, day: number, random: Random): BlockWrite {
  const block = emptyBlock(FIRST_DAY_MS + day * DAY_MS, 900);
  const baseWh = 20 + random.below(60);
  for (let slot = 0; slot < SLOTS; slot++) {
    block.values[slot] = baseWh + Math.round(300 * Math.exp(-((slot / 4 - 19) ** 2) / 8) + 100 * random.float());
    block.qualities[slot] = QUALITY.validated;
  }
  return { channelId: channelIdOf(FIRST_METER_KEY + meter, 0), block };
}

async function readMonth(ledger: Ledger, channelId: ChannelId, asOfMs?: number): Promise<void> {
  const blocks = await ledger.blocks({
    channelIds: [channelId],
    fromDayMs: FIRST_DAY_MS,
    toDayMs: FIRST_DAY_MS + MONTH_DAYS * DAY_MS,
    ...(asOfMs === undefined ? {} : { asOfMs }),
  });
  if (blocks.length !== MONTH_DAYS) throw new RangeError(`${blocks.length} days of a month of ${MONTH_DAYS}`);
}

async function sumFeederDay(ledger: Ledger, meters: number): Promise<void> {
  const sums = new Float64Array(SLOTS);
  const channelIds = Array.from({ length: meters }, (_, meter) => channelIdOf(FIRST_METER_KEY + meter, 0));
  const count = await ledger.read({ channelIds, fromDayMs: FIRST_DAY_MS, toDayMs: FIRST_DAY_MS + DAY_MS }, ({ block }) => {
    for (let slot = 0; slot < SLOTS; slot++) sums[slot] = (sums[slot] ?? 0) + (block.values[slot] ?? 0);
  });
  if (count !== meters || !sums.every((sum) => sum > 0)) throw new RangeError(`${count} of ${meters} meters were summed`);
}

async function clean(store: Store): Promise<void> {
  await store.query("delete from mdm.interval_block where meter_key >= $1", [FIRST_METER_KEY]);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
