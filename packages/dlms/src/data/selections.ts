import type { AccessSelection } from "../apdu/descriptors.ts";
import { data, type DlmsData } from "./dlms-data.ts";
import { obisFromOctets, obisToOctets, type Obis } from "./obis.ts";

/** A column of a profile: what was captured (Blue Book 4.3.6, capture_object_definition). */
export interface CaptureColumn {
  readonly classId: number;
  readonly instanceId: Obis;
  readonly attributeId: number;
  /** 0: the whole attribute. */
  readonly dataIndex?: number;
}

/** The clock as the column that ranges are usually over. */
const CLOCK: CaptureColumn = { classId: 8, instanceId: "0-0:1.0.0.255" as Obis, attributeId: 2 };

/**
 * Selective access 1 of a profile buffer: rows whose restricting column lies from `from` to `to`, both included.
 * For the clock both are 12 octets of date-time; pass them as `data.octets` (usual) or `data.dateTime`.
 * No columns asks for all.
 */
export function rangeSelection(
  from: DlmsData,
  to: DlmsData,
  columns: readonly CaptureColumn[] = [],
  restricting: CaptureColumn = CLOCK,
): AccessSelection {
  return { selector: 1, parameters: data.structure(columnData(restricting), from, to, data.array(...columns.map(columnData))) };
}

/** Selective access 2: rows by number from 1, `toEntry` 0 is to the end; columns from 1, `toColumn` 0 is to the last. */
export function entrySelection(fromEntry: number, toEntry: number, fromColumn = 1, toColumn = 0): AccessSelection {
  return {
    selector: 2,
    parameters: data.structure(
      data.doubleLongUnsigned(fromEntry),
      data.doubleLongUnsigned(toEntry),
      data.longUnsigned(fromColumn),
      data.longUnsigned(toColumn),
    ),
  };
}

/** What a range or entry selection asks for, read back on the server's side; `undefined` where it is neither or malformed. */
export type ProfileSelection =
  | {
      readonly kind: "range";
      readonly restricting: CaptureColumn;
      readonly from: DlmsData;
      readonly to: DlmsData;
      readonly columns: CaptureColumn[];
    }
  | {
      readonly kind: "entry";
      readonly fromEntry: number;
      readonly toEntry: number;
      readonly fromColumn: number;
      readonly toColumn: number;
    };

/** Reads the parameters of selectors 1 and 2. */
export function readProfileSelection({ selector, parameters }: AccessSelection): ProfileSelection | undefined {
  if (parameters.type !== "structure" || parameters.value.length !== 4) return undefined;
  const [first, from, to, last] = parameters.value;
  if (first === undefined || from === undefined || to === undefined || last === undefined) return undefined;
  if (selector === 1) {
    const restricting = readColumn(first);
    const columns = last.type === "array" ? last.value.map(readColumn) : [];
    const known = columns.filter((column) => column !== undefined);
    return restricting === undefined || known.length !== columns.length
      ? undefined
      : { kind: "range", restricting, from, to, columns: known };
  }
  const [fromEntry, toEntry, fromColumn, toColumn] = parameters.value.map(integerOf);
  if (selector !== 2 || fromEntry === undefined || toEntry === undefined || fromColumn === undefined || toColumn === undefined)
    return undefined;
  return { kind: "entry", fromEntry, toEntry, fromColumn, toColumn };
}

/** Part of a utility table's buffer (class 26): octets from an offset on, or elements by their place in the table's hierarchy. */
export type TableSelection =
  | { readonly kind: "offset"; readonly offset: number; readonly octets: number }
  /** `elements` 0: all below the place. */
  | { readonly kind: "index"; readonly path: readonly number[]; readonly elements: number };

/** Selective access 1 (offset) and 2 (index) of a utility table's buffer (Blue Book, class 26). */
export function tableSelection(wanted: TableSelection): AccessSelection {
  const first = wanted.kind === "offset" ? data.doubleLongUnsigned(wanted.offset) : data.array(...wanted.path.map(data.longUnsigned));
  const count = data.longUnsigned(wanted.kind === "offset" ? wanted.octets : wanted.elements);
  return { selector: wanted.kind === "offset" ? 1 : 2, parameters: data.structure(first, count) };
}

/** Reads it back on the server's side; `undefined` where it is of another form. */
export function readTableSelection({ selector, parameters }: AccessSelection): TableSelection | undefined {
  const [first, count] = parameters.type === "structure" && parameters.value.length === 2 ? parameters.value : [];
  if (count?.type !== "long-unsigned") return undefined;
  if (selector === 1 && first?.type === "double-long-unsigned") return { kind: "offset", offset: first.value, octets: count.value };
  if (selector !== 2 || first?.type !== "array") return undefined;
  const path = first.value.flatMap((index) => (index.type === "long-unsigned" ? [index.value] : []));
  return path.length === first.value.length ? { kind: "index", path, elements: count.value } : undefined;
}

/** A column as it stands in capture_objects. */
export function columnData({ classId, instanceId, attributeId, dataIndex }: CaptureColumn): DlmsData {
  return data.structure(
    data.longUnsigned(classId),
    data.octets(obisToOctets(instanceId)),
    data.integer(attributeId),
    data.longUnsigned(dataIndex ?? 0),
  );
}

/** Reads a column; `undefined` where it is malformed. */
export function readColumn(value: DlmsData): CaptureColumn | undefined {
  if (value.type !== "structure") return undefined;
  const [classId, name, attributeId, dataIndex] = value.value;
  if (classId?.type !== "long-unsigned" || name?.type !== "octet-string" || name.value.length !== 6) return undefined;
  const attribute = integerOf(attributeId);
  if (attribute === undefined) return undefined;
  return { classId: classId.value, instanceId: obisFromOctets(name.value), attributeId: attribute, dataIndex: integerOf(dataIndex) ?? 0 };
}

function integerOf(value: DlmsData | undefined): number | undefined {
  return value !== undefined && "value" in value && typeof value.value === "number" ? value.value : undefined;
}
