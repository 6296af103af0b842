import type { DlmsData } from "@amity/dlms";
import { numberOf } from "../monitored-value.ts";

/** sort_method of Profile generic (class 7). */
export const SORT_METHODS = { fifo: 1, lifo: 2, largest: 3, smallest: 4, nearestToZero: 5, farthestFromZero: 6 } as const;

/** A row as it was captured. */
export interface ProfileRow {
  readonly clockMs: number;
  readonly cells: readonly DlmsData[];
}

/**
 * The rows that a buffer of `entries` holds, in its order. By time the newest stay, oldest or newest first; by value the largest, the smallest, the
 * nearest to or the farthest from zero stay, that one first, and of equals the older. `rows` are oldest first.
 */
export function sortedRows(
  rows: readonly ProfileRow[],
  { method, column, entries }: { readonly method: number; readonly column: number; readonly entries: number },
): readonly ProfileRow[] {
  const rankOf = RANKS[method];
  if (rankOf === undefined || column < 0) {
    const newest = rows.slice(-entries);
    return method === SORT_METHODS.lifo ? newest.toReversed() : newest;
  }
  const rank = ({ cells }: ProfileRow): number => {
    const cell = cells[column];
    const number = cell === undefined ? undefined : numberOf(cell);
    return number === undefined ? Number.POSITIVE_INFINITY : rankOf(number);
  };
  return rows.toSorted((left, right) => order(rank(left), rank(right))).slice(0, entries);
}

/** Two that have no number are equal. */
function order(left: number, right: number): number {
  return left === right ? 0 : left - right;
}

const RANKS: Readonly<Record<number, (value: number) => number>> = {
  [SORT_METHODS.largest]: (value) => -value,
  [SORT_METHODS.smallest]: (value) => value,
  [SORT_METHODS.nearestToZero]: (value) => Math.abs(value),
  [SORT_METHODS.farthestFromZero]: (value) => -Math.abs(value),
};
