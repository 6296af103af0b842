import type { ValueInfo } from "./value-info.ts";

/** Function field of the DIF (EN 13757-3, 6.3.2). */
export type RecordFunction = "instantaneous" | "maximum" | "minimum" | "error";

/** Data field of the DIF: how the value is coded. */
export type Coding =
  | "none"
  | "int8"
  | "int16"
  | "int24"
  | "int32"
  | "real32"
  | "int48"
  | "int64"
  | "selection"
  | "bcd2"
  | "bcd4"
  | "bcd6"
  | "bcd8"
  | "variable"
  | "bcd12";

/** A point in the meter's own local time (data types F, G, I, J of EN 13757-3, annex A). Absent parts are -1. */
export interface MeterTime {
  readonly kind: "date" | "dateTime" | "time";
  readonly year: number;
  /** 1-12, day 1-31. 0 and values beyond are kept as sent (`every`, or an unset date); `isValid` tells. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly isSummerTime: boolean;
  /** False where the meter says so, or the date cannot exist. */
  readonly isValid: boolean;
}

/** Data that its coding does not allow: a BCD number with hexadecimal digits, say. */
export interface InvalidValue {
  readonly kind: "invalid";
  /** Most significant digit first. */
  readonly digits: string;
}

/** Octets that the standard does not interpret, in the order of transmission. */
export interface OctetValue {
  readonly kind: "octets";
  readonly octets: Uint8Array;
}

/**
 * Integers stay integers (bigint beyond 2^53): they count 10^`exponent` of `unit`. Floats only where the meter sends
 * them. `null`: the record holds no data.
 */
export type RecordValue = number | bigint | string | MeterTime | InvalidValue | OctetValue | null;

/** One data record: DIB, VIB, value. Flat on purpose: receivers handle millions an hour. */
export interface DataRecord {
  /** Octets from the start of the frame (of the plaintext where the frame was encrypted) to the DIF. */
  readonly offset: number;
  /** Octets of DIB and VIB. */
  readonly headerOctets: number;
  /** Octets of the whole record. */
  readonly octets: number;
  readonly function: RecordFunction;
  readonly storage: number;
  readonly tariff: number;
  readonly subunit: number;
  readonly coding: Coding;
  readonly vib: ValueInfo;
  readonly value: RecordValue;
}

/**
 * The value in whole `unit`s as a double (value * 10^exponent + offset), for people and checks; ledgers take `value`
 * and `exponent`. `undefined` where the record holds no number.
 */
export function scaledValue(record: DataRecord): number | undefined {
  const { value, vib } = record;
  if (typeof value !== "number" && typeof value !== "bigint") return undefined;
  if (vib.kind !== "number") return Number(value);
  // Dividing by an exact power of ten rounds once; multiplying by 0.001 would round twice.
  const scaled = vib.exponent < 0 ? Number(value) / 10 ** -vib.exponent : Number(value) * 10 ** vib.exponent;
  return scaled + vib.offset;
}

/** Octets of the signed integers. */
const INTEGER_OCTETS: Readonly<Partial<Record<Coding, number>>> = { int8: 1, int16: 2, int24: 3, int32: 4, int48: 6, int64: 8 };

/** The most negative value of a signed integer is none: the meter has nothing to say there (EN 13757-3, annex A, type B). */
export function isNotAvailable({ value, coding, vib }: DataRecord): boolean {
  const octets = INTEGER_OCTETS[coding];
  if (octets === undefined || vib.kind !== "number" || (typeof value !== "number" && typeof value !== "bigint")) return false;
  return value < 0 && BigInt(value) === -(1n << BigInt(8 * octets - 1));
}

/** `2021-12-31`, `2021-12-31T23:59`, `2021-12-31T23:59:58` or `23:59:58`: the meter's local time, no zone. */
export function meterTimeText(time: MeterTime): string {
  const date = `${pad(time.year, 4)}-${pad(time.month, 2)}-${pad(time.day, 2)}`;
  if (time.kind === "date") return date;
  const seconds = time.second < 0 ? "" : `:${pad(time.second, 2)}`;
  const clock = `${pad(time.hour, 2)}:${pad(time.minute, 2)}${seconds}`;
  return time.kind === "time" ? clock : `${date}T${clock}`;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}
