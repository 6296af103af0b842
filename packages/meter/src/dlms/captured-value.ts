import {
  data,
  decodeData,
  entrySelection,
  obisToOctets,
  rangeSelection,
  type AccessSelection,
  type DlmsData,
  type Obis,
} from "@amity/dlms";
import type { MeterObject, ObjectContext } from "./meter-object.ts";

/** One attribute of one object; `dataIndex` 0 is the whole of it. */
export interface CapturedAttribute {
  readonly classId: number;
  readonly logicalName: Obis;
  readonly attributeIndex: number;
  readonly dataIndex: number;
  /** Rows of a buffer by date or by entry (since push setup version 2). */
  readonly restriction?: { readonly restrictionType: string; readonly restrictionValue: DlmsData };
  /** Columns of a buffer (since push setup version 3); none: all. */
  readonly columns?: readonly Omit<CapturedAttribute, "restriction" | "columns">[];
}

const PROFILE_CLASS = 7;
const BUFFER = 2;
const CAPTURE_OBJECTS = 3;
/** A longer value is not captured: pushes have a size. */
const VALUE_OCTETS_MAX = 32 * 1024;

/** Compact data, parameter monitor, data protection: their values hold those of other attributes. */
const COMPOSITES = [62, 65, 30];

/** Whether an object of a class may hold the values of another: composite ones only those before them, so that no value holds itself. */
export function mayHold(holderClassId: number, classId: number): boolean {
  return COMPOSITES.indexOf(classId) < COMPOSITES.indexOf(holderClassId);
}

/** An attribute as it reads now; null-data for what there is not, or what is too long to be captured. */
export function capturedValue(
  objectOf: (name: Obis) => MeterObject | undefined,
  attribute: CapturedAttribute,
  context: ObjectContext,
): DlmsData {
  const { logicalName, attributeIndex, dataIndex, classId } = attribute;
  const object = objectOf(logicalName);
  if (object?.definition.classId !== classId) return data.nothing;
  if (attributeIndex === 1) return data.octets(obisToOctets(logicalName));
  const isBuffer = classId === PROFILE_CLASS && attributeIndex === BUFFER;
  const outcome = object.read(attributeIndex, context, isBuffer ? rowSelection(attribute) : undefined);
  if (outcome.kind === "refused" || (outcome.kind === "encoded" && outcome.octets.length > VALUE_OCTETS_MAX)) return data.nothing;
  const read = outcome.kind === "data" ? outcome.data : decodeData(outcome.octets);
  if (isBuffer) return withColumns(read, attribute, object, context);
  if (dataIndex === 0) return read;
  const elements = read.type === "structure" || read.type === "array" ? read.value : [];
  return elements[dataIndex - 1] ?? data.nothing;
}

/** The rows that a restriction asks for, as selective access. */
function rowSelection({ restriction }: CapturedAttribute): AccessSelection | undefined {
  const bounds = restriction?.restrictionValue.type === "structure" ? restriction.restrictionValue.value : [];
  const [from, to] = bounds;
  if (from === undefined || to === undefined) return undefined;
  if (restriction?.restrictionType === "by-date") return rangeSelection(from, to);
  const [first, last] = [from, to].map((bound) => ("value" in bound && typeof bound.value === "number" ? bound.value : 0));
  return restriction?.restrictionType === "by-entry" ? entrySelection(first ?? 1, last ?? 0) : undefined;
}

/** The rows with only the columns that are asked for, in the order of the profile. */
function withColumns(rows: DlmsData, { columns = [] }: CapturedAttribute, object: MeterObject, context: ObjectContext): DlmsData {
  if (columns.length === 0 || rows.type !== "array") return rows;
  const captured = object.read(CAPTURE_OBJECTS, context, undefined);
  const all = captured.kind === "data" && captured.data.type === "array" ? captured.data.value : [];
  const wanted = new Set(columns.map(keyOf));
  const kept = all.map((one) => wanted.has(keyOfData(one)));
  return data.array(
    ...rows.value.map((row) => (row.type === "structure" ? data.structure(...row.value.filter((_, index) => kept[index])) : row)),
  );
}

function keyOf({ classId, logicalName, attributeIndex }: Omit<CapturedAttribute, "restriction" | "columns">): string {
  return `${classId}/${obisToOctets(logicalName).join(".")}/${attributeIndex}`;
}

function keyOfData(definition: DlmsData): string {
  const [classId, name, attribute] = definition.type === "structure" ? definition.value : [];
  const number = (value: DlmsData | undefined): unknown => (value !== undefined && "value" in value ? value.value : undefined);
  return `${String(number(classId))}/${name?.type === "octet-string" ? name.value.join(".") : ""}/${String(number(attribute))}`;
}
