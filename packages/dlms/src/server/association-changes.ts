import type { Obis } from "../data/obis.ts";
import type { AssociationChange, AssociationChanges, ObjectRightsBits } from "./association-change.ts";
import { ACCESS, type AssociationDefinition, type LogicalDevice, type ObjectDefinition } from "./cosem-device.ts";

const USERS_MAX = 64;
const USER_NAME_OCTETS_MAX = 32;

/** The changes after one more; `undefined`: it cannot be made (a user that is there already, or is not, or one too many). */
export function withChange(changes: AssociationChanges | undefined, change: AssociationChange): AssociationChanges | undefined {
  const { objects, users } = changes ?? NO_CHANGES;
  switch (change.kind) {
    case "addObject":
      return { users, objects: new Map(objects).set(change.instanceId, change.rights) };
    case "removeObject":
      return { users, objects: new Map(objects).set(change.instanceId, "removed") };
    case "addUser": {
      const { id, name } = change.user;
      const isTaken = users.length < USERS_MAX && name.length <= USER_NAME_OCTETS_MAX && !users.some((user) => user.id === id);
      return isTaken ? { objects, users: [...users, change.user] } : undefined;
    }
    case "removeUser":
      return users.some(({ id }) => id === change.id) ? { objects, users: users.filter(({ id }) => id !== change.id) } : undefined;
  }
}

const NO_CHANGES: AssociationChanges = { objects: new Map(), users: [] };

/** An object as an association has it; `undefined`: not on its list, whoever else may reach it. */
export function objectOf(device: LogicalDevice, definition: AssociationDefinition, instanceId: Obis): ObjectDefinition | undefined {
  const object = device.model.byName(instanceId);
  const changed = device.associationChanges?.(definition.clientSap)?.objects.get(instanceId);
  if (object === undefined || changed === undefined) return object;
  return changed === "removed" ? undefined : withRights(object, definition.role, changed);
}

/** The objects in which an association has any right. */
export function objectsOf(device: LogicalDevice, definition: AssociationDefinition): ObjectDefinition[] {
  const { objects } = device.model;
  const changed = device.associationChanges?.(definition.clientSap);
  const now = changed === undefined ? objects : objects.flatMap(({ instanceId }) => objectOf(device, definition, instanceId) ?? []);
  return now.filter((object) => hasAny(object, definition.role));
}

/**
 * The rights that one who has `granter` may give with `asked`: what it holds itself, no more, and under the same protection. Parts that it may
 * not use itself are not given.
 */
export function grantable(granter: ObjectDefinition, role: string, asked: ObjectRightsBits): ObjectRightsBits {
  const grant = (parts: ObjectDefinition["attributes"] | ObjectDefinition["methods"], wanted: ReadonlyMap<number, number>) =>
    new Map(
      (parts ?? []).flatMap(({ id, access }) => {
        const held = access[role] ?? ACCESS.none;
        const rights = (wanted.get(id) ?? ACCESS.none) & held & ACCESS.readWrite;
        return rights === 0 ? [] : [[id, rights | ((held | (wanted.get(id) ?? 0)) & ~ACCESS.readWrite)] as const];
      }),
    );
  return { attributes: grant(granter.attributes, asked.attributes), methods: grant(granter.methods, asked.methods) };
}

function withRights(object: ObjectDefinition, role: string, { attributes, methods }: ObjectRightsBits): ObjectDefinition {
  return {
    ...object,
    attributes: object.attributes.map((one) => ({ ...one, access: { ...one.access, [role]: attributes.get(one.id) ?? ACCESS.none } })),
    ...(object.methods === undefined
      ? {}
      : { methods: object.methods.map((one) => ({ ...one, access: { ...one.access, [role]: methods.get(one.id) ?? ACCESS.none } })) }),
  };
}

function hasAny(object: ObjectDefinition, role: string): boolean {
  return [...object.attributes, ...(object.methods ?? [])].some((part) => (part.access[role] ?? 0) !== 0);
}
