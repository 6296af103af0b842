import { LinkError } from "@amity/bytes";

interface Waiter {
  readonly start: () => void;
  readonly urgent: boolean;
}

/** So many at once; the rest wait in line, urgent ones (commands) before the others. The line has a limit. */
export class Semaphore {
  readonly #slots: number;
  readonly #waitersMax: number;
  #taken = 0;
  #waiters: Waiter[] = [];

  constructor(slots: number, waitersMax = 10_000) {
    this.#slots = slots;
    this.#waitersMax = waitersMax;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiters.length;
  }

  /** Runs `work` when there is a slot. @throws LinkError `busy` when too many wait already. */
  async run<T>(work: () => Promise<T>, options: { urgent?: boolean } = {}): Promise<T> {
    await this.#enter(options.urgent ?? false);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #enter(urgent: boolean): Promise<void> {
    if (this.#taken < this.#slots) {
      this.#taken++;
      return Promise.resolve();
    }
    if (this.#waiters.length >= this.#waitersMax) {
      return Promise.reject(new LinkError(`${this.#waiters.length} requests wait already`, { code: "busy", advice: "try again later" }));
    }
    return new Promise((start) => this.#waiters.push({ start, urgent }));
  }

  #leave(): void {
    const urgent = this.#waiters.findIndex((waiter) => waiter.urgent);
    const [next] = this.#waiters.splice(Math.max(0, urgent), 1);
    if (next === undefined) this.#taken--;
    else next.start();
  }
}
