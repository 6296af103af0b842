import { DAY_MS, emptyBlock, type IntervalBlock } from "@amity/intervals";
import { QUALITY, type IntervalSeries, type ReadingBatch } from "@amity/model";
import { realTimers, seededRandom } from "@amity/runtime";
import { leaseMigrations, migrate, openScratchStore, type ScratchStore } from "@amity/store";
import { mdmMigrations } from "../src/migrations/mdm-migrations.ts";

export const DAY = Date.UTC(2026, 2, 28);

/** A fresh database with the MDM's schema. */
export async function openLedgerScratch(): Promise<ScratchStore> {
  const scratch = await openScratchStore({ timers: realTimers, random: seededRandom(`mdm ${process.pid} ${process.hrtime.bigint()}`) });
  await migrate(scratch.store, [leaseMigrations, mdmMigrations]);
  return scratch;
}

/** A clock that only the test moves. */
export function handClock(startMs = DAY + DAY_MS): { nowMs: () => number; set: (ms: number) => void } {
  let now = startMs;
  return { nowMs: () => now, set: (ms) => void (now = ms) };
}

export function blockOf(
  dayStartMs: number,
  value: (slot: number) => number,
  quality: number = QUALITY.raw,
  intervalSeconds = 900,
): IntervalBlock {
  const block = emptyBlock(dayStartMs, intervalSeconds);
  block.values.forEach((_, slot) => (block.values[slot] = value(slot)));
  block.qualities.fill(quality);
  return block;
}

export function seriesOf(meterId: string, startMs: number, values: readonly number[], quality: number = QUALITY.raw): IntervalSeries {
  return {
    meterId,
    channel: "1-0:1.8.0",
    unit: "Wh",
    scaler: 0,
    intervalSeconds: 900,
    startMs,
    values: Float64Array.from(values),
    qualities: new Uint16Array(values.length).fill(quality),
  };
}

export function deliveryOf(...intervals: IntervalSeries[]): ReadingBatch {
  return { intervals, registers: [], events: [], source: "headend" };
}
