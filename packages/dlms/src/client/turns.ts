/** Lets so many conversations go on at a time; the others wait their turn, first come, first served. */
export class Turns {
  /** How many go on at a time; what is lowered counts for those that come after. */
  atATime: number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(atATime: number) {
    this.atATime = atATime;
  }

  /** `undefined`: go on at once; otherwise the promise that it is one's turn. Whoever took one calls `pass` in the end. */
  take(): Promise<void> | undefined {
    if (this.#taken < this.atATime && this.#waiting.length === 0) {
      this.#taken++;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The turn goes to the next in the line. */
  pass(): void {
    this.#taken--;
    while (this.#taken < this.atATime) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#taken++;
      next();
    }
  }
}
