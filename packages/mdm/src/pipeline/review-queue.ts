import { DAY_MS } from "@amity/intervals";
import type { Clock, Timer } from "@amity/runtime";
import { blockKeyOf } from "../ledger/channel-id.ts";
import { activeIntervalChannels, type ChannelDay } from "./channels.ts";
import { reviewDays, type ReviewParts, type ReviewSummary } from "./review.ts";

/** How reviews are paced. */
export interface ReviewQueueOptions {
  /** Civil time after the end of a day in which late readings are still waited for (ms). Default 3 hours. */
  readonly graceMs?: number;
  /** Channel days taken in one go. Default 4,096. */
  readonly batchMax?: number;
  /** True while it is too early: a back-fill is under way, whose history and events the rules and estimators would miss. */
  readonly isHeld?: () => boolean;
  /** Told of every batch. */
  readonly onReviewed?: (summary: ReviewSummary) => void;
  /** Told of a failed batch: its days stay in the queue. */
  readonly onFailed?: (error: unknown) => void;
}

const GRACE_MS = 3 * 3_600_000;
const BATCH_MAX = 4096;
/** Civil time between two looks at what has become due (ms). */
const LOOK_EVERY_MS = 3_600_000;
/** Channels that had data within these days before are expected to have data on a day. */
const EXPECTED_DAYS = 7;

/**
 * Reviews days once they are over: those that changed, and, at each day's close, those of every channel that should have
 * had data, so that a silent meter is noticed. Losing the queue loses nothing: `reopen` asks for recent days again.
 */
export class ReviewQueue {
  readonly #parts: ReviewParts & { readonly clock: Clock };
  readonly #options: Required<Pick<ReviewQueueOptions, "graceMs" | "batchMax">> & ReviewQueueOptions;
  readonly #waiting = new Map<number, ChannelDay>();
  #closedUpToMs: number;
  #timer: Timer | undefined;
  #working: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: ReviewParts & { readonly clock: Clock }, options: ReviewQueueOptions = {}) {
    this.#parts = parts;
    this.#options = { graceMs: GRACE_MS, batchMax: BATCH_MAX, ...options };
    this.#closedUpToMs = Math.floor((parts.clock.nowMs() - this.#options.graceMs) / DAY_MS) * DAY_MS;
  }

  /** Channel days that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Channel days that wait although they are over and settled. */
  get due(): number {
    const dueBeforeMs = this.#dueBeforeMs();
    let due = 0;
    for (const { dayStartMs } of this.#waiting.values()) if (dayStartMs <= dueBeforeMs) due++;
    return due;
  }

  /** Asks for a review of days that changed. */
  add(days: readonly ChannelDay[]): void {
    for (const day of days) this.#waiting.set(blockKeyOf(day.channelId, day.dayStartMs), day);
  }

  /** Begins to look once an hour of civil time; the last `days` whole days are looked at again first. */
  async start(days = 2): Promise<void> {
    this.#closedUpToMs -= days * DAY_MS;
    await this.look();
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#working;
  }

  /** Reviews everything that is due now. */
  async look(): Promise<void> {
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
    await this.#working;
  }

  #arm(): void {
    const { clock } = this.#parts;
    this.#timer = clock.at(clock.nowMs() + LOOK_EVERY_MS, () => {
      void this.look().finally(() => {
        if (!this.#stopped) this.#arm();
      });
    });
  }

  async #work(): Promise<void> {
    if (this.#options.isHeld?.() === true) return;
    try {
      await this.#closeDays();
      for (let batch = this.#takeDue(); batch.length > 0 && !this.#stopped; batch = this.#takeDue()) {
        try {
          this.#options.onReviewed?.(await reviewDays(this.#parts, batch));
        } catch (error) {
          this.add(batch);
          throw error;
        }
      }
    } catch (error) {
      this.#options.onFailed?.(error);
    }
  }

  async #closeDays(): Promise<void> {
    const closedMs = Math.floor((this.#parts.clock.nowMs() - this.#options.graceMs) / DAY_MS) * DAY_MS;
    for (let dayStartMs = this.#closedUpToMs; dayStartMs < closedMs; dayStartMs += DAY_MS) {
      const channelIds = await activeIntervalChannels(this.#parts.store, dayStartMs - EXPECTED_DAYS * DAY_MS, dayStartMs + DAY_MS);
      this.add(channelIds.map((channelId) => ({ channelId, dayStartMs })));
      this.#closedUpToMs = dayStartMs + DAY_MS;
    }
  }

  #dueBeforeMs(): number {
    return this.#parts.clock.nowMs() - this.#options.graceMs - DAY_MS;
  }

  #takeDue(): ChannelDay[] {
    const dueBeforeMs = this.#dueBeforeMs();
    const batch: ChannelDay[] = [];
    for (const [key, day] of this.#waiting) {
      if (batch.length >= this.#options.batchMax) break;
      if (day.dayStartMs > dueBeforeMs) continue;
      batch.push(day);
      this.#waiting.delete(key);
    }
    return batch;
  }
}
