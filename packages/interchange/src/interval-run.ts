import type { Unit } from "@amity/model";
import type { InterchangeRecord } from "./records.ts";

export interface RunDescription {
  readonly usagePointId: string;
  readonly meterId: string;
  readonly channel: string;
  readonly unit: Unit;
  readonly scaler: number;
  readonly intervalSeconds: number;
}

/** Intervals in one emitted series: bounds memory, about a month of quarter-hours. */
const RUN_MAX = 2976;

/** Joins single intervals of one channel to consecutive series: a gap, or a step back in time, ends one and begins the next. */
export class IntervalRun {
  readonly description: RunDescription;
  #values: number[] = [];
  #qualities: number[] = [];
  #startMs = 0;

  constructor(description: RunDescription) {
    this.description = description;
  }

  /** Takes one interval; gives the series that it ended, if it did. */
  add(startMs: number, value: number, quality: number): InterchangeRecord | undefined {
    const nextMs = this.#startMs + this.#values.length * this.description.intervalSeconds * 1000;
    const ended = this.#values.length > 0 && (startMs !== nextMs || this.#values.length >= RUN_MAX) ? this.end() : undefined;
    if (this.#values.length === 0) this.#startMs = startMs;
    this.#values.push(value);
    this.#qualities.push(quality);
    return ended;
  }

  /** What is left, if anything; the run is empty afterwards. */
  end(): InterchangeRecord | undefined {
    if (this.#values.length === 0) return undefined;
    const { usagePointId, ...series } = this.description;
    const values = Float64Array.from(this.#values);
    const qualities = Uint16Array.from(this.#qualities);
    this.#values = [];
    this.#qualities = [];
    return { kind: "intervals", usagePointId, series: { ...series, startMs: this.#startMs, values, qualities } };
  }
}

/** Whether an instant lies on the grid of an interval length; days may begin at any full hour (local midnight). */
export function isOnGrid(startMs: number, intervalSeconds: number): boolean {
  return startMs % Math.min(intervalSeconds * 1000, 3_600_000) === 0;
}
