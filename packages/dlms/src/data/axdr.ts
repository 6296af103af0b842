import { ByteReader, ByteWriter, DecodeError, UsageError, berLength, type Codec } from "@amity/bytes";
import { TracingReader } from "../codec/traced.ts";
import { compactArray } from "./compact-array.ts";
import { DLMS_TAGS, type DlmsData } from "./dlms-data.ts";
import { TYPE_OF_TAG, decodePlain, encodePlain } from "./plain-data.ts";

/** Deeper nesting than this is refused: the deepest COSEM attribute has six levels. */
const DEPTH_MAX = 24;

/**
 * One A-XDR value with its tag (IEC 62056-5-3, 8.3; IEC 61334-6). The decoder is lenient where meters in the field are
 * (any non-zero boolean is true, strings of any octets), the encoder strict.
 */
export const dlmsData: Codec<DlmsData> = {
  decode: (reader) => decodeValue(reader, 0),
  encode: (value, writer) => encodeValue(value, writer, 0),
};

/** Decodes one value and nothing after it. @throws DecodeError */
export function decodeData(octets: Uint8Array): DlmsData {
  const reader = new ByteReader(octets);
  const value = decodeValue(reader, 0);
  reader.expectEnd("value");
  return value;
}

/** The A-XDR octets of one value, tag included. @throws UsageError where a value does not fit its type. */
export function encodeData(value: DlmsData): Uint8Array {
  const writer = new ByteWriter();
  encodeValue(value, writer, 0);
  return writer.finish();
}

function decodeValue(reader: ByteReader, depth: number): DlmsData {
  if (!(reader instanceof TracingReader)) return decodeTagged(reader, depth);
  const name = TYPE_OF_TAG[reader.peek() ?? -1] ?? "value";
  return reader.field(name, () => decodeTagged(reader, depth));
}

function decodeTagged(reader: ByteReader, depth: number): DlmsData {
  const tag = reader.u8();
  // What load profiles are made of, straight by tag: they are most of all values that are ever decoded.
  switch (tag) {
    case DLMS_TAGS["double-long-unsigned"]:
      return { type: "double-long-unsigned", value: reader.u32() };
    case DLMS_TAGS.unsigned:
      return { type: "unsigned", value: reader.u8() };
    case DLMS_TAGS["long-unsigned"]:
      return { type: "long-unsigned", value: reader.u16() };
    case DLMS_TAGS.structure:
      return { type: "structure", value: decodeItems(reader, depth + 1) };
    default:
      return decodeByType(tag, reader, depth);
  }
}

function decodeByType(tag: number, reader: ByteReader, depth: number): DlmsData {
  const type = TYPE_OF_TAG[tag];
  if (type === undefined) throw reader.fail(`unknown data type ${tag}`, "unknown-type", reader.offset - 1);
  switch (type) {
    case "array":
    case "structure":
      return { type, value: decodeItems(reader, depth + 1) };
    case "compact-array":
      return compactArray.decode(reader);
    default:
      return decodePlain(type, reader);
  }
}

function decodeItems(reader: ByteReader, depth: number): DlmsData[] {
  if (depth > DEPTH_MAX) throw reader.fail(`nested deeper than ${DEPTH_MAX} levels`, "limit");
  const count = berLength.decode(reader);
  // Every element takes at least its tag: an announced count beyond what is there would only allocate.
  if (count > reader.remaining) throw reader.fail(`${count} elements announced, ${reader.remaining} octet(s) left`, "truncated");
  const items: DlmsData[] = [];
  try {
    for (let index = 0; index < count; index++) items.push(decodeValue(reader, depth));
  } catch (error) {
    throw error instanceof DecodeError ? error.within(`[${items.length}]`) : error;
  }
  return items;
}

function encodeValue(value: DlmsData, writer: ByteWriter, depth: number): void {
  if (depth > DEPTH_MAX) throw new UsageError(`nested deeper than ${DEPTH_MAX} levels`, { code: "limit" });
  writer.u8(DLMS_TAGS[value.type]);
  switch (value.type) {
    case "array":
    case "structure":
      berLength.encode(value.value.length, writer);
      for (const item of value.value) encodeValue(item, writer, depth + 1);
      return;
    case "compact-array":
      compactArray.encode(value, writer);
      return;
    default:
      encodePlain(value, writer);
  }
}
