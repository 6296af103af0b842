import { DecodeError } from "@amity/bytes";
import type { DlmsData } from "../data/dlms-data.ts";
import type { Obis } from "../data/obis.ts";
import { associationLn, associationSn0 } from "./classes/access-classes.ts";
import { attributeName, methodName } from "./interface-class.ts";
import { className, closestClass } from "./class-catalogue.ts";

/** One object of an association's object list (Association LN, attribute 2). */
export interface ObjectListEntry {
  readonly classId: number;
  readonly version: number;
  readonly instanceId: Obis;
  readonly attributes: readonly AttributeRight[];
  readonly methods: readonly MethodRight[];
}

export interface AttributeRight {
  readonly attributeId: number;
  /** As sent: its meaning depends on the association's version, see `attributeAccess`. */
  readonly accessMode: number;
  readonly selectors: readonly number[];
}

export interface MethodRight {
  readonly methodId: number;
  readonly accessMode: number;
}

/** An entry of a list by short names (Association SN, attribute 2). */
export interface ShortNameEntry {
  readonly baseName: number;
  readonly classId: number;
  readonly version: number;
  readonly instanceId: Obis;
}

/** Reads attribute 2 of an Association LN. @throws DecodeError with the path of the entry that is no such thing. */
export function parseObjectList(data: DlmsData): ObjectListEntry[] {
  return associationLn.attributes.objectList.decode(data).map(({ classId, version, logicalName, accessRights }) => ({
    classId,
    version,
    instanceId: logicalName,
    attributes: accessRights.attributeAccess.map((right) => ({
      attributeId: right.attributeId,
      accessMode: right.accessMode,
      selectors: right.accessSelectors ?? [],
    })),
    methods: accessRights.methodAccess,
  }));
}

/** Reads attribute 2 of an Association SN. Base names are 16 bits without a sign. @throws DecodeError. */
export function parseShortNameList(data: DlmsData): ShortNameEntry[] {
  return associationSn0.attributes.objectList.decode(data).map(({ logicalName, baseName, ...entry }) => {
    return { ...entry, instanceId: logicalName, baseName: baseName & 0xffff };
  });
}

/** What may be done with an attribute. */
export interface Access {
  readonly canRead: boolean;
  readonly canWrite: boolean;
  /** Requests must be authenticated, encrypted, signed; responses are (version 3). */
  readonly protection: readonly string[];
}

const PROTECTION_BITS = {
  4: "authenticated-request",
  8: "encrypted-request",
  16: "signed-request",
  32: "authenticated-response",
  64: "encrypted-response",
  128: "signed-response",
} as const;

/** The meaning of an attribute's access mode (Blue Book 4.4.4), which version 3 of Association LN made bits. */
export function attributeAccess(accessMode: number, associationVersion: number): Access {
  if (associationVersion < 3) {
    const authenticated = accessMode >= 4 && accessMode <= 6 ? ["authenticated-request"] : [];
    // 0 none, 1 read, 2 write, 3 both; 4 to 6 the same, authenticated.
    const plain = accessMode >= 4 ? accessMode - 3 : accessMode;
    return { canRead: (plain & 1) !== 0, canWrite: (plain & 2) !== 0, protection: authenticated };
  }
  const protection = Object.entries(PROTECTION_BITS).flatMap(([bit, name]) => ((accessMode & Number(bit)) === 0 ? [] : [name]));
  return { canRead: (accessMode & 1) !== 0, canWrite: (accessMode & 2) !== 0, protection };
}

/** An entry in words: `Register 1-0:1.8.0.255: value, scalerUnit; reset`. */
export function describeEntry(entry: ObjectListEntry): string {
  const definition = closestClass(entry.classId, entry.version);
  const attributes = entry.attributes.map(
    ({ attributeId }) => (definition && attributeName(definition, attributeId)) ?? `attribute ${attributeId}`,
  );
  const methods = entry.methods.map(({ methodId }) => (definition && methodName(definition, methodId)) ?? `method ${methodId}`);
  const list = [attributes.join(", "), methods.join(", ")].filter((part) => part !== "").join("; ");
  return `${className(entry.classId)} ${entry.instanceId}: ${list}`;
}

/** The entry of an object. @throws DecodeError `object-undefined` where the list lacks it. */
export function entryOf(list: readonly ObjectListEntry[], instanceId: Obis): ObjectListEntry {
  const found = list.find((entry) => entry.instanceId === instanceId);
  if (found !== undefined) return found;
  throw new DecodeError(`the association has no object ${instanceId}`, { offset: -1, code: "object-undefined" });
}
