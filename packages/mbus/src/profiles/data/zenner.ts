import type { MeterProfile } from "../profile.ts";

/** Zenner water radio modules, version 0B: fixed-point numbers in litres / 256 behind DIF 0F. */
export const ZENNER_PROFILES = [
  {
    name: "zenner-0b",
    match: [{ manufacturers: ["ZRI"], versions: [0x0b], deviceTypes: [0x16, 0x06, 0x07] }],
    octetsMin: 12,
    fields: [
      { name: "totalAtDueDate", unit: "m³", at: 4, octets: 4, divisor: 256000 },
      { name: "total", unit: "m³", at: 8, octets: 4, divisor: 256000 },
    ],
  },
] as const satisfies readonly MeterProfile[];
