import type { MeterProfile } from "../profile.ts";

const HYDROCLIMA = [{ manufacturers: ["BMP"], deviceTypes: [0x08] }] as const;

/** BMeters HydroClima heat cost allocators: the first octet behind DIF 0F tells the layout. */
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
      { name: "ambientTemperatureAtSetDate1", unit: "°C", at: 29, octets: 2, divisor: 100 },
      { name: "ambientTemperatureAtSetDate2", unit: "°C", at: 31, octets: 2, divisor: 100 },
      { name: "totalConsumption", unit: "HCA", at: 44, octets: 2 },
    ],
  },
] as const satisfies readonly MeterProfile[];
