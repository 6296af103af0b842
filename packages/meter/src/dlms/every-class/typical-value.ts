import { UsageError } from "@amity/bytes";
import { data, obisToOctets, parseObis, structureFields, type DlmsData } from "@amity/dlms";

/** A Tuesday in January, of which a clock, a date and a time are parts. */
const STAMP = Uint8Array.of(0x07, 0xea, 1, 20, 2, 12, 0, 0, 0, 0x80, 0, 0);
const CLOCK = parseObis("0-0:1.0.0");

const PLAIN: Readonly<Record<string, DlmsData>> = {
  CHOICE: data.nothing,
  boolean: data.boolean(false),
  integer: data.integer(1),
  unsigned: data.unsigned(1),
  enum: data.enumerated(1),
  long: data.long(1),
  "long-unsigned": data.longUnsigned(1),
  "double-long": data.doubleLong(1),
  "double-long-unsigned": data.doubleLongUnsigned(1),
  "long64-unsigned": { type: "long64-unsigned", value: 1n },
  "octet-string": data.octets(new Uint8Array(0)),
  "octet-string[4]": data.octets(STAMP.slice(5, 9)),
  "octet-string[5]": data.octets(STAMP.slice(0, 5)),
  "octet-string[6]": data.octets(obisToOctets(CLOCK)),
  "octet-string[12]": data.octets(STAMP),
  "visible-string": data.visible(""),
  "utf8-string": { type: "utf8-string", value: "" },
  "bit-string": data.bits(8, Uint8Array.of(0)),
};
const ARRAY = "array of ";
const STRUCTURE = "structure {";
const NULLABLE = " or null-data";

/** A value of a type as the class tables write it: one element to an array, a small number, an empty text. @throws UsageError for a type that is none. */
export function typicalValue(type: string): DlmsData {
  const plain = PLAIN[type];
  if (plain !== undefined) return plain;
  if (type.startsWith(ARRAY)) return data.array(typicalValue(type.slice(ARRAY.length)));
  if (type.endsWith(NULLABLE)) return data.nothing;
  if (!type.startsWith(STRUCTURE)) throw new UsageError(`"${type}" is no type of data`, { code: "unknown-choice" });
  return data.structure(...structureFields(type).map((field) => typicalValue(field.type)));
}
