/** One entry: the meter's own time and the code. */
export interface LoggedEvent {
  readonly clockMs: number;
  readonly code: number;
}

/** A log of fixed depth; the oldest entry makes room. */
export class EventLog {
  readonly depth: number;
  #entries: readonly LoggedEvent[] = NONE;

  constructor(depth: number) {
    this.depth = depth;
  }

  /** Oldest first. */
  get entries(): readonly LoggedEvent[] {
    return this.#entries;
  }

  add(clockMs: number, code: number): void {
    const kept = this.#entries.length >= this.depth ? this.#entries.slice(this.#entries.length - this.depth + 1) : this.#entries;
    this.#entries = [...kept, { clockMs, code }];
  }

  clear(): void {
    this.#entries = NONE;
  }
}

const NONE: readonly LoggedEvent[] = [];
