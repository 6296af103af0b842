/** Wrong passwords at one port, whoever sent them: too many lock it for a while, the right one out, too. */
export class PasswordLock {
  readonly #wrongMax: number;
  readonly #lockMs: number;
  #wrong = 0;
  #lockedUntilMs = Number.NEGATIVE_INFINITY;

  constructor({ wrongMax = 3, lockMs = 3_600_000 }: { readonly wrongMax?: number; readonly lockMs?: number } = {}) {
    this.#wrongMax = wrongMax;
    this.#lockMs = lockMs;
  }

  isLocked(nowMs: number): boolean {
    return nowMs < this.#lockedUntilMs;
  }

  wrong(nowMs: number): void {
    this.#wrong += 1;
    if (this.#wrong < this.#wrongMax) return;
    this.#wrong = 0;
    this.#lockedUntilMs = nowMs + this.#lockMs;
  }

  right(): void {
    this.#wrong = 0;
  }
}
