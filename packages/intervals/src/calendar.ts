/**
 * The proleptic Gregorian calendar as arithmetic on day numbers: days since 1970-01-01, no clock and no zone in it.
 */
export interface CivilDate {
  readonly year: number;
  /** 1 to 12 */
  readonly month: number;
  /** 1 to 31 */
  readonly day: number;
}

export const DAY_MS = 86_400_000;

/** Days since 1970-01-01 of a civil date. Days beyond the month's end run on into the next. */
export function dayNumberOf(date: CivilDate): number {
  return Math.floor(Date.UTC(date.year, date.month - 1, date.day) / DAY_MS);
}

/** The civil date of a day number. */
export function civilDateOf(dayNumber: number): CivilDate {
  const date = new Date(dayNumber * DAY_MS);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** ISO 8601 weekday: 1 Monday to 7 Sunday. */
export function isoWeekdayOf(dayNumber: number): number {
  return ((((dayNumber + 3) % 7) + 7) % 7) + 1;
}

/** `YYYY-MM-DD`. */
export function formatDay(dayNumber: number): string {
  return new Date(dayNumber * DAY_MS).toISOString().slice(0, 10);
}

/** Reads `YYYY-MM-DD`; `undefined` for anything else, 30 February included. */
export function parseDay(text: string): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const dayNumber = dayNumberOf({ year: Number(match[1]), month: Number(match[2]), day: Number(match[3]) });
  return formatDay(dayNumber) === text ? dayNumber : undefined;
}

/** Day number of the UTC day that holds an instant. */
export function utcDayOf(instantMs: number): number {
  return Math.floor(instantMs / DAY_MS);
}
