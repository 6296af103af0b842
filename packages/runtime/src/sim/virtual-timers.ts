import type { Timer, Timers } from "../timers.ts";

/** Virtual machine time for one test without nodes: it jumps to the next timer as soon as nothing else is to be done. See `Simulation` for more. */
export class VirtualTimers implements Timers {
  #now = 0;
  #entries: { at: number; order: number; callback: () => void }[] = [];
  #order = 0;

  elapsedMs(): number {
    return this.#now;
  }
  after(delayMs: number, callback: () => void): Timer {
    const entry = { at: this.#now + Math.max(0, delayMs), order: this.#order++, callback };
    this.#entries.push(entry);
    return { cancel: () => void (this.#entries = this.#entries.filter((other) => other !== entry)) };
  }
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Runs until `work` has settled. */
  async run<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const done = work.finally(() => void (settled = true));
    done.catch(() => {});
    while (!settled) {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      if (settled) break;
      await new Promise((resolve) => setImmediate(resolve));
      if (settled) break;
      const next = this.#entries.sort((a, b) => a.at - b.at || a.order - b.order).shift();
      if (next === undefined) {
        if (settled) break;
        throw new Error("nothing is going to happen any more");
      }
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    return done;
  }
}
