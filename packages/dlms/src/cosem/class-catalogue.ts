import * as access from "./classes/access-classes.ts";
import * as controlNetwork from "./classes/control-network-classes.ts";
import * as data from "./classes/data-classes.ts";
import * as g3 from "./classes/g3-classes.ts";
import * as ip from "./classes/ip-classes.ts";
import * as lpwan from "./classes/lpwan-classes.ts";
import * as mbus from "./classes/mbus-classes.ts";
import * as payment from "./classes/payment-classes.ts";
import * as plc from "./classes/plc-classes.ts";
import * as port from "./classes/port-classes.ts";
import * as time from "./classes/time-classes.ts";
import * as wiSun from "./classes/wisun-classes.ts";
import type { InterfaceClass } from "./interface-class.ts";

/** Every interface class whose content is known here, all versions, by id and version. */
export const INTERFACE_CLASSES: readonly InterfaceClass[] = [
  access,
  controlNetwork,
  data,
  g3,
  ip,
  lpwan,
  mbus,
  payment,
  plc,
  port,
  time,
  wiSun,
]
  .flatMap((group) => Object.values<unknown>(group))
  .filter(isInterfaceClass)
  .toSorted((a, b) => a.id - b.id || a.version - b.version);

/** The definition of a class in that version; `undefined` if it is not known (its objects stay raw). */
export function findClass(id: number, version: number): InterfaceClass | undefined {
  return INTERFACE_CLASSES.find((known) => known.id === id && known.version === version);
}

/**
 * The definition to read an object with whose version is unknown, or newer than the tables: versions add attributes at
 * the end, so the closest older one still names what it knows.
 */
export function closestClass(id: number, version = 255): InterfaceClass | undefined {
  const ofClass = INTERFACE_CLASSES.filter((known) => known.id === id);
  return ofClass.findLast((known) => known.version <= version) ?? ofClass[0];
}

/** `Register` for 3, `class 9999` where there is none. */
export function className(id: number): string {
  return closestClass(id)?.name ?? `class ${id}`;
}

function isInterfaceClass(value: unknown): value is InterfaceClass {
  return typeof value === "object" && value !== null && "id" in value && "version" in value && "attributes" in value;
}
