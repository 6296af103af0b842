import { encodeData } from "../data/axdr.ts";
import { data, type DlmsData } from "../data/dlms-data.ts";
import { obisToOctets, type Obis } from "../data/obis.ts";
import type { AccessSelection } from "../apdu/descriptors.ts";
import type { ObjectRightsBits } from "./association-change.ts";
import { objectsOf } from "./association-changes.ts";
import {
  ACCESS,
  type AssociationDefinition,
  type CompiledModel,
  type LogicalDevice,
  type ObjectDefinition,
  type ReadOutcome,
} from "./cosem-device.ts";

/** Object lists by model and association: the same octets for every meter of a type whose clients changed nothing. */
const OBJECT_LISTS = new WeakMap<CompiledModel, Map<AssociationDefinition, Uint8Array>>();

/** Selective access to an object list (Blue Book 4.4.4): all without rights, by class without rights, by objects, one object. */
export const LIST_SELECTORS = { withoutRights: 1, byClass: 2, byObjects: 3, byObject: 4 } as const;

/** Attribute 2 of an association: the association objects that it shows itself, then every object in which it has any right. */
export function readObjectList(
  device: LogicalDevice,
  definition: AssociationDefinition,
  associations: readonly ObjectDefinition[],
  selection: AccessSelection | undefined,
): ReadOutcome {
  if (selection !== undefined) return selected([...associations, ...objectsOf(device, definition)], device.model, definition, selection);
  const { model } = device;
  const isChanged = device.associationChanges?.(definition.clientSap) !== undefined;
  let lists = OBJECT_LISTS.get(model);
  if (lists === undefined) OBJECT_LISTS.set(model, (lists = new Map()));
  const known = isChanged ? undefined : lists.get(definition);
  if (known !== undefined) return { kind: "encoded", octets: known };
  const objects = [...associations, ...objectsOf(device, definition)];
  const octets = encodeData(data.array(...objects.map((object) => listElement(object, definition.role, versionOf(model)))));
  if (!isChanged) lists.set(definition, octets);
  return { kind: "encoded", octets };
}

/** The version of a model's association objects. */
export function versionOf(model: CompiledModel): 1 | 2 | 3 {
  return model.associationVersion ?? 1;
}

function selected(
  objects: readonly ObjectDefinition[],
  model: CompiledModel,
  { role }: AssociationDefinition,
  { selector, parameters }: AccessSelection,
): ReadOutcome {
  const whole = (chosen: readonly ObjectDefinition[]) => chosen.map((object) => listElement(object, role, versionOf(model)));
  const named = (chosen: readonly ObjectDefinition[]) => chosen.map((object) => data.structure(...identityOf(object)));
  switch (selector) {
    case LIST_SELECTORS.withoutRights:
      return given(data.array(...named(objects)));
    case LIST_SELECTORS.byClass: {
      const classes = elementsOf(parameters).flatMap((one) => (one.type === "long-unsigned" ? [one.value] : []));
      return parameters.type === "array"
        ? given(data.array(...named(objects.filter(({ classId }) => classes.includes(classId)))))
        : UNMATCHED;
    }
    case LIST_SELECTORS.byObjects: {
      if (parameters.type !== "array") return UNMATCHED;
      const wanted = parameters.value.map(keyOfReference);
      return given(data.array(...whole(objects.filter((object) => wanted.includes(keyOf(object))))));
    }
    case LIST_SELECTORS.byObject: {
      const wanted = keyOfReference(parameters);
      const found = objects.find((object) => keyOf(object) === wanted);
      if (wanted === undefined) return UNMATCHED;
      return found === undefined ? { kind: "refused", result: "object-undefined" } : given(data.array(...whole([found])));
    }
    default:
      return { kind: "refused", result: "scope-of-access-violated" };
  }
}

const UNMATCHED: ReadOutcome = { kind: "refused", result: "type-unmatched" };

function given(value: DlmsData): ReadOutcome {
  return { kind: "data", data: value };
}

function elementsOf(value: DlmsData): readonly DlmsData[] {
  return value.type === "array" ? value.value : [];
}

function keyOf({ classId, instanceId }: { classId: number; instanceId: Obis }): string {
  return `${classId}/${obisToOctets(instanceId).join(".")}`;
}

/** `{ class, logical name }` as a key; `undefined` for what is no such thing. */
function keyOfReference(value: DlmsData): string | undefined {
  const [classId, name] = value.type === "structure" ? value.value : [];
  return classId?.type === "long-unsigned" && name?.type === "octet-string" ? `${classId.value}/${name.value.join(".")}` : undefined;
}

function identityOf({ classId, version, instanceId }: ObjectDefinition): DlmsData[] {
  return [data.longUnsigned(classId), data.unsigned(version), data.octets(obisToOctets(instanceId))];
}

function listElement(object: ObjectDefinition, role: string, version: number): DlmsData {
  return data.structure(...identityOf(object), data.structure(...accessRightsData(object, role, version)));
}

/** attribute_access and method_access of an object for a role. */
export function accessRightsData(object: ObjectDefinition, role: string, version: number): [attributes: DlmsData, methods: DlmsData] {
  // Version 3 shows the rights as they are, the older ones as modes.
  const attributeMode = version === 3 ? (rights: number) => rights : attributeModeOf;
  const methodMode = version === 3 ? (rights: number) => rights : methodModeOf;
  return [
    data.array(
      ...object.attributes.map(({ id, access, selectors }) =>
        data.structure(
          data.integer(id),
          data.enumerated(attributeMode(access[role] ?? 0)),
          selectors === undefined ? data.nothing : data.array(...selectors.map((selector) => data.integer(selector))),
        ),
      ),
    ),
    data.array(
      ...(object.methods ?? []).map(({ id, access }) => data.structure(data.integer(id), data.enumerated(methodMode(access[role] ?? 0)))),
    ),
  ];
}

/** Rights as an object_list_element gives them, in the form of this version; `undefined`: not of its form. */
export function readRights(rights: DlmsData | undefined, version: number): ObjectRightsBits | undefined {
  const [attributes, methods] = rights?.type === "structure" ? rights.value : [];
  const attributeBits = version === 3 ? (mode: number) => mode : attributeBitsOf;
  const methodBits = version === 3 ? (mode: number) => mode : methodBitsOf;
  const read = (list: DlmsData | undefined, bits: (mode: number) => number): Map<number, number> | undefined => {
    if (list?.type !== "array") return undefined;
    const parts = list.value.flatMap((item): [number, number][] => {
      const [id, mode] = item.type === "structure" ? item.value : [];
      return id?.type === "integer" && mode?.type === "enum" ? [[id.value, bits(mode.value)]] : [];
    });
    return parts.length === list.value.length ? new Map(parts) : undefined;
  };
  const [forAttributes, forMethods] = [read(attributes, attributeBits), read(methods, methodBits)];
  return forAttributes === undefined || forMethods === undefined ? undefined : { attributes: forAttributes, methods: forMethods };
}

/** Access modes of association versions 0 to 2: 0 none, 1 read, 2 write, 3 both, 4 to 6 the same authenticated. */
function attributeModeOf(rights: number): number {
  const mode = rights & ACCESS.readWrite;
  return mode !== 0 && (rights & ACCESS.authenticatedRequest) !== 0 ? mode + 3 : mode;
}

function attributeBitsOf(mode: number): number {
  return mode > 6 ? ACCESS.none : mode > 3 ? (mode - 3) | ACCESS.authenticatedRequest : mode;
}

/** 0 none, 1 access, 2 authenticated access. */
function methodModeOf(rights: number): number {
  if ((rights & ACCESS.invoke) === 0) return 0;
  return (rights & ACCESS.authenticatedRequest) === 0 ? 1 : 2;
}

function methodBitsOf(mode: number): number {
  return mode === 2 ? ACCESS.invoke | ACCESS.authenticatedRequest : mode === 1 ? ACCESS.invoke : ACCESS.none;
}
