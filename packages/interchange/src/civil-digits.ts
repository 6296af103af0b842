import { resolveLocal, type Zone } from "@amity/intervals";

/**
 * `YYYYMMDD`, `YYYYMMDDhhmm` or `YYYYMMDDhhmmss` as milliseconds, read as if the clock showed UTC. 24:00 is the next midnight.
 * `undefined` for what is no date.
 */
export function civilMsOfDigits(text: string): number | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?$/.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map((part) => Number(part ?? 0));
  if (month < 1 || month > 12 || hour > 24 || minute > 59 || second > 59 || (hour === 24 && minute + second > 0)) return undefined;
  if (new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** An instant as `YYYYMMDDhhmmss` of UTC; cut it where less is wanted. */
export function digitsOfMs(ms: number): string {
  return new Date(ms).toISOString().replace(/\D/g, "").slice(0, 14);
}

/** The instant of a wall-clock time; without a zone the clock shows UTC. An hour that comes twice is the earlier one. */
export function instantOfCivil(civilMs: number, zone: Zone | undefined): number {
  return zone === undefined ? civilMs : resolveLocal(zone, civilMs, "earlier").instantMs;
}
