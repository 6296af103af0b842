/** What a channel measures: the parts of an IEC 61968-9 ReadingType that tell channels apart, in the trade's words. */
export type Commodity = "electricity" | "gas" | "water" | "heat";
export type FlowDirection = "forward" | "reverse" | "net" | "total";
export type MeasurementKind =
  | "energy"
  | "reactiveEnergy"
  | "apparentEnergy"
  | "power"
  | "voltage"
  | "current"
  | "volume"
  | "temperature"
  | "other";
export type Accumulation = "deltaData" | "bulkQuantity" | "instantaneous" | "indicating";
export type Unit = "Wh" | "J" | "varh" | "VAh" | "W" | "var" | "VA" | "V" | "A" | "Hz" | "m3" | "K" | "degC" | "none";

export interface ReadingType {
  readonly commodity: Commodity;
  readonly kind: MeasurementKind;
  readonly flow: FlowDirection;
  readonly accumulation: Accumulation;
  readonly unit: Unit;
  /** Values are integers times 10^scaler in `unit`. */
  readonly scaler: number;
  /** Length of an interval in seconds; 0 for registers. */
  readonly intervalSeconds: number;
}

/** The electricity energy channels by their OBIS C value (IEC 62056-6-1): 1 import, 2 export active; 3, 4 reactive. */
export const ENERGY_CHANNELS = {
  "1-0:1.8.0": { kind: "energy", flow: "forward", unit: "Wh" },
  "1-0:2.8.0": { kind: "energy", flow: "reverse", unit: "Wh" },
  "1-0:3.8.0": { kind: "reactiveEnergy", flow: "forward", unit: "varh" },
  "1-0:4.8.0": { kind: "reactiveEnergy", flow: "reverse", unit: "varh" },
} as const satisfies Record<string, Pick<ReadingType, "kind" | "flow" | "unit">>;
export type EnergyChannelObis = keyof typeof ENERGY_CHANNELS;
