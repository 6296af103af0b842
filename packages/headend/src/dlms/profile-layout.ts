import { DecodeError } from "@amity/bytes";
import { captureObjectsOf, COSEM_CLASS, isRegisterValue, type CaptureObject, type ProfileDescription } from "@amity/concentrator";
import type { DlmsData, Obis } from "@amity/dlms";
import type { Unit } from "@amity/model";

/** What one column of a profile holds. */
export type LayoutColumn =
  | { readonly kind: "clock" }
  | { readonly kind: "status" }
  | { readonly kind: "register"; readonly channel: string; readonly unit: Unit; readonly scaler: number }
  | { readonly kind: "other" };

/** How to read the buffer of one profile of one meter. */
export interface ProfileLayout {
  readonly columns: readonly LayoutColumn[];
  readonly periodSeconds: number;
}

/** Units of class 3 by their code (Blue Book 4.3.2, table 4). */
const UNITS: Readonly<Record<number, Unit>> = {
  9: "degC",
  13: "m3",
  14: "m3",
  27: "W",
  28: "VA",
  29: "var",
  30: "Wh",
  31: "VAh",
  32: "varh",
  33: "A",
  35: "V",
  44: "Hz",
};

/** The model's unit for a code of the standard; `none` for what it does not name. */
export function unitOfCode(code: number): Unit {
  return UNITS[code] ?? "none";
}

/** Scaler and unit of a register. @throws DecodeError. */
export function scalerUnitOf(value: DlmsData): { readonly scaler: number; readonly unit: Unit } {
  const [scaler, unit] = value.type === "structure" ? value.value : [];
  if (scaler?.type !== "integer" || unit?.type !== "enum") throw malformed("scaler_unit is not (integer, enum)");
  return { scaler: scaler.value, unit: unitOfCode(unit.value) };
}

/** The layout from its parts; `scalerUnits` has an entry for each capture object that is a register's value. */
export function layoutOf(
  objects: readonly CaptureObject[],
  scalerUnits: readonly (DlmsData | undefined)[],
  periodSeconds: number,
): ProfileLayout {
  const columns = objects.map((object, index): LayoutColumn => {
    if (object.classId === COSEM_CLASS.clock && object.attributeId === 2) return { kind: "clock" };
    if (object.classId === COSEM_CLASS.data && /^\d+-\d+:96\.10\./.test(object.instanceId)) return { kind: "status" };
    const scalerUnit = scalerUnits[index];
    if (!isRegisterValue(object) || scalerUnit === undefined) return { kind: "other" };
    return { kind: "register", channel: channelName(object.instanceId), ...scalerUnitOf(scalerUnit) };
  });
  if (!columns.some(({ kind }) => kind === "clock")) throw malformed("the profile captures no clock: its rows have no time");
  return { columns, periodSeconds };
}

/** `1-0:1.8.0` for `1-0:1.8.0.255`: channels leave out an F that says nothing. */
export function channelName(instanceId: Obis): string {
  return instanceId.endsWith(".255") ? instanceId.slice(0, -4) : instanceId;
}

export function layoutOfDescription(description: ProfileDescription): ProfileLayout {
  return layoutOf(captureObjectsOf(description.captureObjects), description.scalerUnits, description.periodSeconds);
}

function malformed(reason: string): DecodeError {
  return new DecodeError(reason, { offset: -1 });
}
