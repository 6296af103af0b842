import { QUALITY } from "@amity/model";
import { seriesEndMs, type Series } from "./series.ts";

/** Deliveries of one channel put together: a run without holes in time, and what was delivered over it a second time. */
export interface JoinedRun {
  readonly series: Series;
  /** Deliveries for time that an earlier one had covered; the earlier values stand in `series`. */
  readonly overlaps: readonly Series[];
}

/** Deliveries further apart than this are separate runs: a hole of months is not filled with missing intervals. */
const APART_MS = 86_400_000;

/** Joins deliveries on one grid, in order of time; short holes become missing intervals. Empty deliveries are left out. */
export function joinRuns(deliveries: readonly Series[]): readonly JoinedRun[] {
  const sorted = deliveries.filter((series) => series.values.length > 0).toSorted((a, b) => a.startMs - b.startMs);
  const runs: Series[][] = [];
  let endMs = -Infinity;
  for (const series of sorted) {
    const last = runs.at(-1);
    const isSameGrid =
      last?.[0] !== undefined &&
      last[0].intervalSeconds === series.intervalSeconds &&
      (series.startMs - last[0].startMs) % (series.intervalSeconds * 1000) === 0;
    if (last === undefined || !isSameGrid || series.startMs > endMs + APART_MS) {
      runs.push([series]);
      endMs = seriesEndMs(series);
    } else {
      last.push(series);
      endMs = Math.max(endMs, seriesEndMs(series));
    }
  }
  return runs.map(joinRun);
}

function joinRun(parts: readonly Series[]): JoinedRun {
  const [first] = parts;
  if (first === undefined || parts.length === 1) return { series: first ?? EMPTY, overlaps: [] };
  const stepMs = first.intervalSeconds * 1000;
  const endMs = Math.max(...parts.map(seriesEndMs));
  const count = (endMs - first.startMs) / stepMs;
  const values = new Float64Array(count);
  const qualities = new Uint16Array(count).fill(QUALITY.missing);
  const overlaps: Series[] = [];
  let covered = 0;
  for (const part of parts) {
    const at = (part.startMs - first.startMs) / stepMs;
    if (at < covered) overlaps.push(part);
    const skip = Math.max(0, Math.min(part.values.length, covered - at));
    values.set(part.values.subarray(skip), at + skip);
    qualities.set(part.qualities.subarray(skip), at + skip);
    covered = Math.max(covered, at + part.values.length);
  }
  return { series: { startMs: first.startMs, intervalSeconds: first.intervalSeconds, values, qualities }, overlaps };
}

const EMPTY: Series = { startMs: 0, intervalSeconds: 900, values: new Float64Array(0), qualities: new Uint16Array(0) };
