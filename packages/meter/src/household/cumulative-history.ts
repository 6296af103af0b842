import { SLOTS_PER_DAY, SLOT_MS, type Site } from "./site.ts";

/** One local standard-time day in integers: what each register has gained since its midnight, at each of 97 slot boundaries, register by register. */
export type DayGain = Uint32Array;

/** Where the days of a history come from: computed when asked for, always the same. */
export interface DaySource {
  /** Registers of a day. */
  readonly width: number;
  day(localDay: number): DayGain;
}

/**
 * Cumulative registers at any instant since installation, in whole units.
 *
 * Nothing is stored but a check-point every 64 days and the place last looked at. Registers are sums of the same integers as the
 * intervals, so differences agree exactly, always.
 */
export class CumulativeHistory {
  readonly #site: Site;
  readonly #source: DaySource;
  readonly #width: number;
  readonly #firstDay: number;
  #checkpoints: Float64Array;
  #checkpointCount = 1;
  #cursorDay: number;
  readonly #cursor: Float64Array;

  /** `installedMs` is rounded down to a local midnight: there all registers are 0. */
  constructor(site: Site, source: DaySource, installedMs: number) {
    this.#site = site;
    this.#source = source;
    this.#width = source.width;
    this.#firstDay = site.dayOf(installedMs);
    this.#checkpoints = new Float64Array(source.width);
    this.#cursor = new Float64Array(source.width);
    this.#cursorDay = this.#firstDay;
  }

  /** Cumulative registers at an instant, into `out`. Before installation all are 0. Inside a quarter-hour the rate is constant. */
  at(instantMs: number, out: Float64Array): Float64Array {
    const day = this.#site.dayOf(instantMs);
    if (day < this.#firstDay) return out.fill(0);
    this.#seek(day);
    const width = this.#width;
    const gain = this.#source.day(day);
    const within = instantMs - this.#site.startOf(day);
    const slot = Math.floor(within / SLOT_MS);
    const part = (within - slot * SLOT_MS) / SLOT_MS;
    for (let register = 0; register < width; register++) {
      const low = gain[slot * width + register] ?? 0;
      const high = gain[(slot + 1) * width + register] ?? 0;
      out[register] = (this.#cursor[register] ?? 0) + low + (part === 0 ? 0 : Math.floor((high - low) * part));
    }
    return out;
  }

  /** What the registers gain an hour in the quarter-hour that holds the instant, into `out`. */
  hourlyRateAt(instantMs: number, out: Float64Array): Float64Array {
    const day = this.#site.dayOf(instantMs);
    if (day < this.#firstDay) return out.fill(0);
    const width = this.#width;
    const gain = this.#source.day(day);
    const slot = Math.floor((instantMs - this.#site.startOf(day)) / SLOT_MS);
    for (let register = 0; register < width; register++) {
      const at = slot * width + register;
      out[register] = ((gain[at + width] ?? 0) - (gain[at] ?? 0)) * 4;
    }
    return out;
  }

  /** Moves the cursor to the start of a day, from the nearer of cursor and check-points. */
  #seek(day: number): void {
    const wanted = Math.floor((day - this.#firstDay) / CHECKPOINT_DAYS);
    const nearest = Math.min(wanted, this.#checkpointCount - 1);
    const checkpointDay = this.#firstDay + nearest * CHECKPOINT_DAYS;
    if (Math.abs(day - this.#cursorDay) > Math.abs(day - checkpointDay)) {
      for (let register = 0; register < this.#width; register++)
        this.#cursor[register] = this.#checkpoints[nearest * this.#width + register] ?? 0;
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
    const gain = this.#source.day(day);
    for (let register = 0; register < this.#width; register++) {
      this.#cursor[register] = (this.#cursor[register] ?? 0) + sign * (gain[SLOTS_PER_DAY * this.#width + register] ?? 0);
    }
  }

  #keepCheckpoint(): void {
    const days = this.#cursorDay - this.#firstDay;
    if (days !== this.#checkpointCount * CHECKPOINT_DAYS) return;
    const grown = new Float64Array((this.#checkpointCount + 1) * this.#width);
    grown.set(this.#checkpoints);
    grown.set(this.#cursor, this.#checkpointCount * this.#width);
    this.#checkpoints = grown;
    this.#checkpointCount++;
  }
}

/** The last computed days of a whole fleet, so that reading a day twice costs one computation. Bounded; one for many histories, told apart by seed. */
export class GainCache {
  readonly #gains: DayGain[];
  readonly #seeds: Float64Array;
  readonly #dayNumbers: Float64Array;

  constructor(entries = 1_024) {
    this.#gains = Array.from({ length: entries }, () => EMPTY_DAY);
    this.#seeds = new Float64Array(entries).fill(-1);
    this.#dayNumbers = new Float64Array(entries).fill(-1);
  }

  /** The day if it is still there. */
  find(seed: number, localDay: number): DayGain | undefined {
    const at = this.#place(seed, localDay);
    return this.#seeds[at] === seed && this.#dayNumbers[at] === localDay ? this.#gains[at] : undefined;
  }

  keep(seed: number, localDay: number, gain: DayGain): DayGain {
    const at = this.#place(seed, localDay);
    this.#gains[at] = gain;
    this.#seeds[at] = seed;
    this.#dayNumbers[at] = localDay;
    return gain;
  }

  #place(seed: number, localDay: number): number {
    return ((Math.imul(seed, 0x9e3779b1) + localDay * 7) >>> 0) % this.#gains.length;
  }
}

const EMPTY_DAY: DayGain = new Uint32Array(0);
const CHECKPOINT_DAYS = 64;
