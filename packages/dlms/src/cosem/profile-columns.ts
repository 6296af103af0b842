import type { DlmsData } from "../data/dlms-data.ts";
import type { CaptureColumn } from "../data/selections.ts";
import { attributeName } from "./interface-class.ts";
import { closestClass, className } from "./class-catalogue.ts";
import { profileGeneric } from "./classes/data-classes.ts";
import { obisName } from "./obis-names.ts";
import { formatScaled, type ScalerUnit } from "./scaler.ts";

/** A column of a profile, in words and ready to be scaled. */
export interface ProfileColumn extends CaptureColumn {
  /** `Active energy import (+A)`, or the class and logical name where the code has no standard name. */
  readonly name: string;
  /** `value`, `status`, ...; `undefined` where the class is not known. */
  readonly attribute: string | undefined;
  readonly kind: "clock" | "status" | "value";
  /** Of the register that is captured, where it was read. */
  readonly scalerUnit: ScalerUnit | undefined;
}

/** Reads attribute 3 of a profile generic. @throws DecodeError. */
export function parseCaptureObjects(value: DlmsData): CaptureColumn[] {
  return profileGeneric.attributes.captureObjects.decode(value).map(({ classId, logicalName, attributeIndex, dataIndex }) => ({
    classId,
    instanceId: logicalName,
    attributeId: attributeIndex,
    dataIndex,
  }));
}

/** Writes attribute 3 of a profile generic. */
export function encodeCaptureObjects(columns: readonly CaptureColumn[]): DlmsData {
  const objects = columns.map(({ classId, instanceId, attributeId, dataIndex = 0 }) => {
    return { classId, logicalName: instanceId, attributeIndex: attributeId, dataIndex };
  });
  return profileGeneric.attributes.captureObjects.encode(objects);
}

/** Describes the columns of a profile. `scalers` by logical name: those registers' attribute 3. */
export function describeColumns(captured: readonly CaptureColumn[], scalers: ReadonlyMap<string, ScalerUnit> = new Map()): ProfileColumn[] {
  return captured.map((column) => {
    const definition = closestClass(column.classId);
    return {
      ...column,
      name: obisName(column.instanceId) ?? `${className(column.classId)} ${column.instanceId}`,
      attribute: definition && attributeName(definition, column.attributeId),
      kind: kindOf(column),
      scalerUnit: isScaled(column) ? scalers.get(column.instanceId) : undefined,
    };
  });
}

/** The restricting object of a selection by range: the clock, as a capture object (IEC 62056-6-2, 4.3.6.2). */
export function clockColumn(captured: readonly CaptureColumn[]): CaptureColumn | undefined {
  return captured.find((column) => kindOf(column) === "clock");
}

/** A cell for people: numbers scaled, the rest as it is. */
export function formatCell(column: ProfileColumn, cell: DlmsData): string {
  if (!("value" in cell)) return "";
  const { value } = cell;
  if (typeof value === "number" || typeof value === "bigint") {
    return formatScaled(value, column.scalerUnit ?? { scaler: 0, unit: 255 });
  }
  if (value instanceof Uint8Array) return Array.from(value, (octet) => octet.toString(16).padStart(2, "0")).join("");
  // Structures and bit strings have no short form.
  return typeof value === "string" || typeof value === "boolean" ? String(value) : cell.type;
}

function kindOf(column: CaptureColumn): ProfileColumn["kind"] {
  if (column.classId === 8 && column.attributeId === 2) return "clock";
  return column.classId === 1 && /:96\.(5|10)\./.test(column.instanceId) ? "status" : "value";
}

/** Value attributes of registers, extended and demand registers carry the register's scaler. */
function isScaled({ classId, attributeId }: CaptureColumn): boolean {
  return (attributeId === 2 && (classId === 3 || classId === 4 || classId === 5)) || (classId === 5 && attributeId === 3);
}
