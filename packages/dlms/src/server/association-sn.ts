import { ASSOCIATION_SN, ASSOCIATION_SN_BASE, methodName } from "../apdu/short-name-map.ts";
import type { AccessSelection } from "../apdu/descriptors.ts";
import { data, type DlmsData } from "../data/dlms-data.ts";
import { obisFromOctets, obisToOctets } from "../data/obis.ts";
import { objectsOf } from "./association-changes.ts";
import { CURRENT_ASSOCIATION } from "./association-object.ts";
import type { CompiledModel, ObjectDefinition, ReadOutcome } from "./cosem-device.ts";
import type { ObjectAccess } from "./object-access.ts";
import { accessRightsData, versionOf } from "./object-list.ts";

/** Rights and security setup beside the list; where the user lists of version 3 stand is not public. */
const DEFAULT_VERSION = 2;
/** Attributes by their offset (Blue Book 4.4.3), and the version that brought them. */
const OFFSET = { logicalName: 0, objectList: 0x08, accessRights: 0x10, securitySetup: 0x18 } as const;
const SINCE: Readonly<Record<number, number>> = { [OFFSET.accessRights]: 1, [OFFSET.securitySetup]: 2 };

/** change_LLS_secret and change_HLS_secret: methods 5 and 6, written to. */
export const SECRET_METHODS: ReadonlySet<number> = new Set([5, 6].map((id) => methodName(ASSOCIATION_SN_BASE, ASSOCIATION_SN, id) ?? 0));

/** An object of an association by short names. */
type NamedObject = Pick<ObjectDefinition, "classId" | "version" | "instanceId"> & { readonly baseName: number };

/** Association SN (class 12) at an offset from its base name: its name, the objects in which this client has any right, which rights, its security setup. */
export function readAssociationSn(access: ObjectAccess, offset: number, selection: AccessSelection | undefined): ReadOutcome {
  const { definition } = access.opened;
  const ownVersion = access.device.model.associationSnVersion ?? DEFAULT_VERSION;
  if (ownVersion < (SINCE[offset] ?? 0)) return { kind: "refused", result: "object-undefined" };
  if (selection !== undefined && offset !== OFFSET.objectList) return { kind: "refused", result: "scope-of-access-violated" };
  switch (offset) {
    case OFFSET.logicalName:
      return given(data.octets(obisToOctets(CURRENT_ASSOCIATION)));
    case OFFSET.objectList: {
      const own: NamedObject = {
        baseName: ASSOCIATION_SN_BASE,
        classId: ASSOCIATION_SN,
        version: ownVersion,
        instanceId: CURRENT_ASSOCIATION,
      };
      const objects = [own, ...visibleObjects(access)];
      return selection === undefined ? given(data.array(...objects.map(element))) : selectedElements(objects, selection);
    }
    case OFFSET.accessRights: {
      const version = versionOf(access.device.model);
      const rights = visibleObjects(access).map((object) =>
        data.structure(baseNameData(object.baseName), ...accessRightsData(object, definition.role, version)),
      );
      return given(data.array(...rights));
    }
    case OFFSET.securitySetup: {
      const name = definition.securitySetupId;
      return given(data.octets(name === undefined ? new Uint8Array(6) : obisToOctets(name)));
    }
    default:
      return { kind: "refused", result: "object-undefined" };
  }
}

function given(value: DlmsData): ReadOutcome {
  return { kind: "data", data: value };
}

/** Those of the association's list that have a short name, with its rights in them. */
function visibleObjects({ device, opened }: ObjectAccess): (ObjectDefinition & { baseName: number })[] {
  return objectsOf(device, opened.definition)
    .flatMap((object) => (object.baseName === undefined ? [] : [{ ...object, baseName: object.baseName }]))
    .toSorted((left, right) => left.baseName - right.baseName);
}

/** Selective access to the object list of Association SN (Blue Book 4.4.3): 1 the objects of a class, 2 the one of a class and a name. */
function selectedElements(objects: readonly NamedObject[], { selector, parameters }: AccessSelection): ReadOutcome {
  if (selector === 1 && parameters.type === "long-unsigned")
    return { kind: "data", data: data.array(...objects.filter(({ classId }) => classId === parameters.value).map(element)) };
  const [wantedClass, name] = parameters.type === "structure" ? parameters.value : [];
  if (selector === 2 && wantedClass?.type === "long-unsigned" && name?.type === "octet-string" && name.value.length === 6) {
    const wanted = obisFromOctets(name.value);
    const found = objects.find(({ classId, instanceId }) => classId === wantedClass.value && instanceId === wanted);
    return found === undefined ? { kind: "refused", result: "object-undefined" } : { kind: "data", data: element(found) };
  }
  return { kind: "refused", result: selector === 1 || selector === 2 ? "type-unmatched" : "scope-of-access-violated" };
}

function element({ baseName, classId, version, instanceId }: NamedObject): DlmsData {
  return data.structure(baseNameData(baseName), data.longUnsigned(classId), data.unsigned(version), data.octets(obisToOctets(instanceId)));
}

/** Base names are 16 bits in a type with a sign. */
function baseNameData(baseName: number): DlmsData {
  return data.long((baseName << 16) >> 16);
}

/** Objects with a base name, ascending: the same for every meter of a type. */
const BY_BASE_NAME = new WeakMap<CompiledModel, (ObjectDefinition & { baseName: number })[]>();

export function objectsWithNames(model: CompiledModel): (ObjectDefinition & { baseName: number })[] {
  let objects = BY_BASE_NAME.get(model);
  if (objects === undefined) {
    objects = model.objects.flatMap((object) => (object.baseName === undefined ? [] : [{ ...object, baseName: object.baseName }]));
    objects.sort((left, right) => left.baseName - right.baseName);
    BY_BASE_NAME.set(model, objects);
  }
  return objects;
}
