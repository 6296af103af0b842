import { MISSING } from "../quality-mask.ts";
import type { Series } from "../series.ts";

/** A run of intervals that has become too long. */
export interface Crossing {
  /** Indices into the series, end exclusive; the run may have begun in the history. */
  readonly fromIndex: number;
  readonly toIndex: number;
  /** Intervals of the run, those in the history included. */
  readonly length: number;
}

/**
 * Calls `report` for each run of intervals for which `holds` is true that reaches `limit` intervals within the series. A run that
 * was as long already at the end of the history is not told again: days are judged one by one, and one cause is one finding.
 */
export function eachCrossing(
  series: Series,
  history: Series | undefined,
  { holds, limit }: { holds: (value: number) => boolean; limit: number },
  report: (crossing: Crossing) => void,
): void {
  let length = trailing(series, history, holds);
  let isTold = length >= limit;
  let fromIndex = 0;
  for (let index = 0; index <= series.values.length; index += 1) {
    if (index < series.values.length && isPresent(series, index) && holds(series.values[index] ?? 0)) {
      length += 1;
      continue;
    }
    if (!isTold && length >= limit && index > fromIndex) report({ fromIndex, toIndex: index, length });
    length = 0;
    isTold = false;
    fromIndex = index + 1;
  }
}

function trailing(series: Series, history: Series | undefined, holds: (value: number) => boolean): number {
  if (history === undefined || history.intervalSeconds !== series.intervalSeconds) return 0;
  if (history.startMs + history.values.length * history.intervalSeconds * 1000 !== series.startMs) return 0;
  let count = 0;
  for (let index = history.values.length - 1; index >= 0 && isPresent(history, index) && holds(history.values[index] ?? 0); index -= 1)
    count += 1;
  return count;
}

function isPresent(series: Series, index: number): boolean {
  return ((MISSING >> (((series.qualities[index] ?? 0) >> 8) & 0xf)) & 1) === 0;
}
