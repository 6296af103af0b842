import { data, type DlmsData } from "../data/dlms-data.ts";
import { attributeName } from "./interface-class.ts";
import { closestClass, className } from "./class-catalogue.ts";
import { profileGeneric } from "./classes/data-classes.ts";
import { captureObject, type CaptureObject } from "./classes/parts.ts";
import { obisName } from "./obis-names.ts";
import { formatScaled, type ScalerUnit } from "./scaler.ts";

/** A column of a profile, in words and ready to be scaled. */
export interface ProfileColumn extends CaptureObject {
  /** `Active energy import (+A)`, or the class and logical name where the code has no standard name. */
  readonly name: string;
  /** `value`, `status`, ...; `undefined` where the class is not known. */
  readonly attribute: string | undefined;
  readonly kind: "clock" | "status" | "value";
  /** Of the register that is captured, where it was read. */
  readonly scalerUnit: ScalerUnit | undefined;
}

/** Reads attribute 3 of a profile generic. @throws DecodeError. */
export function parseCaptureObjects(value: DlmsData): readonly CaptureObject[] {
  return profileGeneric.attributes.captureObjects.decode(value);
}

/** Describes the columns of a profile. `scalers` by logical name: those registers' attribute 3. */
export function describeColumns(captured: readonly CaptureObject[], scalers: ReadonlyMap<string, ScalerUnit> = new Map()): ProfileColumn[] {
  return captured.map((column) => {
    const definition = closestClass(column.classId);
    return {
      ...column,
      name: obisName(column.logicalName) ?? `${className(column.classId)} ${column.logicalName}`,
      attribute: definition && attributeName(definition, column.attributeIndex),
      kind: kindOf(column),
      scalerUnit: isScaled(column) ? scalers.get(column.logicalName) : undefined,
    };
  });
}

/** The restricting object of a selection by range: the clock, as a capture object (IEC 62056-6-2, 4.3.6.2). */
export function clockColumn(captured: readonly CaptureObject[]): CaptureObject | undefined {
  return captured.find((column) => kindOf(column) === "clock");
}

/** The parameters of selective access by range (selector 1): from and to, both of the type that the column has. */
export function rangeParameters(
  restricting: CaptureObject,
  from: DlmsData,
  to: DlmsData,
  columns: readonly CaptureObject[] = [],
): DlmsData {
  return data.structure(captureObject.encode(restricting), from, to, data.array(...columns.map((column) => captureObject.encode(column))));
}

/** The parameters of selective access by entry (selector 2): entries and columns count from 1; 0 is "to the last". */
export function entryParameters(fromEntry: number, toEntry: number, fromColumn = 1, toColumn = 0): DlmsData {
  return data.structure(
    data.doubleLongUnsigned(fromEntry),
    data.doubleLongUnsigned(toEntry),
    data.longUnsigned(fromColumn),
    data.longUnsigned(toColumn),
  );
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

function kindOf(column: CaptureObject): ProfileColumn["kind"] {
  if (column.classId === 8 && column.attributeIndex === 2) return "clock";
  return column.classId === 1 && /:96\.(5|10)\./.test(column.logicalName) ? "status" : "value";
}

/** Value attributes of registers, extended and demand registers carry the register's scaler. */
function isScaled({ classId, attributeIndex }: CaptureObject): boolean {
  return (attributeIndex === 2 && (classId === 3 || classId === 4 || classId === 5)) || (classId === 5 && attributeIndex === 3);
}
