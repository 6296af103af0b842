import type { Unit } from "@amity/model";

/** A number in a unit of the model: `value · 10^scaler` in `unit`. */
export interface Quantity {
  readonly value: bigint;
  readonly scaler: number;
  readonly unit: Unit;
}

/** Units as local protocols write them, in units of the model and a power of ten. */
const UNITS: Readonly<Record<string, readonly [unit: Unit, exponent: number]>> = {
  Wh: ["Wh", 0],
  kWh: ["Wh", 3],
  MWh: ["Wh", 6],
  J: ["J", 0],
  kJ: ["J", 3],
  MJ: ["J", 6],
  GJ: ["J", 9],
  varh: ["varh", 0],
  kvarh: ["varh", 3],
  VAh: ["VAh", 0],
  kVAh: ["VAh", 3],
  W: ["W", 0],
  kW: ["W", 3],
  MW: ["W", 6],
  var: ["var", 0],
  kvar: ["var", 3],
  VA: ["VA", 0],
  kVA: ["VA", 3],
  V: ["V", 0],
  A: ["A", 0],
  mA: ["A", -3],
  Hz: ["Hz", 0],
  "m³": ["m3", 0],
  m3: ["m3", 0],
  l: ["m3", -3],
  "°C": ["degC", 0],
  C: ["degC", 0],
  K: ["K", 0],
};

/** The number in the model's unit; `undefined` where the unit is none of it. Letters' case counts but for `KWH` and the like. */
export function quantityOf(number: { readonly value: bigint; readonly scaler: number }, unit: string): Quantity | undefined {
  const known = UNITS[unit] ?? UNITS[unit.replace(/WH$/i, "Wh").replace(/^K(?=W|V|v|A)/, "k")];
  return known === undefined ? undefined : { value: number.value, scaler: number.scaler + known[1], unit: known[0] };
}
