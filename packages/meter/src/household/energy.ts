import { dayPowers } from "./day-load.ts";
import { DAY_MS, SLOTS_PER_DAY, SLOT_MS, type Site } from "./site.ts";
import type { HouseholdTraits } from "./traits.ts";

/** Registers in the order of the profile's columns: import, export (Wh), reactive import, reactive export (varh). */
export const REGISTER_COUNT = 4;
/** Four cumulative integers. */
export type Registers = Float64Array;

/** One local standard-time day in integers: what each register has gained since its midnight, at each of 97 slot boundaries. */
export type DayGain = Uint32Array;

/**
 * The undisturbed energy history of one household: cumulative registers at any instant since installation, in whole Wh.
 *
 * Nothing is stored but a check-point every 64 days and the place last looked at. A day is recomputed from the seed when it is asked for
 * (about 10 µs). Registers are sums of the same integers as the intervals, so differences agree exactly, always.
 */
export class EnergyHistory {
  readonly #site: Site;
  readonly #traits: HouseholdTraits;
  readonly #firstDay: number;
  readonly #days: DayCache;
  #checkpoints = new Float64Array(REGISTER_COUNT);
  #checkpointCount = 1;
  #cursorDay: number;
  readonly #cursor = new Float64Array(REGISTER_COUNT);

  /** `installedMs` is rounded down to a local midnight: there all registers are 0. */
  constructor(site: Site, traits: HouseholdTraits, installedMs: number, days: DayCache) {
    this.#site = site;
    this.#traits = traits;
    this.#firstDay = site.dayOf(installedMs);
    this.#days = days;
    this.#cursorDay = this.#firstDay;
  }

  /** Cumulative registers at an instant, into `out`. Before installation all are 0. Inside a quarter-hour power is constant. */
  at(instantMs: number, out: Registers): Registers {
    const day = this.#site.dayOf(instantMs);
    if (day < this.#firstDay) return out.fill(0);
    this.#seek(day);
    const gain = this.day(day);
    const within = instantMs - this.#site.startOf(day);
    const slot = Math.floor(within / SLOT_MS);
    const part = (within - slot * SLOT_MS) / SLOT_MS;
    for (let register = 0; register < REGISTER_COUNT; register++) {
      const low = gain[slot * REGISTER_COUNT + register] ?? 0;
      const high = gain[(slot + 1) * REGISTER_COUNT + register] ?? 0;
      out[register] = (this.#cursor[register] ?? 0) + low + (part === 0 ? 0 : Math.floor((high - low) * part));
    }
    return out;
  }

  /** Mean powers (W, W, var, var) of the quarter-hour that holds the instant, into `out`. */
  powersAt(instantMs: number, out: Registers): Registers {
    const day = this.#site.dayOf(instantMs);
    if (day < this.#firstDay) return out.fill(0);
    const gain = this.day(day);
    const slot = Math.floor((instantMs - this.#site.startOf(day)) / SLOT_MS);
    for (let register = 0; register < REGISTER_COUNT; register++) {
      const at = slot * REGISTER_COUNT + register;
      out[register] = ((gain[at + REGISTER_COUNT] ?? 0) - (gain[at] ?? 0)) * 4;
    }
    return out;
  }

  /** What the registers gained within a local day. */
  day(localDay: number): DayGain {
    return this.#days.get(this.#site, this.#traits, localDay);
  }

  /** Moves the cursor to the start of a day, from the nearer of cursor and check-points. */
  #seek(day: number): void {
    const wanted = Math.floor((day - this.#firstDay) / CHECKPOINT_DAYS);
    const nearest = Math.min(wanted, this.#checkpointCount - 1);
    const checkpointDay = this.#firstDay + nearest * CHECKPOINT_DAYS;
    if (Math.abs(day - this.#cursorDay) > Math.abs(day - checkpointDay)) {
      for (let register = 0; register < REGISTER_COUNT; register++)
        this.#cursor[register] = this.#checkpoints[nearest * REGISTER_COUNT + register] ?? 0;
      this.#cursorDay = checkpointDay;
    }
    while (this.#cursorDay < day) {
      this.#step(this.#cursorDay, 1);
      this.#cursorDay++;
      this.#keepCheckpoint();
    }
    while (this.#cursorDay > day) {
      this.#cursorDay--;
      this.#step(this.#cursorDay, -1);
    }
  }

  #step(day: number, sign: 1 | -1): void {
    const gain = this.day(day);
    for (let register = 0; register < REGISTER_COUNT; register++) {
      this.#cursor[register] = (this.#cursor[register] ?? 0) + sign * (gain[SLOTS_PER_DAY * REGISTER_COUNT + register] ?? 0);
    }
  }

  #keepCheckpoint(): void {
    const days = this.#cursorDay - this.#firstDay;
    if (days !== this.#checkpointCount * CHECKPOINT_DAYS) return;
    const grown = new Float64Array((this.#checkpointCount + 1) * REGISTER_COUNT);
    grown.set(this.#checkpoints);
    grown.set(this.#cursor, this.#checkpointCount * REGISTER_COUNT);
    this.#checkpoints = grown;
    this.#checkpointCount++;
  }
}

/** The last computed days of a whole fleet, so that reading a day twice costs one computation. Bounded; one for many meters. */
export class DayCache {
  readonly #gains: DayGain[];
  readonly #seeds: Float64Array;
  readonly #dayNumbers: Float64Array;

  constructor(entries = 1_024) {
    this.#gains = Array.from({ length: entries }, () => EMPTY_DAY);
    this.#seeds = new Float64Array(entries).fill(-1);
    this.#dayNumbers = new Float64Array(entries).fill(-1);
  }

  get(site: Site, traits: HouseholdTraits, localDay: number): DayGain {
    const at = ((Math.imul(traits.seed, 0x9e3779b1) + localDay * 7) >>> 0) % this.#gains.length;
    const known = this.#gains[at];
    if (known !== undefined && this.#seeds[at] === traits.seed && this.#dayNumbers[at] === localDay) return known;
    const gain = computeDay(site, traits, localDay);
    this.#gains[at] = gain;
    this.#seeds[at] = traits.seed;
    this.#dayNumbers[at] = localDay;
    return gain;
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

const EMPTY_DAY: DayGain = new Uint32Array(0);
const CHECKPOINT_DAYS = 64;
/** A model year, for callers that choose when a meter was installed. */
export const YEAR_MS = 365 * DAY_MS;
