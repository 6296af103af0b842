import { DecodeError, UsageError } from "@amity/bytes";
import type { DlmsData } from "../data/dlms-data.ts";
import type { Obis } from "../data/obis.ts";
import { logicalName, type Shape, type ShapeValue } from "./shape.ts";

/**
 * An interface class of the Blue Book. Attribute 1 is the logical name, everywhere, and not listed: the first of
 * `attributes` is number 2. `methods` count from 1; each has the shape of its parameter.
 */
export interface InterfaceClass {
  readonly id: number;
  readonly version: number;
  /** As the book writes it. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, Shape<unknown>>>;
  readonly methods?: Readonly<Record<string, Shape<unknown>>>;
  /** Attributes that the meter itself changes ("dyn." in the book): the others may be cached. */
  readonly dynamic?: readonly string[];
}

/** The typed values of a class's attributes. */
export type ObjectValues<C extends InterfaceClass> = { readonly [K in keyof C["attributes"]]: ShapeValue<C["attributes"][K]> };

/** Keeps the exact types of a table. */
export function interfaceClass<const C extends InterfaceClass>(definition: C): C {
  return definition;
}

/** An attribute that was read but is not what its class says; kept as it came. */
export interface UnreadAttribute {
  readonly attributeId: number;
  readonly data: DlmsData;
  /** `undefined` for an attribute that the class does not have. */
  readonly error: DecodeError | undefined;
}

/** An object as it was read: what fits its class typed, the rest raw. */
export interface ReadObject<C extends InterfaceClass> {
  readonly definition: C;
  readonly logicalName: Obis | undefined;
  /** Only what was read and fits. */
  readonly values: Partial<ObjectValues<C>>;
  readonly raw: readonly UnreadAttribute[];
}

/** The typed view of an object from the attributes that were read, by attribute number. Never throws on a meter's account. */
export function readObject<const C extends InterfaceClass>(definition: C, attributes: ReadonlyMap<number, DlmsData>): ReadObject<C> {
  const values: Record<string, unknown> = {};
  const raw: UnreadAttribute[] = [];
  let name: Obis | undefined;
  for (const [attributeId, data] of attributes) {
    try {
      const field = attributeName(definition, attributeId);
      if (field === "logicalName") name = logicalName.decode(data);
      else if (field === undefined) raw.push({ attributeId, data, error: undefined });
      else values[field] = definition.attributes[field]?.decode(data);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      raw.push({ attributeId, data, error });
    }
  }
  return { definition, logicalName: name, values: values as Partial<ObjectValues<C>>, raw };
}

/** The attributes of an object by number, encoded: those of `values`, and the logical name. @throws UsageError. */
export function encodeObject<const C extends InterfaceClass>(
  definition: C,
  name: Obis,
  values: Partial<ObjectValues<C>>,
): Map<number, DlmsData> {
  const attributes = new Map([[1, logicalName.encode(name)]]);
  for (const [field, value] of Object.entries<unknown>(values)) {
    const id = attributeId(definition, field);
    const shape = definition.attributes[field];
    if (id === undefined || shape === undefined)
      throw new UsageError(`${definition.name} has no attribute ${field}`, { code: "unknown-choice" });
    attributes.set(id, shape.encode(value));
  }
  return attributes;
}

/** The number of an attribute by its name; `logicalName` is 1. */
export function attributeId(definition: InterfaceClass, name: string): number | undefined {
  if (name === "logicalName") return 1;
  const index = Object.keys(definition.attributes).indexOf(name);
  return index < 0 ? undefined : index + 2;
}

/** The name of an attribute by its number. */
export function attributeName(definition: InterfaceClass, id: number): string | undefined {
  return id === 1 ? "logicalName" : Object.keys(definition.attributes)[id - 2];
}

/** The number of a method by its name. */
export function methodId(definition: InterfaceClass, name: string): number | undefined {
  const index = Object.keys(definition.methods ?? {}).indexOf(name);
  return index < 0 ? undefined : index + 1;
}

/** The name of a method by its number. */
export function methodName(definition: InterfaceClass, id: number): string | undefined {
  return Object.keys(definition.methods ?? {})[id - 1];
}
