import type { MeterProfile } from "../profile.ts";

const MONTHS = 15;

/** Engelmann's FAW water radio: total, reporting date and fifteen months in an order of its own, behind CI 73. */
export const ENGELMANN_PROFILES = [
  {
    name: "engelmann-faw",
    match: [{ manufacturers: ["EFE"], controlInformation: [0x73] }],
    octetsMin: 81,
    when: [
      { at: 2, equals: 0x2d },
      { at: 3, equals: 0x05 },
    ],
    fields: [
      { name: "dueDate", at: 6, coding: "date" },
      { name: "totalAtDueDate", unit: "m³", at: 8, octets: 4, divisor: 1000 },
      { name: "status", at: 12, octets: 1 },
      ...Array.from({ length: MONTHS }, (_, index) => ({
        name: `totalMonthsAgo${index + 1}`,
        unit: "m³",
        at: 13 + 4 * index,
        octets: 4,
        divisor: 1000,
      })),
      { name: "dateTime", at: 73, coding: "dateTime" },
      { name: "total", unit: "m³", at: 77, octets: 4, divisor: 1000 },
    ],
  },
] as const satisfies readonly MeterProfile[];
