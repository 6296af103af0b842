import { INTERFACE_CLASSES, type InterfaceClass } from "@amity/dlms";
import { CLIENT_ROLES, configuredObject } from "../configured-object.ts";
import type { MeterObject } from "../meter-object.ts";
import { SECRET_ATTRIBUTES, TYPICAL_ATTRIBUTES } from "./typical-attributes.ts";
import { typicalValue } from "./typical-value.ts";

/** Associations are the server's own objects. */
const ASSOCIATIONS: ReadonlySet<number> = new Set([12, 15]);

/** The standard's name of an object of each class (IEC 62056-6-1); classes whose names are not public stand under 0-0:128.40. */
const NAMES: Readonly<Record<number, string>> = {
  24: "0-0:23.0.0",
  25: "0-0:24.0.0",
  27: "0-0:2.0.0",
  28: "0-0:2.2.0",
  29: "0-0:2.1.0",
  44: "0-0:25.3.0",
  46: "0-0:25.5.0",
  50: "0-0:26.0.0",
  51: "0-0:26.1.0",
  52: "0-0:26.2.0",
  53: "0-0:26.3.0",
  55: "0-0:26.5.0",
  56: "0-0:26.6.0",
  57: "0-0:27.0.0",
  58: "0-0:27.1.0",
  59: "0-0:27.2.0",
  61: "1-0:98.10.0",
  72: "0-1:24.1.0",
  73: "0-0:31.0.0",
  74: "0-0:24.6.0",
  76: "0-0:24.8.0",
  77: "0-0:24.9.0",
  80: "0-0:28.0.0",
  81: "0-0:28.1.0",
  82: "0-0:28.2.0",
  83: "0-0:28.3.0",
  84: "0-0:28.4.0",
  85: "0-0:28.5.0",
  86: "0-0:28.7.0",
  90: "0-0:29.0.0",
  91: "0-0:29.1.0",
  92: "0-0:29.2.0",
  101: "0-0:30.0.0",
  102: "0-0:30.1.0",
  103: "0-0:30.2.0",
  104: "0-0:30.3.0",
  105: "0-0:30.4.0",
  126: "0-0:25.12.0",
  127: "0-0:25.13.0",
  128: "0-0:25.14.0",
  129: "0-0:25.15.0",
  130: "0-0:34.0.0",
  131: "0-0:34.1.0",
  132: "0-0:34.2.0",
  133: "0-0:34.3.0",
  140: "0-0:33.0.0",
  141: "0-0:33.1.0",
  142: "0-0:33.2.0",
  143: "0-0:33.3.0",
  152: "0-0:25.16.0",
  153: "0-0:25.17.0",
};

/**
 * An object of every interface class that is not there yet, in its newest version, for conformance tests of clients: it holds typical values, keeps
 * what is written to it, and does nothing with it.
 */
export function everyClassObjects(present: readonly MeterObject[]): MeterObject[] {
  const ids = new Set(present.map(({ definition }) => definition.classId));
  const newest = new Map(INTERFACE_CLASSES.map((definition) => [definition.id, definition]));
  return [...newest.values()].filter(({ id }) => !ids.has(id) && !ASSOCIATIONS.has(id)).map(exampleObject);
}

function exampleObject(definition: InterfaceClass): MeterObject {
  const { attributes, dynamic = [], id } = definition;
  const hidden = SECRET_ATTRIBUTES[id] ?? [];
  const values = Object.entries(attributes).map(([name, shape]) => [name, TYPICAL_ATTRIBUTES[id]?.[name] ?? typicalValue(shape.type)]);
  return configuredObject({
    class: definition,
    name: NAMES[id] ?? `0-0:128.40.${id & 0xff}`,
    values: Object.fromEntries(values),
    writable: Object.keys(attributes).filter((name) => !dynamic.includes(name)),
    hidden,
    readers: CLIENT_ROLES,
  });
}
