/** What is not as it should be with a sub-meter or its pipes, from `fromMs` until the next entry. */
export interface Condition {
  readonly fromMs: number;
  readonly leakLitresPerHour: number;
  readonly backflowLitresPerHour: number;
  readonly isFrozen: boolean;
  readonly isJammed: boolean;
  readonly hasAir: boolean;
  readonly sensorsSwapped: boolean;
  readonly coverOpen: boolean;
  readonly batteryLow: boolean;
  readonly radioSilent: boolean;
  readonly valveShut: boolean;
  readonly keyGeneration: number;
  /** The key that came by radio since; empty where the one of the generation holds. */
  readonly wrappedKey: string;
}

/** How the registers of a meter move under a condition. */
export interface RegisterRates {
  /** Share of the home's use that each register counts, in thousandths. */
  readonly perMille: readonly [number, number];
  /** What each counts beside it, an hour. */
  readonly extraPerHour: readonly [number, number];
}

interface Entry {
  readonly condition: Condition;
  readonly rates: RegisterRates;
  /** Registers when it began, and the undisturbed history then. */
  readonly registers: Float64Array;
  readonly history: Float64Array;
}

/** Oldest conditions are forgotten past this: registers from then on stay exact, earlier ones are no longer told apart. */
const ENTRIES_MAX = 256;
const HOUR_MS = 3_600_000;

export const SOUND_CONDITION: Condition = {
  fromMs: Number.NEGATIVE_INFINITY,
  leakLitresPerHour: 0,
  backflowLitresPerHour: 0,
  isFrozen: false,
  isJammed: false,
  hasAir: false,
  sensorsSwapped: false,
  coverOpen: false,
  batteryLow: false,
  radioSilent: false,
  valveShut: false,
  keyGeneration: 0,
  wrappedKey: "",
};

/** The conditions that a sub-meter went through, and the exact integers that its registers make of them. Mostly empty. */
export class ConditionBook {
  readonly #history: (instantMs: number) => Float64Array;
  readonly #ratesOf: (condition: Condition) => RegisterRates;
  #entries: readonly Entry[] = NONE;

  /** `history` gives the undisturbed registers; `ratesOf` says what a condition does to them. */
  constructor(history: (instantMs: number) => Float64Array, ratesOf: (condition: Condition) => RegisterRates) {
    this.#history = history;
    this.#ratesOf = ratesOf;
  }

  get now(): Condition {
    return this.#entries.at(-1)?.condition ?? SOUND_CONDITION;
  }

  /** Oldest first; what came before the first was sound. */
  get conditions(): readonly Condition[] {
    return this.#entries.map(({ condition }) => condition);
  }

  /** The condition that held at an instant. */
  at(instantMs: number): Condition {
    return this.#entryAt(instantMs)?.condition ?? SOUND_CONDITION;
  }

  /** A change from now on. Calls come in order of time. */
  change(atMs: number, change: Partial<Condition>): void {
    const condition = { ...this.now, ...change, fromMs: atMs };
    const registers = this.registersAt(atMs);
    const entry = { condition, rates: this.#ratesOf(condition), registers, history: this.#history(atMs).slice() };
    this.#entries = [...this.#entries.slice(-ENTRIES_MAX + 1), entry];
  }

  /** Registers at an instant, as a new array. */
  registersAt(instantMs: number): Float64Array {
    const entry = this.#entryAt(instantMs);
    const history = this.#history(instantMs).slice();
    if (entry === undefined) return history;
    const hours = (instantMs - entry.condition.fromMs) / HOUR_MS;
    return history.map((value, register) => {
      const used = Math.floor(((value - (entry.history[register] ?? 0)) * (entry.rates.perMille[register] ?? 0)) / 1_000);
      return (entry.registers[register] ?? 0) + used + Math.floor((entry.rates.extraPerHour[register] ?? 0) * hours);
    });
  }

  #entryAt(instantMs: number): Entry | undefined {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle]?.condition.fromMs ?? 0) <= instantMs) low = middle + 1;
      else high = middle;
    }
    return this.#entries[low - 1];
  }
}

const NONE: readonly Entry[] = [];
