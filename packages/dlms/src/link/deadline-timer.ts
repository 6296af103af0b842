import type { Timer, Timers } from "@amity/runtime";

/**
 * Calls back when a moving deadline has come. A deadline that moves out, as it does with every frame, costs nothing:
 * the timer that is set runs out early, looks, and is set again.
 */
export class DeadlineTimer {
  readonly #timers: Timers;
  readonly #due: () => void;
  #deadlineMs: number | undefined;
  #armedMs = Infinity;
  #timer: Timer | undefined;

  constructor(timers: Timers, due: () => void) {
    this.#timers = timers;
    this.#due = due;
  }

  /** `undefined`: nothing is waited for. Times as `Timers.elapsedMs`. */
  set(deadlineMs: number | undefined): void {
    this.#deadlineMs = deadlineMs;
    if (deadlineMs !== undefined && deadlineMs < this.#armedMs) this.#arm(deadlineMs);
  }

  stop(): void {
    this.#deadlineMs = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedMs = Infinity;
  }

  #arm(deadlineMs: number): void {
    this.#timer?.cancel();
    this.#armedMs = deadlineMs;
    this.#timer = this.#timers.after(Math.max(0, deadlineMs - this.#timers.elapsedMs()), () => this.#fired());
  }

  #fired(): void {
    this.#timer = undefined;
    this.#armedMs = Infinity;
    const deadlineMs = this.#deadlineMs;
    if (deadlineMs === undefined) return;
    if (this.#timers.elapsedMs() < deadlineMs) this.#arm(deadlineMs);
    else {
      this.#deadlineMs = undefined;
      this.#due();
    }
  }
}
