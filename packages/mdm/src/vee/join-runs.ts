import { isMissing, QUALITY } from "@amity/model";
import { deliveredTakesPlace } from "../ledger/merge-policy.ts";
import { seriesEndMs, type Series } from "./series.ts";

/** Deliveries of one channel put together: a run without holes in time, and what was said of it otherwise. */
export interface JoinedRun {
  readonly series: Series;
  /** Deliveries with a value that does not stand in `series`, because another was said for the same time. */
  readonly overlaps: readonly Series[];
}

/** Deliveries further apart than this are separate runs: a hole of months is not filled with missing intervals. */
const APART_MS = 86_400_000;

/** A delivery and its turn among those given. */
interface Part {
  readonly series: Series;
  readonly turn: number;
}

/**
 * Joins deliveries on one grid, in order of time; short holes become missing intervals. Empty deliveries are left out. Where
 * several speak of one interval, the last said stands, as if they had been delivered to the ledger one after another: so the
 * same deliveries again find what they would write.
 */
export function joinRuns(deliveries: readonly Series[]): readonly JoinedRun[] {
  const sorted = deliveries
    .map((series, turn): Part => ({ series, turn }))
    .filter(({ series }) => series.values.length > 0)
    .toSorted((a, b) => a.series.startMs - b.series.startMs);
  const runs: Part[][] = [];
  let endMs = -Infinity;
  for (const part of sorted) {
    const { series } = part;
    const last = runs.at(-1);
    const first = last?.[0]?.series;
    const isSameGrid =
      first !== undefined &&
      first.intervalSeconds === series.intervalSeconds &&
      (series.startMs - first.startMs) % (series.intervalSeconds * 1000) === 0;
    if (last === undefined || !isSameGrid || series.startMs > endMs + APART_MS) {
      runs.push([part]);
      endMs = seriesEndMs(series);
    } else {
      last.push(part);
      endMs = Math.max(endMs, seriesEndMs(series));
    }
  }
  return runs.map(joinRun);
}

function joinRun(parts: readonly Part[]): JoinedRun {
  const first = parts[0]?.series;
  if (first === undefined || parts.length === 1) return { series: first ?? EMPTY, overlaps: [] };
  const stepMs = first.intervalSeconds * 1000;
  const endMs = Math.max(...parts.map(({ series }) => seriesEndMs(series)));
  const count = (endMs - first.startMs) / stepMs;
  const values = new Float64Array(count);
  const qualities = new Uint16Array(count).fill(QUALITY.missing);
  const joined: Series = { startMs: first.startMs, intervalSeconds: first.intervalSeconds, values, qualities };
  let coveredMs = -Infinity;
  let isDisjoint = true;
  for (const { series } of parts) {
    isDisjoint &&= series.startMs >= coveredMs;
    coveredMs = Math.max(coveredMs, seriesEndMs(series));
  }
  for (const { series } of isDisjoint ? parts : parts.toSorted((a, b) => a.turn - b.turn)) {
    const at = (series.startMs - first.startMs) / stepMs;
    if (isDisjoint) {
      values.set(series.values, at);
      qualities.set(series.qualities, at);
    } else layOver(joined, series, at);
  }
  const overlaps = isDisjoint ? [] : parts.map(({ series }) => series).filter((series) => differs(joined, series));
  return { series: joined, overlaps };
}

/** Lays a delivery over what was said before, by the policy of the ledger. */
function layOver(joined: Series, series: Series, at: number): void {
  for (const [index, value] of series.values.entries()) {
    const slot = at + index;
    const incomingQuality = series.qualities[index] ?? QUALITY.missing;
    const currentQuality = joined.qualities[slot] ?? QUALITY.missing;
    if (isMissing(incomingQuality)) continue;
    const isSameValue = joined.values[slot] === value;
    if (!isMissing(currentQuality) && !deliveredTakesPlace({ currentQuality, incomingQuality, isSameValue })) continue;
    joined.values[slot] = value;
    joined.qualities[slot] = incomingQuality;
  }
}

function differs(joined: Series, series: Series): boolean {
  const at = (series.startMs - joined.startMs) / (joined.intervalSeconds * 1000);
  return series.values.some(
    (value, index) => value !== joined.values[at + index] && !isMissing(series.qualities[index] ?? QUALITY.missing),
  );
}

const EMPTY: Series = { startMs: 0, intervalSeconds: 900, values: new Float64Array(0), qualities: new Uint16Array(0) };
