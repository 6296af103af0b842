import { ANY_DATE_TIME, matchesStamp, type CosemDate, type CosemTime } from "@amity/dlms";
import { DAY_MS, resolveLocal, type Zone } from "@amity/intervals";

/** A time and a date with wildcards: one entry of a single action schedule (IEC 62056-6-2, class 22). */
export interface ExecutionTime {
  readonly time: CosemTime;
  readonly date: CosemDate;
}

/** Days looked at in one go: a date that does not come in two years is asked for again later. */
const DAYS_MAX = 800;

/** The first execution after one time of the clock and not after the other; `undefined` where there is none. */
export function nextExecution(
  entries: readonly ExecutionTime[],
  zone: Zone | undefined,
  { afterClockMs, toClockMs }: { readonly afterClockMs: number; readonly toClockMs: number },
): number | undefined {
  if (entries.length === 0 || toClockMs <= afterClockMs) return undefined;
  const firstDay = localDay(zone, afterClockMs);
  const lastDay = Math.min(localDay(zone, toClockMs), firstDay + DAYS_MAX);
  for (let day = firstDay; day <= lastDay; day++) {
    let earliest: number | undefined;
    for (const { time, date } of entries) {
      if (!matchesStamp(day * DAY_MS, { ...ANY_DATE_TIME, ...date })) continue;
      const found = firstOfDay(day, time, zone, afterClockMs);
      if (found !== undefined && found <= toClockMs && (earliest === undefined || found < earliest)) earliest = found;
    }
    if (earliest !== undefined) return earliest;
  }
  return undefined;
}

/** The number of the local day that holds an instant of the clock. */
export function localDay(zone: Zone | undefined, clockMs: number): number {
  return Math.floor((clockMs + (zone?.offsetMsAt(clockMs) ?? 0)) / DAY_MS);
}

/** The instant of a wall-clock time, given as if it were UTC. A time that comes twice is its first. */
export function instantOfLocal(zone: Zone | undefined, localMs: number): number {
  return zone === undefined ? localMs : resolveLocal(zone, localMs).instantMs;
}

/** Hour and minute may be left open: then it is every hour, every minute. An open second is 0. */
function firstOfDay(
  day: number,
  { hour, minute, second = 0 }: CosemTime,
  zone: Zone | undefined,
  afterClockMs: number,
): number | undefined {
  for (const hourOfDay of hour === undefined ? HOURS : [hour]) {
    for (const minuteOfHour of minute === undefined ? MINUTES : [minute]) {
      const atMs = instantOfLocal(zone, day * DAY_MS + ((hourOfDay * 60 + minuteOfHour) * 60 + second) * 1000);
      if (atMs > afterClockMs) return atMs;
    }
  }
  return undefined;
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const MINUTES = Array.from({ length: 60 }, (_, minute) => minute);
