import type { TimeSpan } from "@amity/concentrator";
import type { EndDeviceEvent, MeterId, ReadingBatch, ReadingSink } from "@amity/model";
import type { Clock } from "@amity/runtime";
import type { CollectedReadings } from "./driver.ts";
import type { Fleet } from "./fleet.ts";
import type { HeadEndNotice } from "./notices.ts";
import type { CollectionRecord, CoverageRecord, DeviceHealth, Registry } from "./registry.ts";
import { joinIntents, stepStanding, type Standing, type StandingReport } from "./standing.ts";

/** What one contact with one meter brought: readings, the spans they cover, and what it says about the meter. */
export interface Collected {
  readonly meterId: MeterId;
  readonly batches: readonly ReadingBatch[];
  readonly covered: readonly { readonly profile: string; readonly span: TimeSpan }[];
  readonly health: Partial<DeviceHealth>;
  /** What the meter said is the matter with it. */
  readonly standing?: StandingReport;
}

/** The batch of readings of one meter, and what stands there beside it. */
export function collectedOf({ standing, ...readings }: CollectedReadings): Pick<Collected, "batches" | "standing"> {
  return { batches: [{ ...readings, source: "headend" }], ...(standing === undefined ? {} : { standing }) };
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
    const nowMs = clock.nowMs();
    const changed = await this.#takeStanding(items, nowMs);
    const batches = [...items.flatMap(({ batches: own }) => own), ...changed.batches].filter(isNotEmpty);
    if (batches.length > 0) await sink.accept(batches);
    const coverage = new Map<string, CoverageRecord>();
    for (const { meterId, covered } of items) {
      for (const { profile, span } of covered) {
        coverage.set(`${meterId}\0${profile}`, fleet.cover(meterId, profile, span, nowMs - historyMs - KEEP_BEYOND_MS));
      }
    }
    const healths = [...items.map(({ meterId, health }) => ({ meterId, change: health })), ...changed.health];
    for (const { meterId, change } of healths) fleet.updateHealth(meterId, change);
    const fresh = await registry.recordCollection(
      {
        coverage: [...coverage.values()],
        health: healths,
        events: batches.flatMap(({ events }) => events),
      },
      nowMs,
    );
    for (const event of fresh) this.#parts.notify({ kind: "event", event });
    for (const item of items) this.#tell(item);
  }

  /**
   * What began and ended at the meters, by what they say now. A change is in the registry before its events go anywhere: cut off in between,
   * the next commit of that meter tells them again under the same instant, and the sink knows them.
   */
  async #takeStanding(items: readonly Collected[], nowMs: number): Promise<Pick<CollectionRecord, "health"> & Pick<Collected, "batches">> {
    const { registry, fleet } = this.#parts;
    const known = new Map<MeterId, Standing | undefined>();
    const intents = new Map<MeterId, Standing>();
    const supplies = new Map<MeterId, DeviceHealth["supply"]>();
    const events: EndDeviceEvent[] = [];
    for (const { meterId, standing } of items) {
      const before = known.has(meterId) ? known.get(meterId) : fleet.health(meterId)?.standing;
      if (standing === undefined && before?.pending === undefined) continue;
      const step = stepStanding(meterId, before, standing);
      known.set(meterId, step.next);
      if (step.intent !== undefined) intents.set(meterId, joinIntents(intents.get(meterId), step.intent));
      if (standing?.supply !== undefined && step.next.atMs === standing.atMs) supplies.set(meterId, standing.supply);
      events.push(...step.events);
    }
    const intended = [...intents].map(([meterId, standing]) => ({ meterId, change: { standing } }));
    if (intended.length > 0) await registry.recordCollection({ coverage: [], health: intended, events: [] }, nowMs);
    for (const { meterId, change } of intended) fleet.updateHealth(meterId, change);
    const health = [...known].map(([meterId, standing]) => {
      const supply = supplies.get(meterId);
      return { meterId, change: { standing, ...(supply === undefined ? {} : { supply }) } };
    });
    return { health, batches: events.length === 0 ? [] : [{ intervals: [], registers: [], events, source: "headend" }] };
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
