import type { MeterProfile } from "../profile.ts";

/** Diehl/Sappel IZAR radio compact (PRIOS): scrambled octets behind a manufacturer's CI. */
export const DIEHL_PROFILES = [
  {
    name: "izar",
    match: [{ manufacturers: ["HYD", "DME", "SAP", "EWT"], controlInformation: [0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7] }],
    transform: "prios",
    when: [{ at: 4, equals: 0x4b }],
    octetsMin: 9,
    fields: [
      { name: "total", unit: "m³", at: 5, octets: 4, divisor: 1000 },
      { name: "totalLastMonth", unit: "m³", at: 9, octets: 4, divisor: 1000 },
      { name: "lastMonth", at: 13, coding: "date" },
      { name: "remainingBatteryLife", unit: "a", at: 1, octets: 1, mask: 0x1f, divisor: 2 },
      { name: "transmissionPeriod", unit: "s", at: 0, octets: 1, mask: 0x0f, powerOfTwoOffset: 2 },
      { name: "prefix", coding: "sapPrefix" },
      { name: "serialNumber", coding: "sapSerial" },
      { name: "manufactureYear", coding: "sapYear" },
    ],
  },
] as const satisfies readonly MeterProfile[];
