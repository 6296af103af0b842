import { DecodeError, UsageError } from "@amity/bytes";

/** A date as meters write it (Blue Book 4.1.6.1): what is `undefined` is not specified, that is, any. */
export interface CosemDate {
  readonly year: number | undefined;
  /** 1 to 12, or the month in which daylight saving ends or begins. */
  readonly month: number | "dst-end" | "dst-begin" | undefined;
  /** 1 to 31, or counted from the month's end. */
  readonly dayOfMonth: number | "last" | "second-last" | undefined;
  /** 1 is Monday, 7 Sunday. */
  readonly dayOfWeek: number | undefined;
}

/** A time of day; `undefined` is any. */
export interface CosemTime {
  readonly hour: number | undefined;
  readonly minute: number | undefined;
  readonly second: number | undefined;
  readonly hundredths: number | undefined;
}

/** The clock status octet. */
export interface ClockStatus {
  readonly isInvalid: boolean;
  readonly isDoubtful: boolean;
  /** The base differs from the one configured (a back-up base was used). */
  readonly hasDifferentBase: boolean;
  readonly isStatusInvalid: boolean;
  readonly isDaylightSaving: boolean;
}

/** A date-time of 12 octets. */
export interface CosemDateTime extends CosemDate, CosemTime {
  /** Minutes from local time to UTC, daylight saving included: -60 in Berlin's winter. */
  readonly deviationMinutes: number | undefined;
  readonly status: ClockStatus | undefined;
}

export const DATE_TIME_OCTETS = 12;
export const DATE_OCTETS = 5;
export const TIME_OCTETS = 4;

const ANY = 0xff;
const ANY_YEAR = 0xffff;
const NO_DEVIATION = -0x8000;
const STATUS_BITS = { isInvalid: 0x01, isDoubtful: 0x02, hasDifferentBase: 0x04, isStatusInvalid: 0x08, isDaylightSaving: 0x80 } as const;
const STATUS_NAMES = Object.keys(STATUS_BITS) as (keyof typeof STATUS_BITS)[];

/** Everything any. */
export const ANY_DATE_TIME: CosemDateTime = {
  year: undefined,
  month: undefined,
  dayOfMonth: undefined,
  dayOfWeek: undefined,
  hour: undefined,
  minute: undefined,
  second: undefined,
  hundredths: undefined,
  deviationMinutes: undefined,
  status: undefined,
};

/** Reads the 12 octets of a date-time. @throws DecodeError where there are not 12 or a field is out of its range. */
export function decodeDateTime(octets: Uint8Array): CosemDateTime {
  const view = fixed(octets, DATE_TIME_OCTETS, "date-time");
  const deviation = view.getInt16(9);
  if (deviation !== NO_DEVIATION && Math.abs(deviation) > 900) {
    throw new DecodeError(`deviation of ${deviation} minutes`, { offset: 9, code: "out-of-range" });
  }
  return {
    ...dateAt(view),
    ...timeAt(view, DATE_OCTETS),
    deviationMinutes: deviation === NO_DEVIATION ? undefined : deviation,
    status: decodeClockStatus(view.getUint8(11)),
  };
}

/** Reads the 5 octets of a date. @throws DecodeError. */
export function decodeDate(octets: Uint8Array): CosemDate {
  return dateAt(fixed(octets, DATE_OCTETS, "date"));
}

/** Reads the 4 octets of a time. @throws DecodeError. */
export function decodeTime(octets: Uint8Array): CosemTime {
  return timeAt(fixed(octets, TIME_OCTETS, "time"), 0);
}

/** @throws UsageError where a field is out of its range. */
export function encodeDateTime(value: CosemDateTime): Uint8Array {
  const octets = new Uint8Array(DATE_TIME_OCTETS);
  octets.set(encodeDate(value));
  octets.set(encodeTime(value), DATE_OCTETS);
  const { deviationMinutes: deviation } = value;
  if (deviation !== undefined && !(Number.isInteger(deviation) && Math.abs(deviation) <= 900)) throw outOfRange("deviation", deviation);
  new DataView(octets.buffer).setInt16(9, deviation ?? NO_DEVIATION);
  octets[11] = encodeClockStatus(value.status);
  return octets;
}

/** @throws UsageError where a field is out of its range. */
export function encodeDate(value: CosemDate): Uint8Array {
  const octets = new Uint8Array(DATE_OCTETS);
  const year = value.year ?? ANY_YEAR;
  if (!Number.isInteger(year) || year < 0 || year > ANY_YEAR) throw outOfRange("year", year);
  octets[0] = year >>> 8;
  octets[1] = year & 0xff;
  octets[2] = value.month === "dst-end" ? 0xfd : value.month === "dst-begin" ? 0xfe : part("month", value.month, 1, 12);
  octets[3] =
    value.dayOfMonth === "second-last" ? 0xfd : value.dayOfMonth === "last" ? 0xfe : part("day of month", value.dayOfMonth, 1, 31);
  octets[4] = part("day of week", value.dayOfWeek, 1, 7);
  return octets;
}

/** @throws UsageError where a field is out of its range. */
export function encodeTime(value: CosemTime): Uint8Array {
  return Uint8Array.of(
    part("hour", value.hour, 0, 23),
    part("minute", value.minute, 0, 59),
    part("second", value.second, 0, 59),
    part("hundredths", value.hundredths, 0, 99),
  );
}

/** The status octet; FF is "not specified". */
export function decodeClockStatus(octet: number): ClockStatus | undefined {
  if (octet === ANY) return undefined;
  return {
    isInvalid: (octet & STATUS_BITS.isInvalid) !== 0,
    isDoubtful: (octet & STATUS_BITS.isDoubtful) !== 0,
    hasDifferentBase: (octet & STATUS_BITS.hasDifferentBase) !== 0,
    isStatusInvalid: (octet & STATUS_BITS.isStatusInvalid) !== 0,
    isDaylightSaving: (octet & STATUS_BITS.isDaylightSaving) !== 0,
  };
}

export function encodeClockStatus(status: ClockStatus | undefined): number {
  if (status === undefined) return ANY;
  return STATUS_NAMES.reduce((octet, name) => (status[name] ? octet | STATUS_BITS[name] : octet), 0);
}

function fixed(octets: Uint8Array, length: number, what: string): DataView {
  if (octets.length !== length) {
    throw new DecodeError(`a ${what} has ${length} octets, not ${octets.length}`, { offset: 0, code: "length" });
  }
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}

function dateAt(view: DataView): CosemDate {
  const year = view.getUint16(0);
  const month = view.getUint8(2);
  const day = view.getUint8(3);
  return {
    year: year === ANY_YEAR ? undefined : year,
    month: month === 0xfd ? "dst-end" : month === 0xfe ? "dst-begin" : field(view, 2, 1, 12, "month"),
    dayOfMonth: day === 0xfd ? "second-last" : day === 0xfe ? "last" : field(view, 3, 1, 31, "day of month"),
    dayOfWeek: field(view, 4, 1, 7, "day of week"),
  };
}

function timeAt(view: DataView, at: number): CosemTime {
  return {
    hour: field(view, at, 0, 23, "hour"),
    minute: field(view, at + 1, 0, 59, "minute"),
    second: field(view, at + 2, 0, 59, "second"),
    hundredths: field(view, at + 3, 0, 99, "hundredths"),
  };
}

function field(view: DataView, at: number, low: number, high: number, what: string): number | undefined {
  const value = view.getUint8(at);
  if (value === ANY) return undefined;
  // Meters fill what they do not use with zeros.
  if (value === 0 && low === 1) return undefined;
  if (value < low || value > high) throw new DecodeError(`${what} of ${value}`, { offset: at, code: "out-of-range" });
  return value;
}

function part(what: string, value: number | undefined | string, low: number, high: number): number {
  if (value === undefined) return ANY;
  if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high) throw outOfRange(what, value);
  return value;
}

function outOfRange(what: string, value: unknown): UsageError {
  return new UsageError(`${what} ${String(value)} is out of range`, { code: "out-of-range" });
}
