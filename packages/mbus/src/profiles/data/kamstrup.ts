import type { MeterProfile } from "../profile.ts";

/** Kamstrup MULTICAL and flowIQ: records whose VIF is the manufacturer's. */
export const KAMSTRUP_PROFILES = [
  {
    name: "multical-flowiq",
    match: [{ manufacturers: ["KAM", "KAW"] }],
    fields: [
      { name: "forwardEnergyVolumeTemperature", unit: "m³·°C", codes: [0xff, 0x07] },
      { name: "returnEnergyVolumeTemperature", unit: "m³·°C", codes: [0xff, 0x08] },
      { name: "infoCode", codes: [0xff, 0x20] },
      { name: "infoCode", codes: [0xff, 0x21] },
      { name: "infoCode", codes: [0xff, 0x22] },
      { name: "configuration", codes: [0xff, 0x15] },
    ],
  },
] as const satisfies readonly MeterProfile[];
