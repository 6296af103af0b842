import type { InvalidValue, MeterTime } from "./record.ts";

/** Unsigned little-endian integer of up to 6 octets. */
export function readUnsigned(data: Uint8Array, at: number, octets: number): number {
  let value = 0;
  for (let index = octets - 1; index >= 0; index--) value = value * 256 + (data[at + index] ?? 0);
  return value;
}

/** Two's complement little-endian integer (data type B). bigint only where a double cannot hold it. */
export function readSigned(data: Uint8Array, at: number, octets: number): number | bigint {
  switch (octets) {
    case 1:
      return ((data[at] ?? 0) << 24) >> 24;
    case 2:
      return (((data[at] ?? 0) | ((data[at + 1] ?? 0) << 8)) << 16) >> 16;
    case 3:
      return (((data[at] ?? 0) | ((data[at + 1] ?? 0) << 8) | ((data[at + 2] ?? 0) << 16)) << 8) >> 8;
    case 4:
      return (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8) | ((data[at + 2] ?? 0) << 16) | ((data[at + 3] ?? 0) << 24);
    default:
      return readLarge(data, at, octets);
  }
}

function readLarge(data: Uint8Array, at: number, octets: number): number | bigint {
  let value = 0n;
  for (let index = octets - 1; index >= 0; index--) value = (value << 8n) | BigInt(data[at + index] ?? 0);
  value = BigInt.asIntN(octets * 8, value);
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

/** BCD (data type A): a high nibble F in the last octet is a minus sign; other hexadecimal digits are no number. */
export function readBcd(data: Uint8Array, at: number, octets: number): number | bigint | InvalidValue {
  let value = 0;
  let sign = 1;
  for (let index = octets - 1; index >= 0; index--) {
    const octet = data[at + index] ?? 0;
    let high = octet >> 4;
    const low = octet & 0x0f;
    if (high === 0x0f && index === octets - 1) {
      sign = -1;
      high = 0;
    }
    if (high > 9 || low > 9) return { kind: "invalid", digits: digitsOf(data, at, octets) };
    value = value * 100 + high * 10 + low;
  }
  // Fifteen digits and less are exact in a double; longer numbers come from LVAR only.
  if (octets > 7) return BigInt(sign) * bcdToBigint(data, at, octets);
  return sign < 0 ? 0 - value : value;
}

function bcdToBigint(data: Uint8Array, at: number, octets: number): bigint {
  const digits = digitsOf(data, at, octets);
  return BigInt(digits.startsWith("f") ? `0${digits.slice(1)}` : digits);
}

/** Hexadecimal digits, most significant first. */
export function digitsOf(data: Uint8Array, at: number, octets: number): string {
  let digits = "";
  for (let index = octets - 1; index >= 0; index--) digits += (data[at + index] ?? 0).toString(16).padStart(2, "0");
  return digits;
}

/** Single-precision float, little-endian (data type H). */
export function readReal32(data: Uint8Array, at: number): number {
  SCRATCH.setUint32(0, readUnsigned(data, at, 4));
  return SCRATCH.getFloat32(0);
}

const SCRATCH = new DataView(new ArrayBuffer(4));

/** A civil date of the meter's calendar. */
export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

/** Type G of EN 13757-3, annex A: day and year's low bits, month and year's high bits. */
export function dateOctets({ year, month, day }: CivilDate): readonly [number, number] {
  const short = year % 100;
  return [((short & 7) << 5) | (day & 0x1f), ((short & 0x78) << 1) | (month & 0x0f)];
}

/** Date, data type G (CP16): day, month, two-digit year; FFFF is no date. */
export function readDate(data: Uint8Array, at: number): MeterTime {
  return dateOf(data[at] ?? 0, data[at + 1] ?? 0);
}

function dateOf(low: number, high: number): MeterTime {
  const year = (low >> 5) | ((high & 0xf0) >> 1);
  const day = low & 0x1f;
  const month = high & 0x0f;
  return {
    kind: "date",
    year: fullYear(year, 0),
    month,
    day,
    hour: -1,
    minute: -1,
    second: -1,
    isSummerTime: false,
    isValid: isCalendarDay(month, day) && year < 100,
  };
}

/** Date and time, data type F (CP32). The time-invalid bit and the hundred-year bits are honoured. */
export function readDateTime(data: Uint8Array, at: number): MeterTime {
  const minutes = data[at] ?? 0;
  const hours = data[at + 1] ?? 0;
  const low = data[at + 2] ?? 0;
  const high = data[at + 3] ?? 0;
  const year = (low >> 5) | ((high & 0xf0) >> 1);
  const day = low & 0x1f;
  const month = high & 0x0f;
  const minute = minutes & 0x3f;
  const hour = hours & 0x1f;
  return {
    kind: "dateTime",
    year: fullYear(year, (hours >> 5) & 0x03),
    month,
    day,
    hour,
    minute,
    second: -1,
    isSummerTime: (hours & 0x80) !== 0,
    isValid: (minutes & 0x80) === 0 && isCalendarDay(month, day) && isClock(hour, minute, 0) && year < 100,
  };
}

/** Date and time with seconds, data type I (CP48). */
export function readDateTimeSeconds(data: Uint8Array, at: number): MeterTime {
  const second = (data[at] ?? 0) & 0x3f;
  const minute = (data[at + 1] ?? 0) & 0x3f;
  const hour = (data[at + 2] ?? 0) & 0x1f;
  const date = dateOf(data[at + 3] ?? 0, data[at + 4] ?? 0);
  return {
    ...date,
    kind: "dateTime",
    hour,
    minute,
    second,
    isSummerTime: ((data[at] ?? 0) & 0x40) !== 0,
    isValid: ((data[at + 1] ?? 0) & 0x80) === 0 && date.isValid && isClock(hour, minute, second),
  };
}

/** Time of day, data type J (CP24). */
export function readTime(data: Uint8Array, at: number): MeterTime {
  const second = (data[at] ?? 0) & 0x3f;
  const minute = (data[at + 1] ?? 0) & 0x3f;
  const hour = (data[at + 2] ?? 0) & 0x1f;
  return { kind: "time", year: -1, month: -1, day: -1, hour, minute, second, isSummerTime: false, isValid: isClock(hour, minute, second) };
}

/**
 * Two-digit years up to 80 are 20xx (EN 13757-3, annex A.2, note), whatever the hundred-year bits say: meters in the field
 * fill those with 1 and 2 alike. 100-127 have no meaning and are kept visible as 21xx.
 */
function fullYear(year: number, hundreds: number): number {
  return year <= 80 || year > 99 || hundreds === 1 ? 2000 + year : 1900 + year;
}

function isCalendarDay(month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= (DAYS[month] ?? 0);
}

/** February always has 29: whether the year leaps is for the calendar, not for the codec. */
const DAYS: readonly number[] = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isClock(hour: number, minute: number, second: number): boolean {
  return hour <= 24 && minute < 60 && second < 60;
}
