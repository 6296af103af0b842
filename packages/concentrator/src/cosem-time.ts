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
  const octet = (index: number): number => octets[at + index] ?? 0xff;
  const year = (octet(0) << 8) | octet(1);
  const month = octet(2);
  const day = octet(3);
  if (year === 0xffff || month < 1 || month > 12 || day < 1 || day > 31 || octet(5) > 23 || octet(6) > 59 || octet(7) > 59)
    return undefined;
  const hundredths = octet(8) > 99 ? 0 : octet(8);
  const given = ((octet(9) << 24) >> 16) | octet(10);
  const deviation = given === UNSPECIFIED_DEVIATION ? assumedDeviationMinutes : given;
  return Date.UTC(year, month - 1, day, octet(5), octet(6) + deviation, octet(7), hundredths * 10);
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
