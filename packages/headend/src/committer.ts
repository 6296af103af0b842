import type { TimeSpan } from "@amity/concentrator";
import type { MeterId, ReadingBatch, ReadingSink } from "@amity/model";
import type { Clock } from "@amity/runtime";
import type { Fleet } from "./fleet.ts";
import type { HeadEndNotice } from "./notices.ts";
import type { CoverageRecord, DeviceHealth, Registry } from "./registry.ts";

/** What one contact with one meter brought: readings, the spans they cover, and what it says about the meter. */
export interface Collected {
  readonly meterId: MeterId;
  readonly batches: readonly ReadingBatch[];
  readonly covered: readonly { readonly profile: string; readonly span: TimeSpan }[];
  readonly health: Partial<DeviceHealth>;
}

interface Waiting {
  readonly item: Collected;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Contacts that share one transaction. */
const GROUP_MAX = 256;

export interface CommitterParts {
  readonly sink: ReadingSink;
  readonly registry: Registry;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly historyMs: number;
  readonly notify: (notice: HeadEndNotice) => void;
}

/**
 * The one place where readings leave the head-end. First the sink commits, then the watermarks move: a crash between the
 * two means reading again, never losing. Contacts that end close together share one commit.
 */
export class Committer {
  readonly #parts: CommitterParts;
  #waiting: Waiting[] = [];
  #flushing = false;
  #intervals = 0;

  constructor(parts: CommitterParts) {
    this.#parts = parts;
  }

  /** Interval values handed to the sink since the start. */
  get intervals(): number {
    return this.#intervals;
  }

  /** Resolves when the readings are in the sink and the watermarks are recorded. Rejects with the sink's or the registry's error. */
  commit(item: Collected): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#flushing) void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    this.#flushing = true;
    while (this.#waiting.length > 0) await this.#commitGroup(this.#waiting.splice(0, GROUP_MAX));
    this.#flushing = false;
  }

  async #commitGroup(group: readonly Waiting[]): Promise<void> {
    try {
      await this.#store(group.map(({ item }) => item));
      for (const { resolve } of group) resolve();
    } catch (error) {
      if (group.length === 1) {
        group[0]?.reject(error);
        return;
      }
      // One bad contact must not lose the good ones beside it: each on its own.
      for (const one of group) await this.#commitGroup([one]);
    }
  }

  async #store(items: readonly Collected[]): Promise<void> {
    const { sink, registry, fleet, clock, historyMs } = this.#parts;
    const batches = items.flatMap(({ batches: own }) => own).filter(isNotEmpty);
    if (batches.length > 0) await sink.accept(batches);
    const nowMs = clock.nowMs();
    const coverage = new Map<string, CoverageRecord>();
    for (const { meterId, covered } of items) {
      for (const { profile, span } of covered) {
        coverage.set(`${meterId}\0${profile}`, fleet.cover(meterId, profile, span, nowMs - historyMs - KEEP_BEYOND_MS));
      }
    }
    for (const { meterId, health } of items) fleet.updateHealth(meterId, health);
    const fresh = await registry.recordCollection(
      {
        coverage: [...coverage.values()],
        health: items.map(({ meterId, health }) => ({ meterId, change: health })),
        events: batches.flatMap(({ events }) => events),
      },
      nowMs,
    );
    for (const event of fresh) this.#parts.notify({ kind: "event", event });
    for (const item of items) this.#tell(item);
  }

  #tell(item: Collected): void {
    const registers = item.batches.flatMap((batch) => batch.registers);
    const intervals = item.batches.flatMap((batch) => batch.intervals);
    const count = intervals.reduce((sum, series) => sum + series.values.length, 0);
    this.#intervals += count;
    const newestMs = intervals.reduce<number | undefined>((newest, series) => {
      const endMs = series.startMs + series.values.length * series.intervalSeconds * 1000;
      return newest === undefined || endMs > newest ? endMs : newest;
    }, undefined);
    if (count > 0) this.#parts.notify({ kind: "collected", meterId: item.meterId, intervals: count, newestMs });
    else if (registers.length > 0) this.#parts.notify({ kind: "registers", meterId: item.meterId, registers });
  }
}

/** Coverage older than the wanted history is kept a little longer, so that its edge does not flicker. */
const KEEP_BEYOND_MS = 7 * 86_400_000;

function isNotEmpty(batch: ReadingBatch): boolean {
  return batch.intervals.length > 0 || batch.registers.length > 0 || batch.events.length > 0;
}
