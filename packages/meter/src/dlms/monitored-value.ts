import type { DlmsData, Obis } from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";

/** Which attribute is watched. */
export interface WatchedAttribute {
  readonly classId: number;
  readonly logicalName: Obis;
  readonly attributeIndex: number;
}

/** Reads a number from the meter as it is at an instant; `undefined` where there is none. */
export type ReadNumber = (meter: SimulatedMeter, attribute: WatchedAttribute, atMs: number) => number | undefined;

/** A script by its table and number; 0 is none. */
export interface ScriptReference {
  readonly scriptLogicalName: Obis;
  readonly scriptSelector: number;
}

/** The number in a value, whatever its integer type. */
export function numberOf(value: DlmsData): number | undefined {
  if (!("value" in value)) return undefined;
  if (typeof value.value === "bigint") return Number(value.value);
  return typeof value.value === "number" ? value.value : undefined;
}
