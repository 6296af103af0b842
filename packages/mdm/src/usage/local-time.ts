/**
 * What the engines need of a civil zone: its offset from UTC at an instant. Anything that knows an IANA zone can say
 * this; fixed-offset markets (NEM time, EST all year) are one constant.
 */
export interface LocalTime {
  /** Milliseconds to add to UTC to get local civil time. */
  offsetMsAt(instantMs: number): number;
}

export const DAY_MS = 86_400_000;

/** A market without daylight saving. */
export function fixedOffset(offsetMinutes: number): LocalTime {
  const offsetMs = offsetMinutes * 60_000;
  return { offsetMsAt: () => offsetMs };
}

/** Days since 1970-01-01 of the local civil date at an instant. */
export function localDayOf(instantMs: number, zone: LocalTime): number {
  return Math.floor((instantMs + zone.offsetMsAt(instantMs)) / DAY_MS);
}

/** The instant at which a local civil day begins; where midnight is skipped by the clock change, the first instant after it. */
export function localDayStart(day: number, zone: LocalTime): number {
  const localMs = day * DAY_MS;
  const early = localMs - zone.offsetMsAt(localMs - DAY_MS / 2);
  const late = localMs - zone.offsetMsAt(localMs + DAY_MS / 2);
  if (early === late) return early;
  // One of the two offsets rules at that midnight; of two midnights the day begins with the first.
  const candidates = [Math.min(early, late), Math.max(early, late)];
  for (const instant of candidates) if (localDayOf(instant, zone) === day && localDayOf(instant - 1, zone) < day) return instant;
  return firstInstantOf(day, zone, Math.min(early, late) - 3 * 3_600_000, Math.max(early, late) + 3 * 3_600_000);
}

/** Weekday of a civil day: 0 Sunday to 6 Saturday. */
export function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

/** Civil month (1 to 12) of a day number. */
export function monthOf(day: number): number {
  return new Date(day * DAY_MS).getUTCMonth() + 1;
}

/** `2026-03-08` for a day number. */
export function isoDate(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** The day number of `2026-03-08`; NaN where the text is no date. */
export function dayOfIsoDate(date: string): number {
  const ms = /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  return ms / DAY_MS;
}

function firstInstantOf(day: number, zone: LocalTime, lowMs: number, highMs: number): number {
  let low = lowMs;
  let high = highMs;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (localDayOf(middle, zone) < day) low = middle;
    else high = middle;
  }
  return high;
}
