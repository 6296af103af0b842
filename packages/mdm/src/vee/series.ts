import type { IntervalSeries } from "@amity/model";

/** The part of an interval series that the engines read: a run of one channel without holes in time (a hole is quality `missing`). */
export type Series = Pick<IntervalSeries, "startMs" | "intervalSeconds" | "values" | "qualities">;

/** End of the last interval, UTC ms. */
export function seriesEndMs(series: Series): number {
  return series.startMs + series.values.length * series.intervalSeconds * 1000;
}

/** Start of the interval at `index`, UTC ms. */
export function intervalStartMs(series: Series, index: number): number {
  return series.startMs + index * series.intervalSeconds * 1000;
}

/** The index of the interval that begins at or first after `instantMs`, clamped to the series. */
export function indexAtOrAfter(series: Series, instantMs: number): number {
  const index = Math.ceil((instantMs - series.startMs) / (series.intervalSeconds * 1000));
  return Math.max(0, Math.min(series.values.length, index));
}

/** The index of the interval that holds `instantMs`, or -1 outside the series. */
export function indexHolding(series: Series, instantMs: number): number {
  const index = Math.floor((instantMs - series.startMs) / (series.intervalSeconds * 1000));
  return index >= 0 && index < series.values.length ? index : -1;
}
