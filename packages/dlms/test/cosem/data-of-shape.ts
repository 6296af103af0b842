import fc from "fast-check";
import { encodeDateTime } from "../../src/cosem/date-time.ts";
import { stampOf } from "../../src/cosem/instant.ts";
import { structureFields } from "../../src/cosem/type-text.ts";
import type { DlmsData } from "../../src/data/dlms-data.ts";

const octetString = (minLength: number, maxLength = minLength): fc.Arbitrary<DlmsData> =>
  fc.uint8Array({ minLength, maxLength }).map((value): DlmsData => ({ type: "octet-string", value }));
const whole = (
  type: "integer" | "unsigned" | "long" | "long-unsigned" | "double-long" | "double-long-unsigned" | "enum",
  min: number,
  max: number,
) => fc.integer({ min, max }).map((value): DlmsData => ({ type, value }));
const stamp = encodeDateTime(stampOf(Date.UTC(2026, 10, 21, 7, 30)));

const PLAIN: Readonly<Record<string, fc.Arbitrary<DlmsData>>> = {
  CHOICE: whole("unsigned", 0, 255),
  boolean: fc.boolean().map((value): DlmsData => ({ type: "boolean", value })),
  integer: whole("integer", -128, 127),
  unsigned: whole("unsigned", 0, 255),
  enum: whole("enum", 0, 255),
  long: whole("long", -0x8000, 0x7fff),
  "long-unsigned": whole("long-unsigned", 0, 0xffff),
  "double-long": whole("double-long", -0x8000_0000, 0x7fff_ffff),
  "double-long-unsigned": whole("double-long-unsigned", 0, 0xffff_ffff),
  "long64-unsigned": fc.bigInt(0n, 2n ** 64n - 1n).map((value): DlmsData => ({ type: "long64-unsigned", value })),
  "octet-string": octetString(0, 9),
  "octet-string[4]": fc.constant<DlmsData>({ type: "octet-string", value: stamp.slice(5, 9) }),
  "octet-string[5]": fc.constant<DlmsData>({ type: "octet-string", value: stamp.slice(0, 5) }),
  "octet-string[6]": octetString(6),
  "octet-string[12]": fc.constant<DlmsData>({ type: "octet-string", value: stamp }),
  "visible-string": fc.string({ unit: "grapheme-ascii", maxLength: 9 }).map((value): DlmsData => ({ type: "visible-string", value })),
  "utf8-string": fc.string({ unit: "grapheme-ascii", maxLength: 9 }).map((value): DlmsData => ({ type: "utf8-string", value })),
  "bit-string": fc
    .uint8Array({ minLength: 2, maxLength: 2 })
    .map((octets): DlmsData => ({ type: "bit-string", value: { bitLength: 16, octets } })),
};

/** Data of a shape, from the type that it names: what a meter that keeps to the book sends. */
export function dataOfShape(type: string): fc.Arbitrary<DlmsData> {
  const nullable = / or null-data$/.exec(type);
  if (nullable !== null && !isInside(type, nullable.index)) {
    return fc.oneof(fc.constant<DlmsData>({ type: "null-data" }), dataOfShape(type.slice(0, nullable.index)));
  }
  if (type.startsWith("array of ")) {
    return fc.array(dataOfShape(type.slice("array of ".length)), { maxLength: 2 }).map((value): DlmsData => ({ type: "array", value }));
  }
  if (type.startsWith("structure {")) {
    const fields = structureFields(type).map((field) => dataOfShape(field.type));
    return fc.tuple(...fields).map((value): DlmsData => ({ type: "structure", value }));
  }
  const plain = PLAIN[type];
  if (plain === undefined) throw new Error(`no data of type ${type}`);
  return plain;
}

/** Whether a place in a type stands within braces or behind "array of". */
function isInside(type: string, at: number): boolean {
  const before = type.slice(0, at);
  return before.split("{").length !== before.split("}").length;
}
