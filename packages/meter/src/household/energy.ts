import { CumulativeHistory, GainCache, type DayGain } from "./cumulative-history.ts";
import { dayPowers } from "./day-load.ts";
import { DAY_MS, SLOTS_PER_DAY, type Site } from "./site.ts";
import type { HouseholdTraits } from "./traits.ts";

/** Registers in the order of the profile's columns: import, export (Wh), reactive import, reactive export (varh). */
export const REGISTER_COUNT = 4;
/** Four cumulative integers. */
export type Registers = Float64Array;

/**
 * The undisturbed energy history of one household: cumulative registers at any instant since installation, in whole Wh. A day is recomputed
 * from the seed when it is asked for (about 10 µs).
 */
export class EnergyHistory {
  readonly #sums: CumulativeHistory;
  readonly #days: DayCache;
  readonly #site: Site;
  readonly #traits: HouseholdTraits;

  /** `installedMs` is rounded down to a local midnight: there all registers are 0. */
  constructor(site: Site, traits: HouseholdTraits, installedMs: number, days: DayCache) {
    this.#site = site;
    this.#traits = traits;
    this.#days = days;
    this.#sums = new CumulativeHistory(site, { width: REGISTER_COUNT, day: (localDay) => this.day(localDay) }, installedMs);
  }

  /** Cumulative registers at an instant, into `out`. Before installation all are 0. Inside a quarter-hour power is constant. */
  at(instantMs: number, out: Registers): Registers {
    return this.#sums.at(instantMs, out);
  }

  /** Mean powers (W, W, var, var) of the quarter-hour that holds the instant, into `out`. */
  powersAt(instantMs: number, out: Registers): Registers {
    return this.#sums.hourlyRateAt(instantMs, out);
  }

  /** What the registers gained within a local day. */
  day(localDay: number): DayGain {
    return this.#days.get(this.#site, this.#traits, localDay);
  }
}

/** The last computed days of a whole fleet's households. */
export class DayCache {
  readonly #gains: GainCache;

  constructor(entries = 1_024) {
    this.#gains = new GainCache(entries);
  }

  get(site: Site, traits: HouseholdTraits, localDay: number): DayGain {
    return this.#gains.find(traits.seed, localDay) ?? this.#gains.keep(traits.seed, localDay, computeDay(site, traits, localDay));
  }
}

/** Rounds the running sums, not the intervals: the error never grows past 1 Wh. */
function computeDay(site: Site, traits: HouseholdTraits, localDay: number): DayGain {
  const { loadW, solarW, reactiveVar } = dayPowers(site, traits, localDay);
  const gain = new Uint32Array((SLOTS_PER_DAY + 1) * REGISTER_COUNT);
  let imported = 0;
  let exported = 0;
  let inductive = 0;
  let capacitive = 0;
  for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
    const net = (loadW[slot] ?? 0) - (solarW[slot] ?? 0);
    if (net > 0) imported += net / 4;
    else exported -= net / 4;
    const reactive = reactiveVar[slot] ?? 0;
    if (reactive > 0) inductive += reactive / 4;
    else capacitive -= reactive / 4;
    const at = (slot + 1) * REGISTER_COUNT;
    gain[at] = imported;
    gain[at + 1] = exported;
    gain[at + 2] = inductive;
    gain[at + 3] = capacitive;
  }
  return gain;
}

/** A model year, for callers that choose when a meter was installed. */
export const YEAR_MS = 365 * DAY_MS;
