import type { Random } from "@amity/runtime";

/** How often and how fast a failed visit may be repeated. Times are machine ms. */
export interface RetryPolicy {
  readonly firstDelayMs: number;
  readonly delayMsMax: number;
  /** Attempts in a row, the first included; then the meter waits for its next regular turn. */
  readonly attemptsMax: number;
  /** Retries that all meters together may have in hand; every success earns `earnedBySuccess` of one back. */
  readonly budgetMax: number;
  readonly earnedBySuccess: number;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  firstDelayMs: 2_000,
  delayMsMax: 300_000,
  attemptsMax: 5,
  budgetMax: 100,
  earnedBySuccess: 0.2,
};

/**
 * Retries with full jitter and two budgets: one per meter (attempts in a row) and one shared, so that an outage of many
 * meters does not turn into a storm of retries.
 */
export class RetryBudget<K> {
  readonly #policy: RetryPolicy;
  readonly #random: Random;
  readonly #failures = new Map<K, number>();
  #tokens: number;

  constructor(policy: RetryPolicy, random: Random) {
    this.#policy = policy;
    this.#random = random;
    this.#tokens = policy.budgetMax;
  }

  /** Retries that are still allowed before successes earn more. */
  get tokens(): number {
    return this.#tokens;
  }

  failuresOf(key: K): number {
    return this.#failures.get(key) ?? 0;
  }

  succeeded(key: K): void {
    this.#failures.delete(key);
    this.#tokens = Math.min(this.#policy.budgetMax, this.#tokens + this.#policy.earnedBySuccess);
  }

  /** Delay before the next attempt, or `undefined` when a budget is used up: then only the regular turn comes. */
  failed(key: K): number | undefined {
    const failures = this.failuresOf(key) + 1;
    this.#failures.set(key, failures);
    if (failures % this.#policy.attemptsMax === 0 || this.#tokens < 1) return undefined;
    this.#tokens--;
    const round = (failures % this.#policy.attemptsMax) - 1;
    const ceiling = Math.min(this.#policy.delayMsMax, this.#policy.firstDelayMs * 2 ** round);
    return ceiling * (0.5 + 0.5 * this.#random.float());
  }
}
