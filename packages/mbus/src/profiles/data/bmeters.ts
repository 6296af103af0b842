import type { MeterProfile, ProfileField } from "../profile.ts";

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/** Battery voltage by the low half of its octet, in V. */
const BATTERY_VOLTS: readonly number[] = [3.7, 1.9, 2.1, 2.2, 2.3, 2.4, 2.5, 2.65, 2.8, 2.9, 3.05, 3.2, 3.35, 3.5, 3.7, 3.7];

/** Totals at the ends of months; FFFFFF where there was none yet. */
const MONTH_ENDS: readonly ProfileField[] = MONTHS.map((month, index) => ({
  name: `totalEndOf${month}`,
  unit: "m³",
  at: 12 + index * 3,
  octets: 3,
  divisor: 100,
  absent: 0xffffff,
}));

/** BMeters water meters: Hydrodigit, module RFM-TX1. */
export const BMETERS_PROFILES = [
  {
    name: "hydrodigit",
    match: [{ manufacturers: ["BMT"], versions: [0x13, 0x15, 0x17], deviceTypes: [0x06, 0x07] }],
    transform: "hydrodigit",
    fields: [
      { name: "contents", at: 0, octets: 1 },
      { name: "batteryVoltage", unit: "V", at: 1, octets: 1, absent: 0xff, mask: 0x0f, table: BATTERY_VOLTS },
      { name: "tampered", at: 2, coding: "bcdYearFirst", absent: 0xffffff },
      { name: "leaked", at: 5, coding: "bcdYearFirst", absent: 0xffffff },
      { name: "backflow", unit: "m³", at: 8, octets: 4, divisor: 1000, absent: 0xffffffff },
      ...MONTH_ENDS,
    ],
  },
  {
    name: "rfm-tx1",
    match: [{ manufacturers: ["BMT"], versions: [0x05], deviceTypes: [0x07], configurations: [0x1006] }],
    transform: "rfmTx1",
    fields: [
      { name: "total", unit: "m³", at: 0, octets: 4, coding: "bcd", divisor: 1000 },
      { name: "dateTime", at: 4, coding: "bcdSeconds" },
    ],
  },
] satisfies readonly MeterProfile[];
