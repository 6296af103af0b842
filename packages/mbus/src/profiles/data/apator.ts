import type { MeterProfile, ProfileField } from "../profile.ts";

const APATOR = ["APA", "APT"];

/** Heat cost allocators. */
const E_ITN: readonly ProfileField[] = [
  { name: "seasonStart", at: 0, coding: "techemDate", absent: 0 },
  { name: "previousConsumption", unit: "HCA", at: 3, octets: 2 },
  { name: "electronicSealBroken", at: 5, coding: "techemDate", absent: 0 },
  { name: "currentConsumption", unit: "HCA", at: 7, octets: 2 },
  { name: "currentDate", at: 9, coding: "techemDate" },
  { name: "averageRoomTemperaturePreviousMonth", unit: "°C", at: 11, octets: 2, divisor: 256 },
  { name: "averageRoomTemperature", unit: "°C", at: 13, octets: 2, divisor: 256 },
];

/** Apator: water modules, heat cost allocators E.ITN. */
export const APATOR_PROFILES = [
  {
    name: "at-wmbus-08",
    match: [{ manufacturers: APATOR, deviceTypes: [0x03, 0x0f], controlInformation: [0xa0, 0xa1] }],
    octetsMin: 4,
    fields: [{ name: "total", unit: "m³", at: 0, octets: 4, divisor: 3000 }],
  },
  {
    name: "at-wmbus-17-2",
    match: [{ manufacturers: APATOR, deviceTypes: [0x11], controlInformation: [0xa0, 0xa1] }],
    octetsMin: 4,
    fields: [{ name: "total", unit: "m³", at: 0, octets: 4, divisor: 3 }],
  },
  {
    name: "at-wmbus-16-2",
    match: [{ manufacturers: ["APA"], deviceTypes: [0x07, 0x06, 0x16], versions: [0x05] }],
    transform: "apatorRegisters",
    octetsMin: 4,
    fields: [{ name: "total", unit: "m³", at: 0, octets: 4, divisor: 1000 }],
  },
  {
    name: "na-1",
    match: [{ manufacturers: ["APA"], deviceTypes: [0x07], versions: [0x14], controlInformation: [0xa0, 0xa1] }],
    transform: "apatorNa1",
    fields: [
      { name: "total", unit: "m³", at: 0, octets: 4, divisor: 1000 },
      { name: "totalAtLastMonth", unit: "m³", at: 4, octets: 4, divisor: 1000 },
      { name: "dateTime", at: 8, coding: "secondsSince2000" },
      { name: "lastMonth", at: 12, coding: "secondsSince2000" },
      { name: "ageOfLastMonth", unit: "h", at: 16, octets: 2 },
      { name: "status", at: 18, octets: 1 },
      { name: "statusAtLastMonth", at: 19, octets: 1 },
      { name: "frameStatus", at: 20, octets: 1 },
    ],
  },
  {
    name: "e-itn",
    match: [{ manufacturers: APATOR, deviceTypes: [0x08], controlInformation: [0xa0] }],
    octetsMin: 15,
    fields: E_ITN,
  },
  {
    name: "e-itn-extended",
    match: [{ manufacturers: APATOR, deviceTypes: [0x08], controlInformation: [0xb6] }],
    transform: "apatorPrefix",
    octetsMin: 15,
    fields: E_ITN,
  },
] as const satisfies readonly MeterProfile[];
