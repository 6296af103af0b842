import { ANY_DATE_TIME, decodeDateTime, encodeDateTime, type ClockStatus, type CosemDateTime } from "./date-time.ts";

/** How this meter's clock is to be read where it departs from the book, or says less than the whole. */
export interface ClockReading {
  /** Deviations have the wrong sign: positive east of Greenwich. */
  readonly isDeviationInverted?: boolean;
  /** The deviation is the standard time's although daylight saving is on. */
  readonly excludesDaylightSaving?: boolean;
  /** The deviation in the stamp is not to be trusted: `localToUtc` decides. */
  readonly ignoresDeviation?: boolean;
  /**
   * Local time (as if it were UTC, ms) to the instant, for stamps without a deviation: the meter's zone.
   * `isDaylightSaving` settles the hour that comes twice. Default: local time is UTC.
   */
  readonly localToUtc?: (localMs: number, isDaylightSaving: boolean | undefined) => number;
}

const MINUTE_MS = 60_000;
const NORMAL: ClockStatus = {
  isInvalid: false,
  isDoubtful: false,
  hasDifferentBase: false,
  isStatusInvalid: false,
  isDaylightSaving: false,
};

/**
 * The instant (ms since 1970 UTC) that a stamp means; `undefined` if its date or time is not fully specified (seconds
 * and hundredths count as 0 where they are not) or no such date exists.
 */
export function instantOf(stamp: CosemDateTime, reading: ClockReading = {}): number | undefined {
  const localMs = localOf(stamp);
  if (localMs === undefined) return undefined;
  const isDaylightSaving = stamp.status?.isDaylightSaving;
  if (stamp.deviationMinutes === undefined || reading.ignoresDeviation === true) {
    return reading.localToUtc === undefined ? localMs : reading.localToUtc(localMs, isDaylightSaving);
  }
  const sign = reading.isDeviationInverted === true ? -1 : 1;
  const saving = reading.excludesDaylightSaving === true && isDaylightSaving === true ? 60 : 0;
  return localMs + (sign * stamp.deviationMinutes - saving) * MINUTE_MS;
}

/** The stamp's own date and time as ms, as if it were UTC; `undefined` where not fully specified. */
export function localOf(stamp: CosemDateTime): number | undefined {
  const { year, month, dayOfMonth, hour, minute, second = 0, hundredths = 0 } = stamp;
  if (year === undefined || typeof month !== "number" || dayOfMonth === undefined) return undefined;
  if (hour === undefined || minute === undefined) return undefined;
  const lastDay = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  const day = dayOfMonth === "last" ? lastDay : dayOfMonth === "second-last" ? lastDay - 1 : dayOfMonth;
  if (day > lastDay) return undefined;
  const date = new Date(Date.UTC(2000, month - 1, day, hour, minute, second, hundredths * 10));
  // `Date.UTC` takes years below 100 for those of the twentieth century.
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime();
}

/** How an instant is to be written. */
export interface StampOptions {
  /** Minutes from local time to UTC at that instant, daylight saving included; default 0. `undefined` in the stamp if `null`. */
  readonly deviationMinutes?: number | null;
  readonly isDaylightSaving?: boolean;
  /** Further status bits. */
  readonly status?: Partial<ClockStatus>;
  /** Hundredths are left unspecified unless asked for. */
  readonly withHundredths?: boolean;
}

/** The stamp of an instant. */
export function stampOf(instantMs: number, options: StampOptions = {}): CosemDateTime {
  const { deviationMinutes = 0, isDaylightSaving = false, status, withHundredths = false } = options;
  const local = new Date(instantMs - (deviationMinutes ?? 0) * MINUTE_MS);
  return {
    ...ANY_DATE_TIME,
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    dayOfMonth: local.getUTCDate(),
    dayOfWeek: local.getUTCDay() === 0 ? 7 : local.getUTCDay(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    hundredths: withHundredths ? Math.floor(local.getUTCMilliseconds() / 10) : undefined,
    deviationMinutes: deviationMinutes ?? undefined,
    status: { ...NORMAL, ...status, isDaylightSaving },
  };
}

/** 12 octets to the instant, see `instantOf`. @throws DecodeError. */
export function decodeInstant(octets: Uint8Array, reading?: ClockReading): number | undefined {
  return instantOf(decodeDateTime(octets), reading);
}

/** The instant in 12 octets, see `stampOf`. */
export function encodeInstant(instantMs: number, options?: StampOptions): Uint8Array {
  return encodeDateTime(stampOf(instantMs, options));
}

/** Whether a local date and time (ms as if UTC) fits what a stamp with wildcards specifies: schedules and special days. */
export function matchesStamp(localMs: number, stamp: CosemDateTime): boolean {
  const local = new Date(localMs);
  const weekday = local.getUTCDay() === 0 ? 7 : local.getUTCDay();
  const lastDay = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 0)).getUTCDate();
  // Daylight saving begins and ends in months that the zone knows, not the stamp: such stamps match no plain date.
  if (stamp.month === "dst-begin" || stamp.month === "dst-end") return false;
  const day = stamp.dayOfMonth === "last" ? lastDay : stamp.dayOfMonth === "second-last" ? lastDay - 1 : stamp.dayOfMonth;
  return (
    fits(stamp.year, local.getUTCFullYear()) &&
    fits(stamp.month, local.getUTCMonth() + 1) &&
    fitsDay(day, stamp.dayOfMonth, stamp.dayOfWeek, local, lastDay) &&
    fits(stamp.dayOfWeek, weekday) &&
    fits(stamp.hour, local.getUTCHours()) &&
    fits(stamp.minute, local.getUTCMinutes()) &&
    fits(stamp.second, local.getUTCSeconds())
  );
}

/** With a day of the week given, "last" means the last such weekday of the month (Blue Book 4.1.6.1). */
function fitsDay(
  day: number | undefined,
  written: CosemDateTime["dayOfMonth"],
  weekday: number | undefined,
  local: Date,
  lastDay: number,
): boolean {
  const date = local.getUTCDate();
  if (weekday === undefined || typeof written === "number" || written === undefined) {
    // A weekday with a day of the month means the first such weekday on or after it.
    if (weekday !== undefined && typeof written === "number") return date >= written && date < written + 7;
    return fits(day, date);
  }
  return written === "last" ? date > lastDay - 7 : date > lastDay - 14 && date <= lastDay - 7;
}

function fits(wanted: number | undefined, actual: number): boolean {
  return wanted === undefined || wanted === actual;
}
