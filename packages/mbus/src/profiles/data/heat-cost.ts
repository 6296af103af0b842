import type { MeterProfile, ProfileField } from "../profile.ts";

const HYDROCLIMA = [{ manufacturers: ["BMP"], deviceTypes: [0x08] }] as const;

/** 18 months, newest first. */
const BFW_MONTHS: readonly ProfileField[] = Array.from({ length: 18 }, (_, month) => ({
  name: `consumptionMonth${month + 1}`,
  unit: "HCA",
  at: 4 + month * 2,
  octets: 2,
}));

/** BMeters HydroClima (the first octet behind DIF 0F tells the layout) and BFW heat cost allocators. */
export const HEAT_COST_PROFILES = [
  {
    name: "hydroclima-short",
    match: HYDROCLIMA,
    when: [{ at: 0, equals: 0x10 }],
    octetsMin: 21,
    fields: [
      { name: "averageAmbientTemperature", unit: "°C", at: 7, octets: 2, divisor: 100 },
      { name: "maximumAmbientTemperature", unit: "°C", at: 9, octets: 2, divisor: 100 },
      { name: "averageAmbientTemperatureLastMonth", unit: "°C", at: 15, octets: 2, divisor: 100 },
      { name: "averageHeaterTemperatureLastMonth", unit: "°C", at: 17, octets: 2, divisor: 100 },
      { name: "totalConsumption", unit: "HCA", at: 19, octets: 2 },
    ],
  },
  {
    name: "hydroclima-long",
    match: HYDROCLIMA,
    when: [{ at: 0, equals: 0x11 }],
    octetsMin: 47,
    fields: [
      { name: "averageHeaterTemperature", unit: "°C", at: 9, octets: 2, divisor: 100 },
      { name: "averageAmbientTemperature", unit: "°C", at: 11, octets: 2, divisor: 100 },
      { name: "maximumAmbientTemperature", unit: "°C", at: 13, octets: 2, divisor: 100 },
      { name: "averageHeaterTemperatureLastMonth", unit: "°C", at: 17, octets: 2, divisor: 100 },
      { name: "averageAmbientTemperatureLastMonth", unit: "°C", at: 19, octets: 2, divisor: 100 },
      { name: "consumptionAtSetDate1", unit: "HCA", at: 21, octets: 2 },
      { name: "consumptionAtSetDate2", unit: "HCA", at: 23, octets: 2 },
      { name: "consumptionAtSetDate3", unit: "HCA", at: 25, octets: 2 },
      { name: "consumptionAtSetDate4", unit: "HCA", at: 27, octets: 2 },
      { name: "ambientTemperatureAtSetDate1", unit: "°C", at: 29, octets: 2, divisor: 100 },
      { name: "ambientTemperatureAtSetDate2", unit: "°C", at: 31, octets: 2, divisor: 100 },
      { name: "ambientTemperatureAtSetDate3", unit: "°C", at: 33, octets: 2, divisor: 100 },
      { name: "totalConsumption", unit: "HCA", at: 44, octets: 2 },
    ],
  },
  {
    name: "bfw-240",
    match: [{ manufacturers: ["BFW"], versions: [0x02], deviceTypes: [0x08] }],
    transform: "bfwMonths",
    fields: [
      { name: "previousConsumption", unit: "HCA", at: 0, octets: 2 },
      { name: "currentConsumption", unit: "HCA", at: 2, octets: 2 },
      ...BFW_MONTHS,
      { name: "currentDate", at: 40, coding: "bcdDay" },
    ],
  },
] satisfies readonly MeterProfile[];
