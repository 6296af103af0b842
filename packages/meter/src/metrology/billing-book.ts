/** A billing reset: the instant, what the meter's clock showed, and its number since installation. */
export interface BillingReset {
  readonly atMs: number;
  readonly clockMs: number;
  readonly number: number;
}

/** Resets kept: the depth of the billing profile, and one more for the period before the oldest row. */
export const BILLING_DEPTH = 36;

/** When billing periods ended. Values of a period are computed when they are read. */
export class BillingBook {
  #resets: readonly BillingReset[] = [];
  #count = 0;

  get resets(): readonly BillingReset[] {
    return this.#resets;
  }
  /** Resets since installation. */
  get count(): number {
    return this.#count;
  }

  add(atMs: number, clockMs: number): void {
    this.#count++;
    this.#resets = [...this.#resets, { atMs, clockMs, number: this.#count }].slice(-(BILLING_DEPTH + 1));
  }
}
