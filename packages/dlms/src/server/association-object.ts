import { APPLICATION_CONTEXTS } from "../acse/acse.ts";
import { DLMS_VERSION, conformanceOctets } from "../acse/initiate.ts";
import type { AccessSelection } from "../apdu/descriptors.ts";
import { data, type DlmsData } from "../data/dlms-data.ts";
import { obisToOctets, parseObis, type Obis } from "../data/obis.ts";
import { MECHANISM_IDS } from "../security/security-options.ts";
import type { AssociationUser } from "./association-change.ts";
import type { OpenAssociation } from "./association-state.ts";
import { LIST_SELECTORS, readObjectList, versionOf } from "./object-list.ts";
import {
  ACCESS,
  type AccessByRole,
  type AssociationDefinition,
  type CompiledModel,
  type LogicalDevice,
  type ObjectDefinition,
  type ReadOutcome,
} from "./cosem-device.ts";

export const ASSOCIATION_LN = 15;
/** The association in use, whatever its own name. */
export const CURRENT_ASSOCIATION: Obis = parseObis("0-0:40.0.0.255");
/** Since version 2. */
const USER_ATTRIBUTES = [10, 11];
const USER_METHODS = [5, 6];
const NO_USER: AssociationUser = { id: 0, name: new Uint8Array(0) };

/** The logical name of an association object: its own, or 0-0:40.0.n.255 by position. */
export function associationObisOf(model: CompiledModel, definition: AssociationDefinition): Obis {
  return definition.instanceId ?? parseObis(`0-0:40.0.${model.associations.indexOf(definition) + 1}.255`);
}

/** Reads an attribute of an association object (Association LN, Blue Book 4.4.4): of the one in use, or of another one that this client sees to. */
export function readAssociation(
  device: LogicalDevice,
  target: { readonly definition: AssociationDefinition; readonly opened: OpenAssociation; readonly serverSap: number },
  attributeId: number,
  selection: AccessSelection | undefined,
): ReadOutcome {
  const { definition, serverSap } = target;
  const { model } = device;
  const opened = definition === target.opened.definition ? target.opened : undefined;
  if (attributeId !== 2 && selection !== undefined) return { kind: "refused", result: "scope-of-access-violated" };
  switch (attributeId) {
    case 1:
      return given(data.octets(obisToOctets(associationObisOf(model, definition))));
    case 2:
      return readObjectList(device, definition, associationObjects(model, definition), selection);
    case 3:
      return given(data.structure(data.integer((definition.clientSap << 24) >> 24), data.longUnsigned(serverSap)));
    case 4:
      return given(data.octets(oidOctets(1, APPLICATION_CONTEXTS[opened?.applicationContext ?? contextOf(definition)])));
    case 5:
      return given(xdlmsContext(definition, opened));
    case 6:
      return given(data.octets(oidOctets(2, MECHANISM_IDS[definition.mechanism])));
    case 7:
      return { kind: "refused", result: "read-write-denied" };
    case 8:
      return given(data.enumerated(opened === undefined ? 0 : opened.hls === undefined ? 2 : 1));
    case 9:
      return given(data.octets(definition.securitySetupId === undefined ? new Uint8Array(6) : obisToOctets(definition.securitySetupId)));
    default:
      return versionOf(model) >= 2 ? readUsers(device, definition, opened, attributeId) : { kind: "refused", result: "object-undefined" };
  }
}

function readUsers(
  device: LogicalDevice,
  { clientSap }: AssociationDefinition,
  opened: OpenAssociation | undefined,
  attributeId: number,
): ReadOutcome {
  const users = device.associationChanges?.(clientSap)?.users ?? [];
  if (attributeId === 10) return given(data.array(...users.map(userData)));
  if (attributeId !== 11) return { kind: "refused", result: "object-undefined" };
  return given(userData(users.find(({ id }) => id === opened?.context.userId) ?? NO_USER));
}

function userData({ id, name }: AssociationUser): DlmsData {
  return data.structure(data.unsigned(id), data.octets(name));
}

function given(value: DlmsData): ReadOutcome {
  return { kind: "data", data: value };
}

function contextOf({ ciphered }: AssociationDefinition): "ln" | "ln-ciphered" {
  return ciphered === true ? "ln-ciphered" : "ln";
}

/** 2.16.756.5.8.class.n as the seven octets of the object identifier's content. */
function oidOctets(arc: 1 | 2, id: number): Uint8Array {
  return Uint8Array.of(0x60, 0x85, 0x74, 0x05, 0x08, arc, id);
}

/** Of the association in use what was agreed; of another one nothing was. */
function xdlmsContext(definition: AssociationDefinition, opened: OpenAssociation | undefined): DlmsData {
  return data.structure(
    data.bits(24, conformanceOctets(opened?.conformance ?? new Set(definition.conformance))),
    data.longUnsigned(definition.maxPduOctets ?? 1024),
    data.longUnsigned(opened?.clientMaxPduOctets ?? 0),
    data.unsigned(DLMS_VERSION),
    data.integer(0),
    data.octets(new Uint8Array(0)),
  );
}

/** The association objects on an association's list: its own, and those of the others where it sees to them. */
function associationObjects(model: CompiledModel, definition: AssociationDefinition): ObjectDefinition[] {
  const others = definition.administers === true ? model.associations.filter((other) => other !== definition) : [];
  return [definition, ...others].map((one) => associationObject(model, one, definition));
}

/** The definition of an association's object as another, or the same, association has it in its list. */
export function associationObject(model: CompiledModel, of: AssociationDefinition, seenBy: AssociationDefinition): ObjectDefinition {
  const access = (rights: number): AccessByRole => ({ [seenBy.role]: rights });
  const version = versionOf(model);
  const isOwn = of === seenBy;
  const administers = seenBy.administers === true;
  const secret = of.mayChangeSecret === true && (isOwn || administers);
  const may = (id: number): boolean => (id === 1 ? isOwn : id === 2 ? secret : administers);
  return {
    classId: ASSOCIATION_LN,
    version,
    instanceId: isOwn ? CURRENT_ASSOCIATION : associationObisOf(model, of),
    attributes: [1, 2, 3, 4, 5, 6, 7, 8, 9, ...(version >= 2 ? USER_ATTRIBUTES : [])].map((id) => ({
      id,
      access: access(id !== 7 ? ACCESS.read : secret ? ACCESS.write : ACCESS.none),
      ...(id === 2 ? { selectors: Object.values(LIST_SELECTORS) } : {}),
    })),
    methods: [1, 2, 3, 4, ...(version >= 2 ? USER_METHODS : [])].map((id) => ({
      id,
      access: access(may(id) ? ACCESS.invoke : ACCESS.none),
    })),
  };
}
