import type { ActionRefusal } from "../apdu/results.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import { obisFromOctets, type Obis } from "../data/obis.ts";
import type { AssociationChange, AssociationUser } from "./association-change.ts";
import { grantable, objectOf } from "./association-changes.ts";
import { ASSOCIATION_LN, CURRENT_ASSOCIATION, associationObject, associationObisOf } from "./association-object.ts";
import type { OpenAssociation } from "./association-state.ts";
import { ACCESS, type AssociationDefinition, type InvokeOutcome, type LogicalDevice } from "./cosem-device.ts";
import { whenReady, type MaybePromise } from "./maybe-promise.ts";
import { readRights, versionOf } from "./object-list.ts";

/** Methods of Association LN (Blue Book 4.4.4); 5 and 6 since version 2. */
const METHOD = { changeSecret: 2, addObject: 3, removeObject: 4, addUser: 5, removeUser: 6 } as const;

/**
 * The association that an object name stands for, as far as this client may see it: its own by its common or its own name, the others where
 * it sees to them.
 */
export function associationAt(
  device: LogicalDevice,
  opened: OpenAssociation,
  target: { classId: number; instanceId: string },
): AssociationDefinition | undefined {
  if (target.classId !== ASSOCIATION_LN) return undefined;
  const { definition } = opened;
  const { model } = device;
  if (target.instanceId === CURRENT_ASSOCIATION || target.instanceId === associationObisOf(model, definition)) return definition;
  return definition.administers === true
    ? model.associations.find((one) => associationObisOf(model, one) === target.instanceId)
    : undefined;
}

/** A new LLS password (attribute 7) or HLS secret (method 2) of an association. */
export function changeSecret(
  device: LogicalDevice,
  { clientSap, mayChangeSecret }: AssociationDefinition,
  value: DlmsData | undefined,
): MaybePromise<"success" | "read-write-denied" | "type-unmatched"> {
  if (mayChangeSecret !== true || device.changeSecret === undefined) return "read-write-denied";
  if (value?.type !== "octet-string") return "type-unmatched";
  return whenReady(device.changeSecret(clientSap, value.value), (isTaken) => (isTaken ? "success" : "type-unmatched"));
}

/** Invokes a method of an association object other than reply_to_HLS: once associated there is no challenge left to answer. */
export function invokeOfAssociation(
  device: LogicalDevice,
  { definition: seenBy }: OpenAssociation,
  { definition, methodId }: { readonly definition: AssociationDefinition; readonly methodId: number },
  parameters: DlmsData | undefined,
): MaybePromise<InvokeOutcome> {
  const method = associationObject(device.model, definition, seenBy).methods?.find(({ id }) => id === methodId);
  if (method === undefined) return refused("object-undefined");
  if (methodId === 1 || (method.access[seenBy.role] ?? ACCESS.none) === ACCESS.none) return refused("read-write-denied");
  if (methodId === METHOD.changeSecret)
    return whenReady(changeSecret(device, definition, parameters), (result) => (result === "success" ? DONE : refused(result)));
  const change = changeOf(device, seenBy, methodId, parameters);
  if (typeof change === "string") return refused(change);
  if (device.changeAssociation === undefined) return refused("read-write-denied");
  return whenReady(device.changeAssociation(definition.clientSap, change), (isMade) => (isMade ? DONE : refused("other-reason")));
}

const DONE: InvokeOutcome = { kind: "done" };

function refused(result: ActionRefusal): InvokeOutcome {
  return { kind: "refused", result };
}

function changeOf(
  device: LogicalDevice,
  granter: AssociationDefinition,
  methodId: number,
  parameters: DlmsData | undefined,
): AssociationChange | ActionRefusal {
  if (methodId === METHOD.addUser || methodId === METHOD.removeUser) {
    const user = userOf(parameters);
    if (user === undefined) return "type-unmatched";
    return methodId === METHOD.addUser ? { kind: "addUser", user } : { kind: "removeUser", id: user.id };
  }
  const [classId, , name, rights] = parameters?.type === "structure" ? parameters.value : [];
  if (classId?.type !== "long-unsigned" || name?.type !== "octet-string" || name.value.length !== OBIS_OCTETS) return "type-unmatched";
  const instanceId: Obis = obisFromOctets(name.value);
  const known = device.model.byName(instanceId);
  if (known === undefined || known.classId !== classId.value) return "object-undefined";
  if (methodId === METHOD.removeObject) return { kind: "removeObject", instanceId };
  const held = objectOf(device, granter, instanceId) ?? known;
  const asked = readRights(rights, versionOf(device.model));
  return asked === undefined ? "type-unmatched" : { kind: "addObject", instanceId, rights: grantable(held, granter.role, asked) };
}

const OBIS_OCTETS = 6;

function userOf(value: DlmsData | undefined): AssociationUser | undefined {
  const [id, name] = value?.type === "structure" ? value.value : [];
  return id?.type === "unsigned" && name?.type === "octet-string" ? { id: id.value, name: name.value } : undefined;
}
