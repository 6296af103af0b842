const UNSPECIFIED_DEVIATION = -0x8000;

/** COSEM date-time (Blue Book 4.1.6.1): year, month, day, day of week, hour, minute, second, hundredths, deviation, status. */
export const DATE_TIME_OCTETS = 12;

/** Clock status bit 0: the meter does not trust its clock. */
export const CLOCK_INVALID = 0x01;

/**
 * The instant that a date-time stands for, UTC ms, or `undefined` where a part is a wildcard. The deviation counts from
 * local time to UTC (Central European winter time: -60); where the meter does not give one, `assumedDeviationMinutes` holds.
 */
export function instantOfDateTime(octets: Uint8Array, at = 0, assumedDeviationMinutes = 0): number | undefined {
  const [hour, minute, second, hundredth] = [
    octets[at + 5] ?? 0xff,
    octets[at + 6] ?? 0xff,
    octets[at + 7] ?? 0xff,
    octets[at + 8] ?? 0xff,
  ];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const dayMs = dayOf(octets, at);
  if (dayMs === undefined) return undefined;
  const given = (((octets[at + 9] ?? 0x80) << 24) >> 16) | (octets[at + 10] ?? 0);
  const deviation = given === UNSPECIFIED_DEVIATION ? assumedDeviationMinutes : given;
  return dayMs + ((hour * 60 + minute + deviation) * 60 + second) * 1000 + (hundredth > 99 ? 0 : hundredth * 10);
}

/** Rows of a profile share their day: the calendar is asked once for it. */
const lastDay = { key: -1, startMs: 0 };

/** Midnight of the date, in its own time. */
function dayOf(octets: Uint8Array, at: number): number | undefined {
  const year = ((octets[at] ?? 0xff) << 8) | (octets[at + 1] ?? 0xff);
  const month = octets[at + 2] ?? 0xff;
  const day = octets[at + 3] ?? 0xff;
  if (year === 0xffff || month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  const key = (year << 9) | (month << 5) | day;
  if (key !== lastDay.key) {
    lastDay.key = key;
    lastDay.startMs = Date.UTC(year, month - 1, day);
  }
  return lastDay.startMs;
}

/** The date-time of an instant in UTC, deviation 0, status `status`; parts of a hundredth are dropped. */
export function dateTimeOfInstant(instantMs: number, status = 0): Uint8Array {
  const date = new Date(instantMs);
  const year = date.getUTCFullYear();
  const octets = [
    year >> 8,
    year & 0xff,
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCDay() === 0 ? 7 : date.getUTCDay(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    Math.floor(date.getUTCMilliseconds() / 10),
    0,
    0,
    status,
  ];
  return Uint8Array.from(octets);
}
