import type { ReadingBatch } from "@amity/model";
import type { Timers } from "@amity/runtime";
import type { SqlRunner } from "@amity/store";
import type { IntervalCounter } from "./api/utility-parts.ts";

/** Machine time over which the pace is measured. */
const WINDOW_MS = 10_000;

/** Counts the intervals that went to the ledger, and their pace. What was there at the start is counted in whole stored days. */
export class IntervalMeter implements IntervalCounter {
  readonly #timers: Pick<Timers, "elapsedMs">;
  readonly #recent: { readonly atMs: number; readonly count: number }[] = [];
  #stored = 0;

  constructor(timers: Pick<Timers, "elapsedMs">) {
    this.#timers = timers;
  }

  get stored(): number {
    return this.#stored;
  }

  get perSecond(): number {
    this.#forget();
    return this.#recent.reduce((sum, { count }) => sum + count, 0) / (WINDOW_MS / 1000);
  }

  async load(store: SqlRunner): Promise<void> {
    const { rows } = await store.query<{ slots: bigint }>(
      `select coalesce(sum(86400 / c.interval_seconds), 0)::bigint as slots
       from mdm.interval_block b join mdm.channel c using (meter_key, channel_no) where b.version = 1`,
    );
    this.#stored += Number(rows[0]?.slots ?? 0);
  }

  add(batches: readonly ReadingBatch[]): void {
    let count = 0;
    for (const batch of batches) for (const series of batch.intervals) count += series.values.length;
    if (count === 0) return;
    this.#stored += count;
    this.#recent.push({ atMs: this.#timers.elapsedMs(), count });
    this.#forget();
  }

  #forget(): void {
    const fromMs = this.#timers.elapsedMs() - WINDOW_MS;
    while ((this.#recent[0]?.atMs ?? fromMs) < fromMs) this.#recent.shift();
  }
}
