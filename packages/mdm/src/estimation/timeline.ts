import { localDayOf, startOfLocalDayMs, type Zone } from "@amity/intervals";
import { UsageError } from "@amity/bytes";
import { QUALITY } from "@amity/model";
import type { EventSpan } from "../vee/context.ts";
import { isIn, NOT_A_BASIS } from "../vee/quality-mask.ts";
import { intervalStartMs, seriesEndMs, type Series } from "../vee/series.ts";

/** History and series on one grid, so that an estimator sees one run of intervals. At most about five years of minutes. */
export const TIMELINE_INTERVALS_MAX = 3_000_000;

/** Joins a series with its history; where both have a value the series rules. What neither covers is missing. */
export function timelineOf(series: Series, history: Series | undefined): Series {
  if (history === undefined || history.values.length === 0) return copyOf(series);
  const stepMs = series.intervalSeconds * 1000;
  if (history.intervalSeconds !== series.intervalSeconds || (history.startMs - series.startMs) % stepMs !== 0) return copyOf(series);
  const startMs = Math.min(series.startMs, history.startMs);
  const count = (Math.max(seriesEndMs(series), seriesEndMs(history)) - startMs) / stepMs;
  if (count > TIMELINE_INTERVALS_MAX)
    throw new UsageError(`history spans ${count} intervals`, {
      code: "history-too-long",
      advice: `give at most ${TIMELINE_INTERVALS_MAX}`,
    });
  const values = new Float64Array(count);
  const qualities = new Uint16Array(count).fill(QUALITY.missing);
  for (const part of [history, series]) {
    const at = (part.startMs - startMs) / stepMs;
    values.set(part.values, at);
    qualities.set(part.qualities, at);
  }
  return { startMs, intervalSeconds: series.intervalSeconds, values, qualities };
}

/** Whether a value is an actual, undisturbed measurement that estimates may rest on. */
export function isBasis(timeline: Series, index: number): boolean {
  const code = timeline.qualities[index];
  return code !== undefined && !isIn(code, NOT_A_BASIS);
}

/** A civil day of the timeline, whole and without disturbance. */
export interface ReferenceDay {
  readonly day: number;
  readonly startMs: number;
}

/** The civil days whose every interval is a basis and that no outage, disconnection or storm touches, oldest first. */
export function referenceDays(timeline: Series, zone: Zone, spans: readonly EventSpan[] | undefined): readonly ReferenceDay[] {
  const stepMs = timeline.intervalSeconds * 1000;
  const endMs = seriesEndMs(timeline);
  const days: ReferenceDay[] = [];
  const disturbing = (spans ?? []).filter((span) => span.kind !== "clockSet" && span.kind !== "meterExchange");
  for (let day = localDayOf(zone, timeline.startMs); ; day += 1) {
    const startMs = startOfLocalDayMs(zone, day);
    const nextMs = startOfLocalDayMs(zone, day + 1);
    if (nextMs > endMs) return days;
    if (startMs < timeline.startMs || disturbing.some((span) => span.fromMs < nextMs && span.toMs > startMs)) continue;
    const from = Math.ceil((startMs - timeline.startMs) / stepMs);
    const to = Math.floor((nextMs - timeline.startMs) / stepMs);
    if (isUndisturbed(timeline, from, to)) days.push({ day, startMs });
  }
}

/** The index on `referenceDay` with the same civil time of day as `index`, whatever the clock did between; -1 outside. */
export function sameLocalTime(timeline: Series, index: number, referenceDay: ReferenceDay, zone: Zone): number {
  const instantMs = intervalStartMs(timeline, index);
  const offsetMs = zone.offsetMsAt(instantMs);
  const localMs = instantMs + offsetMs;
  const sinceMidnightMs = localMs - Math.floor(localMs / 86_400_000) * 86_400_000;
  const guessMs = referenceDay.day * 86_400_000 + sinceMidnightMs - offsetMs;
  const targetMs = guessMs + offsetMs - zone.offsetMsAt(guessMs);
  const target = Math.floor((targetMs - timeline.startMs) / (timeline.intervalSeconds * 1000));
  return target >= 0 && target < timeline.values.length ? target : -1;
}

function isUndisturbed(timeline: Series, from: number, to: number): boolean {
  for (let index = from; index < to; index += 1) if (!isBasis(timeline, index)) return false;
  return to > from;
}

function copyOf(series: Series): Series {
  return {
    startMs: series.startMs,
    intervalSeconds: series.intervalSeconds,
    values: Float64Array.from(series.values),
    qualities: Uint16Array.from(series.qualities),
  };
}
