/** What a meter behind (or beside) the electricity meter measures. */
export const SUB_METER_MEDIA = ["gas", "water", "heat"] as const;
export type SubMeterMedium = (typeof SUB_METER_MEDIA)[number];

/** One cumulative register of a sub-meter: what it counts, in integers of 10^`scaler` `unit`. */
export interface SubMeterRegister {
  readonly name: SubMeterRegisterName;
  /** What the register is called outside of M-Bus (IEC 62056-6-1: 6 heat, 7 gas, 8 water). */
  readonly obis: string;
  readonly scaler: number;
  readonly unit: "m3" | "Wh";
  /** The same unit as a COSEM unit code (IEC 62056-6-2, table 4). */
  readonly cosemUnit: number;
}
export type SubMeterRegisterName = "volume" | "convertedVolume" | "reverseVolume" | "energy";

/** What all meters of a medium share. The order of `registers` is that of the values `0-n:24.2.1`, `0-n:24.2.2` of the host. */
export interface MediumDescription {
  /** Device type of the M-Bus address (EN 13757-7, table 13). */
  readonly deviceType: number;
  /** Fourth letter of the meter id. */
  readonly letter: string;
  readonly registers: readonly [SubMeterRegister, SubMeterRegister];
}

const CUBIC_METRE = 13;
const CUBIC_METRE_CONVERTED = 14;
const WATT_HOUR = 30;

export const MEDIUM_DESCRIPTIONS = {
  gas: {
    deviceType: 0x03,
    letter: "G",
    registers: [
      { name: "volume", obis: "7-0:3.0.0", scaler: -3, unit: "m3", cosemUnit: CUBIC_METRE },
      { name: "convertedVolume", obis: "7-0:3.2.0", scaler: -3, unit: "m3", cosemUnit: CUBIC_METRE_CONVERTED },
    ],
  },
  water: {
    deviceType: 0x07,
    letter: "W",
    registers: [
      { name: "volume", obis: "8-0:1.0.0", scaler: -3, unit: "m3", cosemUnit: CUBIC_METRE },
      { name: "reverseVolume", obis: "8-0:2.0.0", scaler: -3, unit: "m3", cosemUnit: CUBIC_METRE },
    ],
  },
  heat: {
    deviceType: 0x04,
    letter: "H",
    registers: [
      { name: "energy", obis: "6-0:1.0.0", scaler: 0, unit: "Wh", cosemUnit: WATT_HOUR },
      { name: "volume", obis: "6-0:2.0.0", scaler: -3, unit: "m3", cosemUnit: CUBIC_METRE },
    ],
  },
} as const satisfies Record<SubMeterMedium, MediumDescription>;

/** Registers of every sub-meter: the width of the arrays that hold them. */
export const SUB_METER_REGISTER_COUNT = 2;
