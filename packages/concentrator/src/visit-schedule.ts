import type { Timer, World } from "@amity/runtime";
import { DueQueue } from "./due-queue.ts";
import { DEFAULT_RETRY_POLICY, RetryBudget, type RetryPolicy } from "./retry-policy.ts";

/** How a visit ended: well (when to come again, civil time), or not (retried within the budgets, else at `dueMs`). */
export interface VisitOutcome {
  readonly ok: boolean;
  readonly dueMs: number;
}

export interface VisitScheduleOptions {
  /** Visits that run at once. */
  readonly slots: number;
  readonly retry?: RetryPolicy;
  /** Must not reject: what fails is an outcome. */
  readonly visit: (id: string) => Promise<VisitOutcome>;
}

/**
 * Visits meters when they are due, so many at once, failures again with back-off and jitter. Turns are in civil time,
 * back-off in machine time.
 */
export class VisitSchedule {
  readonly #world: Pick<World, "clock" | "timers" | "random">;
  readonly #options: VisitScheduleOptions;
  readonly #queue = new DueQueue<string>();
  readonly #known = new Set<string>();
  readonly #visiting = new Set<string>();
  /** Asked for while a visit ran: due again at once after it. */
  readonly #again = new Set<string>();
  readonly #retry: RetryBudget<string>;
  readonly #retries = new Map<string, Timer>();
  #running = false;
  #alarm: Timer | undefined;
  #idle: (() => void)[] = [];

  constructor(world: Pick<World, "clock" | "timers" | "random">, options: VisitScheduleOptions) {
    this.#world = world;
    this.#options = options;
    this.#retry = new RetryBudget(options.retry ?? DEFAULT_RETRY_POLICY, world.random.fork("retries"));
  }

  get visiting(): number {
    return this.#visiting.size;
  }

  get size(): number {
    return this.#known.size;
  }

  has(id: string): boolean {
    return this.#known.has(id);
  }

  failuresOf(id: string): number {
    return this.#retry.failuresOf(id);
  }

  /** Adds a meter, or gives it another turn. */
  put(id: string, dueMs: number): void {
    this.#known.add(id);
    if (this.#visiting.has(id)) this.#again.add(id);
    else this.#queue.put(id, dueMs);
    this.#pump();
  }

  remove(id: string): void {
    this.#known.delete(id);
    this.#queue.remove(id);
    this.#again.delete(id);
  }

  start(): void {
    this.#running = true;
    this.#pump();
  }

  /** Begins nothing more; resolves when the visits under way have ended. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#alarm?.cancel();
    for (const timer of this.#retries.values()) timer.cancel();
    this.#retries.clear();
    if (this.#visiting.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #pump(): void {
    if (!this.#running) return;
    const nowMs = this.#world.clock.nowMs();
    while (this.#visiting.size < this.#options.slots) {
      const id = this.#queue.take(nowMs);
      if (id === undefined) break;
      this.#visiting.add(id);
      void this.#visit(id);
    }
    this.#alarm?.cancel();
    this.#alarm = undefined;
    const nextMs = this.#queue.nextMs();
    if (nextMs === undefined || this.#visiting.size >= this.#options.slots) return;
    this.#alarm = this.#world.clock.at(nextMs, () => this.#pump());
  }

  async #visit(id: string): Promise<void> {
    const outcome = await this.#options.visit(id);
    this.#visiting.delete(id);
    if (this.#known.has(id)) this.#reschedule(id, outcome);
    if (this.#visiting.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    this.#pump();
  }

  #reschedule(id: string, outcome: VisitOutcome): void {
    this.#queue.put(id, this.#again.delete(id) ? this.#world.clock.nowMs() : outcome.dueMs);
    if (outcome.ok) {
      this.#retry.succeeded(id);
      return;
    }
    const delayMs = this.#retry.failed(id);
    if (delayMs === undefined || !this.#running) return;
    const timer = this.#world.timers.after(delayMs, () => {
      this.#retries.delete(id);
      if (this.#known.has(id) && !this.#visiting.has(id)) this.put(id, this.#world.clock.nowMs());
    });
    this.#retries.get(id)?.cancel();
    this.#retries.set(id, timer);
  }
}
