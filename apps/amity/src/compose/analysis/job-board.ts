import { UsageError } from "@amity/bytes";
import type { RunWatch } from "@amity/mdm";
import type { Clock } from "@amity/runtime";

export type JobState = "waiting" | "running" | "done" | "failed" | "cancelled";

/** One long computation and, once done, its result. */
export interface BoardJob<Result> {
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  readonly by: string;
  readonly startedMs: number;
  readonly state: JobState;
  readonly done: number;
  readonly total: number;
  readonly endedMs: number | undefined;
  readonly error: string | undefined;
  readonly result: Result | undefined;
}

export interface JobOrder<Result> {
  readonly kind: string;
  readonly title: string;
  readonly by: string;
  /** `undefined` when it was cancelled. Pauses between its steps, so that others are served. */
  work(watch: RunWatch): Promise<Result | undefined>;
}

interface Entry<Result> extends BoardJob<Result> {
  state: JobState;
  done: number;
  total: number;
  endedMs: number | undefined;
  error: string | undefined;
  result: Result | undefined;
  isCancelled: boolean;
  readonly order: JobOrder<Result>;
}

/** Jobs that wait or run. */
const OPEN_MAX = 8;
/** Finished jobs whose results are kept; the oldest goes first. */
const FINISHED_KEPT = 20;

/** Runs jobs one after the other in this process, and keeps the last results until it ends. */
export class JobBoard<Result> {
  readonly #jobs: Entry<Result>[] = [];
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #newId: () => string;
  #running: Promise<void> | undefined;

  constructor(parts: { clock: Pick<Clock, "nowMs">; newId: () => string }) {
    this.#clock = parts.clock;
    this.#newId = parts.newId;
  }

  /** @throws UsageError `jobs-full` while too many wait. */
  start(order: JobOrder<Result>): BoardJob<Result> {
    if (this.#jobs.filter(({ endedMs }) => endedMs === undefined).length >= OPEN_MAX)
      throw new UsageError(`${OPEN_MAX} jobs wait or run already`, { code: "jobs-full", advice: "wait for one, or cancel one" });
    const { kind, title, by } = order;
    const entry: Entry<Result> = {
      id: this.#newId(),
      kind,
      title,
      by,
      startedMs: this.#clock.nowMs(),
      state: "waiting",
      done: 0,
      total: 0,
      endedMs: undefined,
      error: undefined,
      result: undefined,
      isCancelled: false,
      order,
    };
    this.#jobs.push(entry);
    this.#running ??= this.#runAll();
    return entry;
  }

  /** Newest first. */
  list(): readonly BoardJob<Result>[] {
    return this.#jobs.toReversed();
  }

  find(id: string): BoardJob<Result> | undefined {
    return this.#jobs.find((job) => job.id === id);
  }

  /** Ends a job that waits at once, one that runs after its present step. `false` where it has ended already. */
  cancel(id: string): boolean {
    const entry = this.#jobs.find((job) => job.id === id);
    if (entry === undefined || entry.endedMs !== undefined) return false;
    entry.isCancelled = true;
    if (entry.state === "waiting") this.#end(entry, "cancelled");
    return true;
  }

  /** Cancels everything and waits for the running step. */
  async stop(): Promise<void> {
    for (const { id } of this.#jobs) this.cancel(id);
    await this.#running;
  }

  async #runAll(): Promise<void> {
    // The answer to who started it goes out first.
    await Promise.resolve();
    for (let next = this.#nextWaiting(); next !== undefined; next = this.#nextWaiting()) await this.#run(next);
    this.#running = undefined;
  }

  #nextWaiting(): Entry<Result> | undefined {
    return this.#jobs.find(({ state }) => state === "waiting");
  }

  async #run(entry: Entry<Result>): Promise<void> {
    entry.state = "running";
    try {
      const result = await entry.order.work({
        onProgress: (done, total) => {
          entry.done = done;
          entry.total = total;
        },
        isCancelled: () => entry.isCancelled,
      });
      // Cancelled in its last step: nobody waits for the result.
      if (!entry.isCancelled) entry.result = result;
      this.#end(entry, entry.result === undefined ? "cancelled" : "done");
    } catch (error) {
      entry.error = error instanceof Error ? error.message : String(error);
      this.#end(entry, "failed");
    }
  }

  #end(entry: Entry<Result>, state: JobState): void {
    entry.state = state;
    entry.endedMs = this.#clock.nowMs();
    const finished = this.#jobs.filter(({ endedMs }) => endedMs !== undefined);
    for (const old of finished.slice(0, Math.max(0, finished.length - FINISHED_KEPT))) this.#jobs.splice(this.#jobs.indexOf(old), 1);
  }
}
