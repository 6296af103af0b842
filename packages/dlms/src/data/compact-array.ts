import { ByteWriter, UsageError, berLength, type ByteReader } from "@amity/bytes";
import { DLMS_TAGS, type DlmsData, type TypeDescription } from "./dlms-data.ts";
import { TYPE_OF_TAG, decodePlain, encodePlain } from "./plain-data.ts";

/** Elements for each octet that was sent: those of no octets (null-data, and arrays of it) would otherwise be free. */
const ELEMENTS_PER_OCTET_MAX = 16;
const DEPTH_MAX = 16;

type CompactArray = Extract<DlmsData, { type: "compact-array" }>;

/** Compact array (tag 19): one type description, then the contents of all elements without tags (IEC 62056-5-3, 8.3). */
export const compactArray = {
  decode(reader: ByteReader): CompactArray {
    const start = reader.position;
    const description = decodeDescription(reader, 0);
    const contents = reader.sub(berLength.decode(reader));
    const budget = { left: (reader.position - start) * ELEMENTS_PER_OCTET_MAX };
    const value: DlmsData[] = [];
    while (!contents.isAtEnd) {
      const before = contents.position;
      value.push(decodeElement(description, contents, budget));
      if (contents.position === before) throw contents.fail("elements of no octets cannot be counted", "malformed");
    }
    return { type: "compact-array", description, value };
  },
  encode(array: CompactArray, writer: ByteWriter): void {
    encodeDescription(array.description, writer);
    const contents = new ByteWriter();
    for (const item of array.value) encodeElement(array.description, item, contents);
    berLength.encode(contents.length, writer);
    writer.bytes(contents.peek());
  },
};

function decodeDescription(reader: ByteReader, depth: number): TypeDescription {
  if (depth > DEPTH_MAX) throw reader.fail(`type description nested deeper than ${DEPTH_MAX} levels`, "limit");
  const offset = reader.offset;
  const tag = reader.u8();
  const type = TYPE_OF_TAG[tag];
  if (type === undefined || type === "compact-array") throw reader.fail(`type ${tag} cannot be in a compact array`, "unknown-type", offset);
  if (type === "array") return { type, count: reader.u16(), element: decodeDescription(reader, depth + 1) };
  if (type !== "structure") return { type };
  const count = berLength.decode(reader);
  if (count > reader.remaining) throw reader.fail(`${count} types announced, ${reader.remaining} octet(s) left`, "truncated");
  const elements: TypeDescription[] = [];
  for (let index = 0; index < count; index++) elements.push(decodeDescription(reader, depth + 1));
  return { type, elements };
}

function encodeDescription(description: TypeDescription, writer: ByteWriter): void {
  writer.u8(DLMS_TAGS[description.type]);
  if (description.type === "array") {
    writer.u16(description.count);
    encodeDescription(description.element, writer);
  } else if (description.type === "structure") {
    berLength.encode(description.elements.length, writer);
    for (const element of description.elements) encodeDescription(element, writer);
  }
}

function decodeElement(description: TypeDescription, reader: ByteReader, budget: { left: number }): DlmsData {
  if (--budget.left < 0) throw reader.fail(`more than ${ELEMENTS_PER_OCTET_MAX} elements an octet`, "limit");
  if (description.type === "array") {
    const value: DlmsData[] = [];
    for (let index = 0; index < description.count; index++) value.push(decodeElement(description.element, reader, budget));
    return { type: "array", value };
  }
  if (description.type === "structure") {
    return { type: "structure", value: description.elements.map((element) => decodeElement(element, reader, budget)) };
  }
  return decodePlain(description.type, reader);
}

function encodeElement(description: TypeDescription, value: DlmsData, writer: ByteWriter): void {
  if (value.type === "compact-array" || value.type !== description.type) {
    throw new UsageError(`a ${value.type} where the description says ${description.type}`, { code: "type-unmatched" });
  }
  if (description.type === "array" && value.type === "array") {
    if (value.value.length !== description.count) throw wrongCount(description.count, value.value.length);
    for (const item of value.value) encodeElement(description.element, item, writer);
  } else if (description.type === "structure" && value.type === "structure") {
    if (value.value.length !== description.elements.length) throw wrongCount(description.elements.length, value.value.length);
    for (const [index, element] of description.elements.entries())
      encodeElement(element, value.value[index] ?? { type: "null-data" }, writer);
  } else if (value.type !== "array" && value.type !== "structure") {
    encodePlain(value, writer);
  }
}

function wrongCount(expected: number, found: number): UsageError {
  return new UsageError(`expected ${expected} elements, got ${found}`, { code: "length" });
}
