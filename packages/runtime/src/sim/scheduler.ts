import type { Timer } from "../timers.ts";

/** What runs at a virtual instant. A promise holds virtual time still until it settles (only store operations return one). */
export type ScheduledCall = () => void | Promise<void>;

interface Entry {
  readonly atMs: number;
  readonly order: number;
  call: ScheduledCall | undefined;
}

/**
 * The heart of a simulation: calls in order of virtual time, ties in order of scheduling. Between two calls every
 * promise that can go on does go on, so code written with `await` runs to its next wait before time moves.
 */
export class Scheduler {
  #nowMs: number;
  #order = 0;
  #heap: Entry[] = [];
  #executed = 0;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Calls executed so far. */
  get executed(): number {
    return this.#executed;
  }

  /** Calls waiting. */
  get pending(): number {
    return this.#heap.length;
  }

  at(atMs: number, call: ScheduledCall): Timer {
    const entry: Entry = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, call };
    this.#push(entry);
    return { cancel: () => void (entry.call = undefined) };
  }

  after(delayMs: number, call: ScheduledCall): Timer {
    return this.at(this.#nowMs + Math.max(0, delayMs), call);
  }

  /** Runs until virtual time reaches `untilMs`, `done` says so, or nothing is left. Time then stands at `untilMs` unless `done` ended it. */
  async run(untilMs: number, done: () => boolean = () => false): Promise<void> {
    await settle();
    while (!done()) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) {
        if (Number.isFinite(untilMs)) this.#nowMs = Math.max(this.#nowMs, untilMs);
        return;
      }
      this.#pop();
      if (next.call === undefined) continue;
      this.#nowMs = next.atMs;
      this.#executed++;
      const result = next.call();
      if (result !== undefined) await result;
      await settle();
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Entry;
      if (!isBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      if (!isBefore(heap[child] as Entry, last)) break;
      heap[index] = heap[child] as Entry;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(left: Entry, right: Entry): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}

/** Resolves after every microtask that is runnable now has run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
