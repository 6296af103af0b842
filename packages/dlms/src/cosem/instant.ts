import { ANY_DATE_TIME, DATE_TIME_OCTETS, decodeDateTime, encodeDateTime, type ClockStatus, type CosemDateTime } from "./date-time.ts";

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
  return instantOfLocal({ localMs, deviationMinutes: stamp.deviationMinutes, isDaylightSaving: stamp.status?.isDaylightSaving }, reading);
}

/** A stamp with all its parts. */
interface WholeStamp {
  readonly localMs: number;
  readonly deviationMinutes: number | undefined;
  readonly isDaylightSaving: boolean | undefined;
}

function instantOfLocal({ localMs, deviationMinutes, isDaylightSaving }: WholeStamp, reading: ClockReading): number {
  if (deviationMinutes === undefined || reading.ignoresDeviation === true) {
    return reading.localToUtc === undefined ? localMs : reading.localToUtc(localMs, isDaylightSaving);
  }
  const sign = reading.isDeviationInverted === true ? -1 : 1;
  const saving = reading.excludesDaylightSaving === true && isDaylightSaving === true ? 60 : 0;
  return localMs + (sign * deviationMinutes - saving) * MINUTE_MS;
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
export function decodeInstant(octets: Uint8Array, reading: ClockReading = {}): number | undefined {
  const whole = wholeStamp(octets);
  return whole === undefined ? instantOf(decodeDateTime(octets), reading) : instantOfLocal(whole, reading);
}

const UNSPECIFIED = 0xff;

/**
 * Stamps as load profiles hold them by the thousand, straight from their octets; `undefined` for one with an open or wrong part,
 * which `decodeDateTime` takes apart.
 */
function wholeStamp(octets: Uint8Array): WholeStamp | undefined {
  if (octets.length !== DATE_TIME_OCTETS) return undefined;
  const dayNumber = wholeDate(octets);
  const timeMs = wholeTime(octets);
  const deviation = (((octets[9] ?? 0) << 24) >> 16) | (octets[10] ?? 0);
  const status = octets[11] ?? UNSPECIFIED;
  if (dayNumber === undefined || timeMs === undefined) return undefined;
  if (deviation !== NO_DEVIATION && Math.abs(deviation) > DEVIATION_MAX) return undefined;
  return {
    localMs: dayNumber * DAY_MS + timeMs,
    deviationMinutes: deviation === NO_DEVIATION ? undefined : deviation,
    isDaylightSaving: status === UNSPECIFIED ? undefined : (status & DAYLIGHT_SAVING) !== 0,
  };
}

/** Days since 1970. */
function wholeDate(octets: Uint8Array): number | undefined {
  const year = (part(octets, 0) << 8) | part(octets, 1);
  const month = part(octets, 2);
  const day = part(octets, 3);
  const weekday = part(octets, 4);
  if (year === 0xffff || month < 1 || month > 12 || (weekday > 7 && weekday !== UNSPECIFIED)) return undefined;
  return day < 1 || day > daysIn(year, month) ? undefined : daysSince1970(year, month, day);
}

/** Milliseconds since midnight. */
function wholeTime(octets: Uint8Array): number | undefined {
  const hour = part(octets, 5);
  const minute = part(octets, 6);
  const second = part(octets, 7) === UNSPECIFIED ? 0 : part(octets, 7);
  const hundredths = part(octets, 8) === UNSPECIFIED ? 0 : part(octets, 8);
  if (hour > 23 || minute > 59 || second > 59 || hundredths > 99) return undefined;
  return ((hour * 60 + minute) * 60 + second) * 1000 + hundredths * 10;
}

/** One octet; what is missing is unspecified. */
function part(octets: Uint8Array, at: number): number {
  return octets[at] ?? UNSPECIFIED;
}

const DAY_MS = 86_400_000;
const DEVIATION_MAX = 900;
const NO_DEVIATION = -0x8000;
const DAYLIGHT_SAVING = 0x80;

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/** Days from 1 January 1970 in the Gregorian calendar; the year is counted from March, so that the leap day comes last. */
function daysSince1970(year: number, month: number, day: number): number {
  const shiftedYear = month > 2 ? year : year - 1;
  const shiftedMonth = month > 2 ? month - 3 : month + 9;
  const leapDays = Math.floor(shiftedYear / 4) - Math.floor(shiftedYear / 100) + Math.floor(shiftedYear / 400);
  return shiftedYear * 365 + leapDays + Math.floor((153 * shiftedMonth + 2) / 5) + day - 1 - DAYS_TO_1970;
}

/** From 1 March of the year 0. */
const DAYS_TO_1970 = 719_468;

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
