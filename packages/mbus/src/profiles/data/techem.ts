import type { MeterProfile, ProfileField } from "../profile.ts";

const HEAT_COST = { manufacturers: ["TCH"], deviceTypes: [0x80], controlInformation: [0xa0, 0xa1, 0xa2] } as const;

const HEAT_COST_FIELDS = [
  { name: "previousDate", at: 1, coding: "techemDate" },
  { name: "previousConsumption", unit: "HCA", at: 3, octets: 2 },
  { name: "currentDate", at: 5, coding: "techemDay", afterAt: 1 },
  { name: "currentConsumption", unit: "HCA", at: 7, octets: 2 },
] as const;

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const TECHEM_CI = [0xa0, 0xa1, 0xa2] as const;
const HEAT_TYPES = [0x04, 0x43, 0xc3] as const;

/** Energy of the last closed and of the running period, three octets each. */
function heat(unit: string, divisor: number): ProfileField[] {
  return [
    { name: "total", unit, at: 3, octets: 3, plusAt: 7, divisor },
    { name: "previousConsumption", unit, at: 3, octets: 3, divisor },
    { name: "currentConsumption", unit, at: 7, octets: 3, divisor },
    { name: "previousDate", at: 1, coding: "techemDate" },
  ];
}

/** Techem heat cost allocators, radio water and heat meters, smoke detectors: everything behind a manufacturer's CI. */
export const TECHEM_PROFILES = [
  {
    name: "fhkv-data-iii",
    match: [{ ...HEAT_COST, versions: [0x64, 0x69] }],
    octetsMin: 13,
    fields: [
      ...HEAT_COST_FIELDS,
      { name: "roomTemperature", unit: "°C", at: 9, octets: 2, divisor: 100 },
      { name: "radiatorTemperature", unit: "°C", at: 11, octets: 2, divisor: 100 },
    ],
  },
  {
    name: "fhkv-data-iii-v94",
    match: [{ ...HEAT_COST, versions: [0x94] }],
    octetsMin: 14,
    fields: [
      ...HEAT_COST_FIELDS,
      { name: "roomTemperature", unit: "°C", at: 10, octets: 2, divisor: 100 },
      { name: "radiatorTemperature", unit: "°C", at: 12, octets: 2, divisor: 100 },
    ],
  },
  {
    name: "mk-radio-3a",
    match: [{ manufacturers: ["TCH"], versions: [0x50], deviceTypes: [0x72], controlInformation: TECHEM_CI }],
    transform: "techemHalfMonths",
    fields: [
      { name: "currentDate", at: 0, coding: "techemDate" },
      { name: "total", unit: "m³", at: 2, octets: 3, divisor: 10 },
      ...MONTHS.map((month, index) => ({ name: `use${month}`, unit: "m³", at: 5 + index * 2, octets: 2, divisor: 10 })),
    ],
  },
  {
    name: "mk-radio-water",
    match: [{ manufacturers: ["TCH"], deviceTypes: [0x62, 0x72], controlInformation: [0xa0, 0xa1, 0xa2] }],
    octetsMin: 9,
    fields: [
      { name: "total", unit: "m³", at: 3, octets: 2, plusAt: 7, divisor: 10 },
      { name: "totalAtPreviousDate", unit: "m³", at: 3, octets: 2, divisor: 10 },
      { name: "previousDate", at: 1, coding: "techemDate" },
      { name: "currentDate", at: 5, coding: "techemDay", afterAt: 1 },
    ],
  },
  {
    name: "vario-451",
    match: [{ manufacturers: ["TCH"], deviceTypes: HEAT_TYPES, versions: [0x27], controlInformation: TECHEM_CI }],
    octetsMin: 10,
    fields: heat("GJ", 1000),
  },
  {
    name: "compact-v",
    match: [{ manufacturers: ["TCH"], deviceTypes: HEAT_TYPES, versions: [0x22, 0x39, 0x45], controlInformation: TECHEM_CI }],
    octetsMin: 10,
    fields: heat("kWh", 1),
  },
  {
    name: "ts-d2-smoke",
    match: [{ manufacturers: ["TCH"], deviceTypes: [0xf0], controlInformation: [0xa0, 0xa1, 0xa2] }],
    octetsMin: 3,
    fields: [
      { name: "status", at: 0, octets: 1 },
      { name: "previousDate", at: 1, coding: "techemDate" },
    ],
  },
] satisfies readonly MeterProfile[];
