import type { MeterProfile } from "../profile.ts";

const APATOR = ["APA", "APT"];

/** Apator: water modules, heat cost allocators E.ITN. */
export const APATOR_PROFILES = [
  {
    name: "at-wmbus-08",
    match: [{ manufacturers: APATOR, deviceTypes: [0x0f], controlInformation: [0xa0, 0xa1] }],
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
    name: "e-itn",
    match: [{ manufacturers: APATOR, deviceTypes: [0x08], controlInformation: [0xa0] }],
    octetsMin: 15,
    fields: [
      { name: "seasonStart", at: 0, coding: "techemDate", absent: 0 },
      { name: "previousConsumption", unit: "HCA", at: 3, octets: 2 },
      { name: "electronicSealBroken", at: 5, coding: "techemDate", absent: 0 },
      { name: "currentConsumption", unit: "HCA", at: 7, octets: 2 },
      { name: "currentDate", at: 9, coding: "techemDate" },
      { name: "averageRoomTemperaturePreviousMonth", unit: "°C", at: 11, octets: 2, divisor: 256 },
      { name: "averageRoomTemperature", unit: "°C", at: 13, octets: 2, divisor: 256 },
    ],
  },
  {
    name: "e-itn-extended",
    match: [{ manufacturers: APATOR, deviceTypes: [0x08], controlInformation: [0xb6] }],
    when: [{ at: 0, equals: 0x0a }],
    octetsMin: 27,
    fields: [
      { name: "seasonStart", at: 12, coding: "techemDate", absent: 0 },
      { name: "previousConsumption", unit: "HCA", at: 15, octets: 2 },
      { name: "electronicSealBroken", at: 17, coding: "techemDate", absent: 0 },
      { name: "currentConsumption", unit: "HCA", at: 19, octets: 2 },
      { name: "currentDate", at: 21, coding: "techemDate" },
      { name: "averageRoomTemperaturePreviousMonth", unit: "°C", at: 23, octets: 2, divisor: 256 },
      { name: "averageRoomTemperature", unit: "°C", at: 25, octets: 2, divisor: 256 },
    ],
  },
] as const satisfies readonly MeterProfile[];
