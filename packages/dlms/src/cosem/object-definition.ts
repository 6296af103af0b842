import type { Obis } from "../data/obis.ts";
import { ACCESS, type AccessByRole, type ObjectDefinition } from "../server/cosem-device.ts";
import type { InterfaceClass } from "./interface-class.ts";

/** Who may do what with an object, by the roles of the model's associations. */
export interface ObjectRights {
  readonly readers: readonly string[];
  /** May write what the class does not leave to the meter itself, or what `writable` names. */
  readonly writers?: readonly string[];
  readonly invokers?: readonly string[];
  /** Names of the attributes that writers may write; default: all static ones. */
  readonly writable?: readonly string[];
  /** Names of attributes that only writers may read: secrets and keys. */
  readonly hidden?: readonly string[];
}

/** Selectors by class and attribute: a profile's buffer by range and by entry, a utility table's by offset and by index. */
const SELECTORS: Readonly<Record<string, readonly number[]>> = { "7/2": [1, 2], "26/4": [1, 2] };

/** The definition of an object for a server's model, with the attributes and methods that its class has. */
export function objectDefinition(definition: InterfaceClass, instanceId: Obis, rights: ObjectRights): ObjectDefinition {
  const { readers, writers = [], invokers = [], hidden = [] } = rights;
  const names = Object.keys(definition.attributes);
  const writable = rights.writable ?? names.filter((name) => !(definition.dynamic ?? []).includes(name));
  const attributes = names.map((name, index) => {
    const write = accessOf(writable.includes(name) ? writers : [], ACCESS.readWrite);
    const access = { ...accessOf(hidden.includes(name) ? [] : readers, ACCESS.read), ...write };
    const selectors = SELECTORS[`${definition.id}/${index + 2}`];
    return { id: index + 2, access, ...(selectors === undefined ? {} : { selectors }) };
  });
  const methods = Object.keys(definition.methods ?? {}).map((_, index) => ({ id: index + 1, access: accessOf(invokers, ACCESS.invoke) }));
  return {
    classId: definition.id,
    version: definition.version,
    instanceId,
    attributes: [{ id: 1, access: accessOf([...readers, ...writers], ACCESS.read) }, ...attributes],
    ...(methods.length === 0 ? {} : { methods }),
  };
}

function accessOf(roles: readonly string[], access: number): AccessByRole {
  return Object.fromEntries(roles.map((role) => [role, access]));
}
