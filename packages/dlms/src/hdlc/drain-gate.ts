/** Less than this counts as drained (octets). */
const SMALL = 4_096;

/** Lets those through who wait for a backlog to grow small, or for the link to end. */
export class DrainGate {
  readonly #backlog: () => number;
  #waiting: (() => void)[] = [];
  #isOpen = false;

  constructor(backlog: () => number) {
    this.#backlog = backlog;
  }

  drained(): Promise<void> {
    if (this.#isOpen || this.#backlog() < SMALL) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Call whenever the backlog may have shrunk. */
  check(): void {
    if (this.#waiting.length > 0 && this.#backlog() < SMALL) this.#release();
  }

  /** The link has ended: nobody waits any more. */
  open(): void {
    this.#isOpen = true;
    this.#release();
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
