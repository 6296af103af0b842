import { DAY_MS, civilDateOf, isoWeekdayOf, resolveLocal, type Zone } from "@amity/intervals";

/** Clock status bits (IEC 62056-6-2, 4.1.6.1). */
export const CLOCK_STATUS = { invalid: 0x01, doubtful: 0x02, daylightSaving: 0x80 } as const;
export const DATE_TIME_OCTETS = 12;

/** How stamps are written: the wall clock of a zone, or UTC. */
export interface TimeBase {
  readonly zone: Zone | undefined;
  readonly standardOffsetMs: number;
}

/**
 * Writes a COSEM date-time (IEC 62056-6-2, 4.1.6.1) of 12 octets at `at`. The deviation counts from local to UTC: -60 in winter Berlin, -120
 * in summer. @returns whether daylight saving was in force.
 */
export function writeDateTime(out: Uint8Array, at: number, clockMs: number, base: TimeBase, isInvalid: boolean): boolean {
  const offsetMs = base.zone?.offsetMsAt(clockMs) ?? 0;
  const localMs = clockMs + offsetMs;
  const day = Math.floor(localMs / DAY_MS);
  if (day !== lastDay.number) rememberDay(day);
  const second = Math.floor((localMs - day * DAY_MS) / 1000);
  const isDaylightSaving = base.zone !== undefined && offsetMs > base.standardOffsetMs;
  const deviation = -offsetMs / 60_000;
  out.set(lastDay.octets, at);
  out[at + 5] = Math.floor(second / 3600);
  out[at + 6] = Math.floor(second / 60) % 60;
  out[at + 7] = second % 60;
  out[at + 8] = 0;
  out[at + 9] = (deviation >> 8) & 0xff;
  out[at + 10] = deviation & 0xff;
  out[at + 11] = (isDaylightSaving ? CLOCK_STATUS.daylightSaving : 0) | (isInvalid ? CLOCK_STATUS.invalid : 0);
  return isDaylightSaving;
}

export function dateTimeOctets(clockMs: number, base: TimeBase, isInvalid = false): Uint8Array {
  const out = new Uint8Array(DATE_TIME_OCTETS);
  writeDateTime(out, 0, clockMs, base, isInvalid);
  return out;
}

/**
 * The instant of a COSEM date-time; `undefined` where the date is left open (wildcards), `null` where it is no date-time. Hour, minute, second
 * left open count as 0. Without a deviation the time is the meter's own.
 */
export function readDateTime(octets: Uint8Array, base: TimeBase): number | undefined | null {
  if (octets.length !== DATE_TIME_OCTETS) return null;
  const view = new DataView(octets.buffer, octets.byteOffset, DATE_TIME_OCTETS);
  const year = view.getUint16(0);
  const [month = 0xff, day = 0xff] = [octets[2], octets[3]];
  if (year === 0xffff || month === 0xff || day === 0xff) return undefined;
  if (month < 1 || month > 12 || day < 1 || day > 31) return null;
  const [hour, minute, second] = [specified(octets[5]), specified(octets[6]), specified(octets[7])];
  if (hour > 23 || minute > 59 || second > 59) return null;
  const localMs = Date.UTC(year, month - 1, day, hour, minute, second) + 10 * specified(octets[8]);
  const deviation = view.getInt16(9);
  if (deviation !== -0x8000) return localMs + deviation * 60_000;
  if (base.zone === undefined) return localMs;
  return resolveLocal(base.zone, localMs, ((octets[11] ?? 0) & CLOCK_STATUS.daylightSaving) !== 0 ? "earlier" : "later").instantMs;
}

function specified(octet: number | undefined): number {
  return octet === undefined || octet === 0xff ? 0 : octet;
}

/** Rows of one profile share their day: the date is worked out once. */
const lastDay = { number: Number.NaN, octets: new Uint8Array(5) };

function rememberDay(day: number): void {
  const { year, month, day: dayOfMonth } = civilDateOf(day);
  lastDay.number = day;
  lastDay.octets.set([year >> 8, year & 0xff, month, dayOfMonth, isoWeekdayOf(day)]);
}
