import { REGISTER_COUNT, type Registers } from "../household/energy.ts";

/** Tariff registers: import T1 to T4, then export T1 to T4. */
export const TARIFFS = 4;
export const TARIFF_REGISTER_COUNT = 2 * TARIFFS;

/** Which registers count when, by the meter's own clock. Plain rules: the same clock time gives the same answer. */
export interface TariffPlan {
  /** What the calendar wants at a time of the clock, and until which time of the clock it stays so (Infinity: always). */
  at(clockMs: number): { readonly mask: string; readonly untilClockMs: number };
  /** Tariff registers (0 to 7) that count under a mask. */
  registersOf(mask: string): readonly number[];
}

/** What the book asks of its meter. */
export interface TariffSource {
  registersAt(trueMs: number, out: Registers): Registers;
  /** What the clock shows, and until which true instant it runs undisturbed; `trueAt` is good within that stretch. */
  stretchAt(trueMs: number): { readonly clockMs: number; readonly endMs: number; trueAt(clockMs: number): number };
}

/** From `fromMs` on one plan holds. */
interface Regime {
  readonly fromMs: number;
  readonly plan: TariffPlan;
  /** Set by a script rather than by the calendar; holds until the calendar's next switch. */
  readonly forced: { readonly mask: string; readonly untilClockMs: number } | undefined;
  readonly totals: Float64Array;
}

/** Plans come and go a few times in a meter's life; past this the oldest are no longer told apart. */
const REGIMES_MAX = 64;
/** Switches walked in one reading: fifty a day for ten years. */
const STEPS_MAX = 200_000;

/**
 * Energy by tariff. Nothing is counted as time passes: the meter's registers are computed for any instant, so their
 * differences between two switches are. Whole Wh: the tariffs of a plan that always has one active add up to the total.
 */
export class TariffBook {
  readonly #source: TariffSource;
  readonly #regimes: Regime[] = [];
  /** Where the last reading stopped: readings mostly come in order of time. */
  #cursor: { readonly regime: Regime; atMs: number; readonly totals: Float64Array } | undefined;

  constructor(source: TariffSource) {
    this.#source = source;
  }

  /** From now on `plan` holds; `mask`: selected by a script until the calendar's next switch. Calls come in order of time. */
  begin(atMs: number, plan: TariffPlan, mask?: string): void {
    const { clockMs } = this.#source.stretchAt(atMs);
    const forced = mask === undefined ? undefined : { mask, untilClockMs: plan.at(clockMs).untilClockMs };
    this.#regimes.push({ fromMs: atMs, plan, forced, totals: this.at(atMs) });
    if (this.#regimes.length > REGIMES_MAX) this.#regimes.shift();
  }

  /** The tariff registers at an instant (Wh). */
  at(trueMs: number): Float64Array {
    const regime = this.#regimes.findLast(({ fromMs }) => fromMs <= trueMs);
    if (regime === undefined) return this.#firstTariffOnly(trueMs);
    if (this.#cursor?.regime !== regime || this.#cursor.atMs > trueMs)
      this.#cursor = { regime, atMs: regime.fromMs, totals: regime.totals.slice() };
    const { totals } = this.#cursor;
    // What is counted up to now would move with `now` rounded in between: the cursor stays at the last switch.
    this.#cursor.atMs = this.#walk(regime, this.#cursor.atMs, trueMs, totals);
    const out = totals.slice();
    this.#count(regime, this.#cursor.atMs, trueMs, out);
    return out;
  }

  /** The mask in force. */
  maskAt(trueMs: number): string | undefined {
    const regime = this.#regimes.findLast(({ fromMs }) => fromMs <= trueMs);
    return regime === undefined ? undefined : maskOf(regime, this.#source.stretchAt(trueMs).clockMs).mask;
  }

  /** Counts whole stretches of one mask from `fromMs` on; gives where the last of them ended, not after `toMs`. */
  #walk(regime: Regime, fromMs: number, toMs: number, totals: Float64Array): number {
    let atMs = fromMs;
    for (let step = 0; step < STEPS_MAX; step++) {
      const nextMs = this.#nextMs(regime, atMs);
      if (nextMs > toMs) break;
      this.#count(regime, atMs, nextMs, totals);
      atMs = nextMs;
    }
    return atMs;
  }

  #nextMs(regime: Regime, atMs: number): number {
    const stretch = this.#source.stretchAt(atMs);
    const { untilClockMs } = maskOf(regime, stretch.clockMs);
    const switchMs = untilClockMs === Number.POSITIVE_INFINITY ? untilClockMs : stretch.trueAt(untilClockMs);
    return Math.max(atMs + 1, Math.min(stretch.endMs, switchMs));
  }

  #count(regime: Regime, fromMs: number, toMs: number, totals: Float64Array): void {
    if (toMs <= fromMs) return;
    const active = regime.plan.registersOf(maskOf(regime, this.#source.stretchAt(fromMs).clockMs).mask);
    this.#source.registersAt(fromMs, before);
    this.#source.registersAt(toMs, after);
    for (const index of active) {
      const register = index < TARIFFS ? 0 : 1;
      totals[index] = (totals[index] ?? 0) + (after[register] ?? 0) - (before[register] ?? 0);
    }
  }

  /** Before any plan everything was tariff 1. */
  #firstTariffOnly(trueMs: number): Float64Array {
    return firstTariffOnly(this.#source.registersAt(trueMs, before));
  }
}

/** The tariff registers of a meter without a plan: all energy in the first. */
export function firstTariffOnly(registers: Registers): Float64Array {
  const totals = new Float64Array(TARIFF_REGISTER_COUNT);
  totals[0] = registers[0] ?? 0;
  totals[TARIFFS] = registers[1] ?? 0;
  return totals;
}

function maskOf({ plan, forced }: Regime, clockMs: number): { mask: string; untilClockMs: number } {
  return forced !== undefined && clockMs < forced.untilClockMs ? forced : plan.at(clockMs);
}

const before: Registers = new Float64Array(REGISTER_COUNT);
const after: Registers = new Float64Array(REGISTER_COUNT);
