import { DAY_MS, dayNumberOf } from "@amity/intervals";
import type { NemChannel } from "./nem-channel.ts";

/** Values are kept as integers times 10^-3 of the base unit (mWh): six decimals of a kWh, exact. */
export const NEM_SCALER = -3;

const COMMA = 0x2c;
const DOT = 0x2e;
const MINUS = 0x2d;
const ZERO = 0x30;
/** 10 hours, as in `NEM_OFFSET_MS`. */
const OFFSET_MS = 36_000_000;

export type DayRow =
  | { readonly kind: "day"; readonly startMs: number; readonly values: Float64Array; readonly quality: string }
  | { readonly kind: "bad"; readonly field: string; readonly reason: string };

/**
 * Reads `300,YYYYMMDD,v1,...,vn,QualityMethod,...` from octets: the hot path of the format. Decimals become exact integers
 * without text or floats in between; a value that does not fit makes the row bad, by field.
 */
export function parseDayRow(octets: Uint8Array, channel: NemChannel): DayRow {
  const startMs = dayStartMs(octets);
  if (startMs === undefined) return { kind: "bad", field: "IntervalDate", reason: "not a date YYYYMMDD" };
  const count = 86_400 / channel.intervalSeconds;
  const places = channel.textScaler - NEM_SCALER;
  const values = new Float64Array(count);
  const cursor = { octets, at: 13 };
  for (let index = 0; index < count; index++) {
    const value = takeValue(cursor, places);
    if (Number.isNaN(value)) return notAValue(octets, cursor.at, index, count);
    if (cursor.at >= octets.length) {
      return {
        kind: "bad",
        field: `IntervalValue${index + 1}`,
        reason: `the record ends after ${index + 1} values, ${count} and a quality were expected`,
      };
    }
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER)
      return { kind: "bad", field: `IntervalValue${index + 1}`, reason: "the value is too large" };
    values[index] = value;
    cursor.at++;
  }
  const quality = fieldText(octets, cursor.at);
  if (/^\d/.test(quality)) {
    return { kind: "bad", field: "QualityMethod", reason: `more than the ${count} values of ${channel.intervalSeconds / 60} minutes` };
  }
  return { kind: "day", startMs, values, quality };
}

/** One decimal up to the next comma (or the end) as an integer times 10^-places, half up; NaN where it is none. The cursor stays at the comma. */
function takeValue(cursor: { readonly octets: Uint8Array; at: number }, places: number): number {
  const { octets } = cursor;
  let at = cursor.at;
  const negative = octets[at] === MINUS;
  if (negative) at++;
  const start = at;
  let value = 0;
  /** Digits after the point so far; -1 before it. */
  let decimals = -1;
  let roundUp = false;
  for (; at < octets.length; at++) {
    const octet = octets[at] ?? 0;
    if (octet === COMMA) break;
    const digit = octet - ZERO;
    if (digit < 0 || digit > 9) {
      if (octet !== DOT || decimals >= 0) return Number.NaN;
      decimals = 0;
      continue;
    }
    if (decimals < places) value = value * 10 + digit;
    else if (decimals === places) roundUp = digit >= 5;
    if (decimals >= 0) decimals++;
  }
  if (at === start || (at === start + 1 && decimals === 0)) return Number.NaN;
  cursor.at = at;
  for (let place = Math.max(decimals, 0); place < places; place++) value *= 10;
  if (roundUp) value += 1;
  return negative && value !== 0 ? -value : value;
}

function notAValue(octets: Uint8Array, at: number, index: number, count: number): DayRow {
  let start = at;
  while (start > 0 && octets[start - 1] !== COMMA) start--;
  const text = fieldText(octets, start);
  const reason = /^[ASFENV](\d\d)?$/.test(text) || text === "" ? `${index} values, ${count} were expected` : `"${text}" is not a number`;
  return { kind: "bad", field: `IntervalValue${index + 1}`, reason };
}

function dayStartMs(octets: Uint8Array): number | undefined {
  if (octets.length < 13 || octets[12] !== COMMA) return undefined;
  let number = 0;
  for (let at = 4; at < 12; at++) {
    const digit = (octets[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  const date = { year: Math.floor(number / 10_000), month: Math.floor(number / 100) % 100, day: number % 100 };
  if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > 31) return undefined;
  return dayNumberOf(date) * DAY_MS - OFFSET_MS;
}

function fieldText(octets: Uint8Array, start: number): string {
  let end = start;
  while (end < octets.length && octets[end] !== COMMA) end++;
  return String.fromCharCode(...octets.subarray(start, Math.min(end, start + 40))).trim();
}
