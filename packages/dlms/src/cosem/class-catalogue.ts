import * as access from "./classes/access-classes.ts";
import * as data from "./classes/data-classes.ts";
import * as ip from "./classes/ip-classes.ts";
import * as mbus from "./classes/mbus-classes.ts";
import * as payment from "./classes/payment-classes.ts";
import * as plc from "./classes/plc-classes.ts";
import * as port from "./classes/port-classes.ts";
import * as time from "./classes/time-classes.ts";
import type { InterfaceClass } from "./interface-class.ts";

/** Every interface class whose content is known here, all versions, by id and version. */
export const INTERFACE_CLASSES: readonly InterfaceClass[] = [access, data, ip, mbus, payment, plc, port, time]
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
  return closestClass(id)?.name ?? CLASS_NAMES[id] ?? `class ${id}`;
}

/** Classes of which only the name is known here: they are read raw. */
const CLASS_NAMES: Readonly<Record<number, string>> = {
  2: "Extended data",
  66: "Measurement data monitoring",
  95: "Wi-SUN setup",
  96: "Wi-SUN diagnostic",
  97: "RPL diagnostic",
  98: "MPL diagnostic",
  126: "SCHC-LPWAN setup",
  127: "SCHC-LPWAN diagnostic",
  128: "LoRaWAN setup",
  129: "LoRaWAN diagnostic",
  130: "ISO/IEC 14908 identification",
  131: "ISO/IEC 14908 protocol setup",
  132: "ISO/IEC 14908 protocol status",
  133: "ISO/IEC 14908 diagnostic",
  140: "HS-PLC ISO/IEC 12139-1 MAC setup",
  141: "HS-PLC ISO/IEC 12139-1 CPAS setup",
  142: "HS-PLC ISO/IEC 12139-1 IP SSAS setup",
  143: "HS-PLC ISO/IEC 12139-1 HDLC SSAS setup",
  160: "G3-PLC hybrid RF MAC layer counters",
  161: "G3-PLC hybrid RF MAC setup",
  162: "G3-PLC hybrid 6LoWPAN adaptation layer setup",
};

function isInterfaceClass(value: unknown): value is InterfaceClass {
  return typeof value === "object" && value !== null && "id" in value && "version" in value && "attributes" in value;
}
