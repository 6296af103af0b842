import type { RegisterReading } from "@amity/model";

const RESULTS_MAX = 1_000;

/** What commands read, for whoever asked: in memory, the oldest are forgotten first. */
export class CommandResults {
  readonly #registers = new Map<string, readonly RegisterReading[]>();

  of(commandId: string): readonly RegisterReading[] | undefined {
    return this.#registers.get(commandId);
  }

  keep(commandId: string, registers: readonly RegisterReading[]): void {
    this.#registers.set(commandId, registers);
    const [oldest] = this.#registers.keys();
    if (this.#registers.size > RESULTS_MAX && oldest !== undefined) this.#registers.delete(oldest);
  }
}
