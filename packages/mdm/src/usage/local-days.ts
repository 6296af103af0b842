import { localDayOf, startOfLocalDayMs, isoWeekdayOf, type Zone } from "@amity/intervals";
import type { Series } from "../vee/series.ts";

/** The intervals of a series that begin in one civil day. */
export interface DaySpan {
  /** Days since 1970-01-01 of the civil date. */
  readonly day: number;
  /** Indices, end exclusive. */
  readonly from: number;
  readonly to: number;
  /** The series covers the whole civil day. */
  readonly complete: boolean;
}

/** Splits a series into civil days: 92, 96 or 100 quarter-hours where the clock changes. An interval belongs to the day it begins in. */
export function localDays(series: Series, zone: Zone): readonly DaySpan[] {
  const stepMs = series.intervalSeconds * 1000;
  const count = series.values.length;
  const spans: DaySpan[] = [];
  if (count === 0) return spans;
  let day = localDayOf(zone, series.startMs);
  let dayStartMs = startOfLocalDayMs(zone, day);
  for (let from = 0; from < count;) {
    const nextStartMs = startOfLocalDayMs(zone, day + 1);
    const to = Math.min(count, Math.max(from, Math.ceil((nextStartMs - series.startMs) / stepMs)));
    const complete =
      series.startMs + from * stepMs < dayStartMs + stepMs && series.startMs + to * stepMs >= nextStartMs && dayStartMs >= series.startMs;
    if (to > from) spans.push({ day, from, to, complete });
    from = to;
    day += 1;
    dayStartMs = nextStartMs;
  }
  return spans;
}

/** How many intervals a civil day has: 92, 96 or 100 quarter-hours. */
export function intervalsInDay(day: number, intervalSeconds: number, zone: Zone): number {
  return (startOfLocalDayMs(zone, day + 1) - startOfLocalDayMs(zone, day)) / (intervalSeconds * 1000);
}

export type DayType = "weekday" | "weekend" | "holiday";

/** Weekday, weekend or holiday; a holiday is a holiday on any weekday. */
export function dayTypeOf(day: number, holidays?: ReadonlySet<number>): DayType {
  if (holidays?.has(day) === true) return "holiday";

  return isoWeekdayOf(day) >= 6 ? "weekend" : "weekday";
}
