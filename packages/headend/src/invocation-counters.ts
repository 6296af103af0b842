import { SecurityError } from "@amity/bytes";

/** Where reservations are kept. Both calls resolve after commit. */
export interface CounterStore {
  /** `count` numbers nobody was given before; the first one. */
  reserve(name: string, count: number): Promise<number>;
  /** Lifts the counter so that the next reservation begins at `value` or above. Never lowers. */
  raise(name: string, value: number): Promise<void>;
}

/**
 * Invocation counters of the head-end's own side. Blocks are reserved durably before any number of them is used, so a
 * crash skips numbers and never repeats one (IEC 62056-5-3, 5.3.3.7: a repeated IV under AES-GCM gives the key stream away).
 */
export class InvocationCounters {
  readonly #store: CounterStore;
  readonly #leases = new Map<string, CounterLease>();

  constructor(store: CounterStore) {
    this.#store = store;
  }

  /** The counter of that name: one object for as long as the process lives. */
  lease(name: string): CounterLease {
    const known = this.#leases.get(name);
    if (known !== undefined) return known;
    const lease = new CounterLease(name, this.#store);
    this.#leases.set(name, lease);
    return lease;
  }

  /** `count` numbers in a row, next to those taken before, also after a crash: for what goes out seldom and is cut to a few bits. The first one. */
  take(name: string, count: number): Promise<number> {
    return this.#store.reserve(name, count);
  }
}

/** Numbers reserved at once: at a hundred sessions a day, 4 thousand million numbers last for more than a century. */
const BLOCK = 1024;
const COUNTER_MAX = 0xffff_ffff;

/** One counter, handed out number by number from reserved blocks. */
export class CounterLease {
  readonly #name: string;
  readonly #store: CounterStore;
  #next = 0;
  #end = 0;

  constructor(name: string, store: CounterStore) {
    this.#name = name;
    this.#store = store;
  }

  /** Sees to it that `count` numbers are in hand. @throws SecurityError `counter-exhausted`. */
  async ensure(count: number): Promise<void> {
    if (this.#end - this.#next >= count) return;
    const size = Math.max(BLOCK, count);
    const first = await this.#store.reserve(this.#name, size);
    if (first + size > COUNTER_MAX) {
      throw new SecurityError(`the invocation counter ${this.#name} is used up`, {
        code: "counter-exhausted",
        advice: "transfer a new encryption key to the meter",
      });
    }
    this.#next = first;
    this.#end = first + size;
  }

  /** The meter has seen a higher number: go on above it. */
  async raise(value: number): Promise<void> {
    await this.#store.raise(this.#name, value);
    if (this.#next >= value) return;
    if (value < this.#end) {
      this.#next = value;
      return;
    }
    this.#next = 0;
    this.#end = 0;
  }

  /** @throws SecurityError when the reserve is used up: `ensure` was not called. */
  next(): number {
    if (this.#next >= this.#end) {
      throw new SecurityError(`no reserved invocation counter is left for ${this.#name}`, { code: "counter-reserve" });
    }
    return this.#next++;
  }
}

/** A store for simulations and one-off reads. */
export function memoryCounterStore(): CounterStore {
  const reserved = new Map<string, number>();
  return {
    reserve(name, count) {
      // Counters begin at 1: some meters refuse 0.
      const first = reserved.get(name) ?? 1;
      reserved.set(name, first + count);
      return Promise.resolve(first);
    },
    raise(name, value) {
      reserved.set(name, Math.max(reserved.get(name) ?? 1, value));
      return Promise.resolve();
    },
  };
}
