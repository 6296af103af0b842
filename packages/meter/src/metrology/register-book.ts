import { REGISTER_COUNT, type EnergyHistory, type Registers } from "../household/energy.ts";

/** From `fromMs` until the next one: which share is measured. Outages, open breaker, by-pass. */
interface Reduction {
  readonly fromMs: number;
  /** Share of the household's energy that is measured, in thousandths. */
  readonly perMille: number;
  /** Energy not measured before this one began. */
  readonly removedBefore: Registers;
  readonly historyAtStart: Registers;
}

/** Oldest reductions are forgotten past this: registers from then on stay exact, earlier ones are no longer told apart. */
const REDUCTIONS_MAX = 256;

/**
 * The meter's cumulative registers: the household's history less what the meter did not see. Exact integers, never falling.
 */
export class RegisterBook {
  readonly #history: EnergyHistory;
  #reductions: Reduction[] | undefined;

  constructor(history: EnergyHistory) {
    this.#history = history;
  }

  /** From now on only this share is measured (0 while there is no supply). Calls come in order of time. */
  setShare(atMs: number, perMille: number): void {
    if ((this.#reductions?.at(-1)?.perMille ?? FULL) === perMille) return;
    const historyAtStart = this.#history.at(atMs, new Float64Array(REGISTER_COUNT));
    const removedBefore = this.#removedFrom(atMs, historyAtStart);
    this.#reductions ??= [];
    this.#reductions.push({ fromMs: atMs, perMille, removedBefore, historyAtStart });
    if (this.#reductions.length > REDUCTIONS_MAX) this.#reductions.shift();
  }

  /** Cumulative registers at an instant (Wh, Wh, varh, varh), into `out`. */
  at(instantMs: number, out: Registers): Registers {
    this.#history.at(instantMs, out);
    if (this.#reductions === undefined) return out;
    const removed = this.#removedFrom(instantMs, out);
    for (let register = 0; register < REGISTER_COUNT; register++) out[register] = (out[register] ?? 0) - (removed[register] ?? 0);
    return out;
  }

  /** Mean powers of the running quarter-hour as measured at this instant, into `out`. */
  powersAt(instantMs: number, out: Registers): Registers {
    this.#history.powersAt(instantMs, out);
    const share = this.#at(instantMs)?.perMille ?? FULL;
    if (share !== FULL)
      for (let register = 0; register < REGISTER_COUNT; register++) out[register] = Math.floor(((out[register] ?? 0) * share) / FULL);
    return out;
  }

  #removedFrom(instantMs: number, history: Registers): Registers {
    const out = new Float64Array(REGISTER_COUNT);
    const reduction = this.#at(instantMs);
    const { removedBefore, historyAtStart, perMille } = reduction ?? {
      removedBefore: this.#reductions?.[0]?.removedBefore ?? out,
      historyAtStart: history,
      perMille: FULL,
    };
    for (let register = 0; register < REGISTER_COUNT; register++) {
      const since = (history[register] ?? 0) - (historyAtStart[register] ?? 0);
      out[register] = (removedBefore[register] ?? 0) + Math.floor((since * (FULL - perMille)) / FULL);
    }
    return out;
  }

  /** The last reduction that had begun. */
  #at(instantMs: number): Reduction | undefined {
    const list = this.#reductions ?? [];
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((list[middle]?.fromMs ?? 0) <= instantMs) low = middle + 1;
      else high = middle;
    }
    return list[low - 1];
  }
}

const FULL = 1_000;
