import type { Unit } from "@amity/model";
import type { InterchangeRecord, PutAside } from "../records.ts";

export interface SeriesDescription {
  readonly usagePointId: string;
  readonly channel: string;
  readonly unit: Unit;
  readonly scaler: number;
  readonly quality: number;
  readonly stamp: "start" | "end";
  /** Length of an interval once known. Columns of one file share it: a column with gaps learns it from its neighbours. */
  readonly grid: { intervalSeconds: number | undefined };
}

/** Interval lengths that are taken for one (s). */
const LENGTHS_S = [60, 300, 600, 900, 1800, 3600, 86_400];
/** Rows that are looked at to find the interval length. */
const PROBE_ROWS = 48;
/** Intervals in one emitted series: bounds memory, about a month of quarter-hours. */
const SERIES_MAX = 2976;

/** Collects rows of one channel into consecutive series: a gap ends one and begins the next; the same row twice counts once. */
export class SeriesBuilder {
  readonly #description: SeriesDescription;
  #intervalMs: number;
  #probe: { atMs: number; value: number; aside: (reason: string) => PutAside }[] | undefined;
  #values = new Float64Array(SERIES_MAX);
  #length = 0;
  #startMs = 0;
  /** Time stamp of the latest row taken (ms); -Infinity before the first. */
  lastMs = Number.NEGATIVE_INFINITY;

  constructor(description: SeriesDescription) {
    this.#description = description;
    this.#intervalMs = (description.grid.intervalSeconds ?? 0) * 1000;
    this.#probe = this.#intervalMs === 0 ? [] : undefined;
  }

  /** Takes one row; yields a finished series or the row put aside. */
  *add(atMs: number, value: number, aside: (reason: string) => PutAside): Generator<InterchangeRecord> {
    if (this.#probe === undefined) {
      yield* this.#take(atMs, value, aside);
      return;
    }
    this.#probe.push({ atMs, value, aside });
    this.lastMs = Math.max(this.lastMs, atMs);
    if (this.#probe.length >= PROBE_ROWS) yield* this.#settleLength();
  }

  /** Yields what is left. */
  *end(): Generator<InterchangeRecord> {
    if (this.#probe !== undefined) yield* this.#settleLength();
    yield* this.#flush();
  }

  *#settleLength(): Generator<InterchangeRecord> {
    const rows = this.#probe ?? [];
    this.#probe = undefined;
    let shortestMs =
      this.#description.grid.intervalSeconds === undefined ? Number.POSITIVE_INFINITY : this.#description.grid.intervalSeconds * 1000;
    for (let index = 1; index < rows.length; index++) {
      const stepMs = (rows[index]?.atMs ?? 0) - (rows[index - 1]?.atMs ?? 0);
      if (stepMs > 0) shortestMs = Math.min(shortestMs, stepMs);
    }
    const found = LENGTHS_S.find((lengthS) => lengthS * 1000 === shortestMs);
    this.lastMs = Number.NEGATIVE_INFINITY;
    if (found === undefined) {
      const reason = Number.isFinite(shortestMs)
        ? `a step of ${shortestMs / 1000} s is no interval length; say it with --interval`
        : "one row alone shows no interval length; say it with --interval";
      for (const row of rows) yield row.aside(reason);
      this.#probe = [];
      return;
    }
    this.#intervalMs = found * 1000;
    this.#description.grid.intervalSeconds ??= found;
    for (const row of rows) yield* this.#take(row.atMs, row.value, row.aside);
  }

  *#take(atMs: number, value: number, aside: (reason: string) => PutAside): Generator<InterchangeRecord> {
    const startMs = this.#description.stamp === "end" ? atMs - this.#intervalMs : atMs;
    if (startMs % Math.min(this.#intervalMs, 3_600_000) !== 0) {
      yield aside(`the time is off the grid of ${this.#intervalMs / 1000} s`);
      return;
    }
    const slot = (startMs - this.#startMs) / this.#intervalMs;
    if (this.#length > 0 && slot < this.#length) {
      const known = slot >= 0 ? this.#values[slot] : undefined;
      if (known === value) return;
      yield aside(
        known === undefined
          ? "out of order: earlier than what was already read"
          : `the same interval again with another value (${known} before)`,
      );
      return;
    }
    if (this.#length > 0 && (slot !== this.#length || this.#length === SERIES_MAX)) yield* this.#flush();
    if (this.#length === 0) this.#startMs = startMs;
    this.#values[this.#length++] = value;
    this.lastMs = atMs;
  }

  *#flush(): Generator<InterchangeRecord> {
    if (this.#length === 0) return;
    const { usagePointId, channel, unit, scaler, quality } = this.#description;
    yield {
      kind: "intervals",
      usagePointId,
      series: {
        meterId: usagePointId,
        channel,
        unit,
        scaler,
        intervalSeconds: this.#intervalMs / 1000,
        startMs: this.#startMs,
        values: this.#values.slice(0, this.#length),
        qualities: new Uint16Array(this.#length).fill(quality),
      },
    };
    this.#length = 0;
  }
}
