/** What became of one invariant. */
export interface CheckReport {
  readonly name: string;
  readonly ok: boolean;
  /** Things that were looked at: intervals, registers, events, rows. */
  readonly checked: number;
  /** The first failures, in words; `failureCount` counts all. */
  readonly failures: readonly string[];
  readonly failureCount: number;
}

/** A fault as it was drawn, in words, with its instants. */
export interface FaultReport {
  readonly kind: string;
  readonly target: string;
  readonly atMs: number;
  readonly untilMs: number;
}

/** What one run of one seed showed. */
export interface RunReport {
  readonly seed: number;
  /** The same seed and size give the same hash, on any machine. */
  readonly eventHash: string;
  /** Calls that the scheduler executed. */
  readonly events: number;
  readonly virtualDays: number;
  readonly meters: number;
  readonly faults: readonly FaultReport[];
  /** How often each kind of happening occurred. */
  readonly happenings: Readonly<Record<string, number>>;
  readonly checks: readonly CheckReport[];
}

const FAILURES_NAMED_MAX = 20;

/** Collects the findings of one check. */
export class Check {
  readonly #name: string;
  readonly #failures: string[] = [];
  #checked = 0;
  #failureCount = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** One thing was looked at; the text is only made where it is wrong. */
  expect(isRight: boolean, failure: () => string): void {
    this.#checked++;
    if (isRight) return;
    this.#failureCount++;
    if (this.#failures.length < FAILURES_NAMED_MAX) this.#failures.push(failure());
  }

  finish(): CheckReport {
    return {
      name: this.#name,
      ok: this.#failureCount === 0,
      checked: this.#checked,
      failures: this.#failures,
      failureCount: this.#failureCount,
    };
  }
}

export function isSound(run: RunReport): boolean {
  return run.checks.every(({ ok }) => ok);
}
