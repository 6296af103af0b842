import { APPLICATION_CONTEXTS } from "../acse/acse.ts";
import { DLMS_VERSION, conformanceOctets } from "../acse/initiate.ts";
import { encodeData } from "../data/axdr.ts";
import { data, type DlmsData } from "../data/dlms-data.ts";
import { obisToOctets, parseObis, type Obis } from "../data/obis.ts";
import { MECHANISM_IDS } from "../security/security-options.ts";
import type { OpenAssociation } from "./association-state.ts";
import {
  ACCESS,
  type AccessByRole,
  type AssociationDefinition,
  type CompiledModel,
  type ObjectDefinition,
  type ReadOutcome,
} from "./cosem-device.ts";

export const ASSOCIATION_LN = 15;
/** The association in use, whatever its own name. */
export const CURRENT_ASSOCIATION: Obis = parseObis("0-0:40.0.0.255");
const DEFAULT_VERSION = 1;
/** Version 3 has a user list too, which stays empty here. */
const USER_LIST = 10;

/** The logical name of an association object: its own, or 0-0:40.0.n.255 by position. */
export function associationObisOf(model: CompiledModel, definition: AssociationDefinition): Obis {
  return definition.instanceId ?? parseObis(`0-0:40.0.${model.associations.indexOf(definition) + 1}.255`);
}

/** Reads an attribute of the association in use (Association LN version 1, Blue Book 4.4.4). */
export function readAssociation(model: CompiledModel, opened: OpenAssociation, serverSap: number, attributeId: number): ReadOutcome {
  const { definition } = opened;
  switch (attributeId) {
    case 1:
      return given(data.octets(obisToOctets(associationObisOf(model, definition))));
    case 2:
      return { kind: "encoded", octets: objectListOf(model, definition) };
    case 3:
      return given(data.structure(data.integer((definition.clientSap << 24) >> 24), data.longUnsigned(serverSap)));
    case 4:
      return given(data.octets(oidOctets(1, APPLICATION_CONTEXTS[opened.applicationContext])));
    case 5:
      return given(xdlmsContext(opened));
    case 6:
      return given(data.octets(oidOctets(2, MECHANISM_IDS[definition.mechanism])));
    case 8:
      return given(data.enumerated(opened.hls === undefined ? 2 : 1));
    case 9:
      return given(data.octets(definition.securitySetupId === undefined ? new Uint8Array(6) : obisToOctets(definition.securitySetupId)));
    case USER_LIST:
      return model.associationVersion === 3 ? given(data.array()) : { kind: "refused", result: "object-undefined" };
    default:
      return { kind: "refused", result: attributeId === 7 ? "read-write-denied" : "object-undefined" };
  }
}

function given(value: DlmsData): ReadOutcome {
  return { kind: "data", data: value };
}

/** 2.16.756.5.8.class.n as the seven octets of the object identifier's content. */
function oidOctets(arc: 1 | 2, id: number): Uint8Array {
  return Uint8Array.of(0x60, 0x85, 0x74, 0x05, 0x08, arc, id);
}

function xdlmsContext({ conformance, clientMaxPduOctets, definition }: OpenAssociation): DlmsData {
  return data.structure(
    data.bits(24, conformanceOctets(conformance)),
    data.longUnsigned(definition.maxPduOctets ?? 1024),
    data.longUnsigned(clientMaxPduOctets),
    data.unsigned(DLMS_VERSION),
    data.integer(0),
    data.octets(new Uint8Array(0)),
  );
}

/** Object lists by model and association: the same octets for every meter of a type. */
const OBJECT_LISTS = new WeakMap<CompiledModel, Map<AssociationDefinition, Uint8Array>>();

function objectListOf(model: CompiledModel, definition: AssociationDefinition): Uint8Array {
  let lists = OBJECT_LISTS.get(model);
  if (lists === undefined) OBJECT_LISTS.set(model, (lists = new Map()));
  let octets = lists.get(definition);
  if (octets === undefined) lists.set(definition, (octets = encodeData(objectList(model, definition))));
  return octets;
}

/** The objects in which this association has any right, the association itself first. */
function objectList(model: CompiledModel, definition: AssociationDefinition): DlmsData {
  const visible = model.objects.filter((object) => hasAny(object, definition.role));
  const version = model.associationVersion ?? DEFAULT_VERSION;
  return data.array(
    ...[associationDefinition(definition, version), ...visible].map((object) => listElement(object, definition.role, version)),
  );
}

function hasAny(object: ObjectDefinition, role: string): boolean {
  return [...object.attributes, ...(object.methods ?? [])].some((part) => (part.access[role] ?? 0) !== 0);
}

/** The association object itself, as it stands in its own list. */
function associationDefinition(definition: AssociationDefinition, version: number): ObjectDefinition {
  const access = (rights: number): AccessByRole => ({ [definition.role]: rights });
  const secret = definition.mayChangeSecret === true;
  const ids = version === 3 ? [1, 2, 3, 4, 5, 6, 7, 8, 9, USER_LIST] : [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const attributes = ids.map((id) => ({ id, access: access(id !== 7 ? ACCESS.read : secret ? ACCESS.write : ACCESS.none) }));
  const methods = [1, 2, 3, 4].map((id) => ({ id, access: access(id === 1 || (id === 2 && secret) ? ACCESS.invoke : ACCESS.none) }));
  return { classId: ASSOCIATION_LN, version, instanceId: CURRENT_ASSOCIATION, attributes, methods };
}

function listElement(object: ObjectDefinition, role: string, version: number): DlmsData {
  // Version 3 shows the rights as they are, the older ones as modes.
  const attributeMode = version === 3 ? (rights: number) => rights : attributeModeOf;
  const methodMode = version === 3 ? (rights: number) => rights : methodModeOf;
  return data.structure(
    data.longUnsigned(object.classId),
    data.unsigned(object.version),
    data.octets(obisToOctets(object.instanceId)),
    data.structure(
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
    ),
  );
}

/** Access modes of association versions 0 to 2: 0 none, 1 read, 2 write, 3 both, 4 to 6 the same authenticated. */
function attributeModeOf(rights: number): number {
  const mode = rights & ACCESS.readWrite;
  return mode !== 0 && (rights & ACCESS.authenticatedRequest) !== 0 ? mode + 3 : mode;
}

/** 0 none, 1 access, 2 authenticated access. */
function methodModeOf(rights: number): number {
  if ((rights & ACCESS.invoke) === 0) return 0;
  return (rights & ACCESS.authenticatedRequest) === 0 ? 1 : 2;
}
