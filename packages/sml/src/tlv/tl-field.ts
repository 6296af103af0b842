import type { ByteReader, ByteWriter } from "@amity/bytes";

/** Type nibbles of the TL field (BSI TR-03109-1 annex IV, 6.3). */
export const TL_TYPE = { octets: 0, boolean: 4, integer: 5, unsigned: 6, list: 7 } as const;

const TYPE_NAMES: Readonly<Record<number, string>> = { 0: "octet string", 4: "boolean", 5: "integer", 6: "unsigned", 7: "list" };

/** What a TL field announces. */
export interface TlField {
  readonly type: number;
  /** Octets of content that follow; for a list the number of its elements. */
  readonly length: number;
}

/** TL fields of more octets are refused: four of them count 65,535 octets or elements. */
const TL_OCTETS_MAX = 4;

/** Reads a TL field. Lengths of everything but lists include the TL field itself on the wire, not in the result. @throws DecodeError. */
export function readTl(reader: ByteReader): TlField {
  const at = reader.offset;
  let octet = reader.u8();
  const type = (octet >> 4) & 7;
  let length = octet & 0x0f;
  let octets = 1;
  while ((octet & 0x80) !== 0) {
    if (++octets > TL_OCTETS_MAX) throw reader.fail(`a TL field of more than ${TL_OCTETS_MAX} octets`, "limit", at);
    octet = reader.u8();
    length = (length << 4) | (octet & 0x0f);
  }
  if (type === TL_TYPE.list) {
    // An element takes one octet at least: a longer list cannot be whole, and nothing is allocated for it.
    if (length > reader.remaining) throw reader.fail(`a list of ${length} elements in ${reader.remaining} octets`, "truncated", at);
    return { type, length };
  }
  const content = length - octets;
  if (content < 0) throw reader.fail(`length ${length} is shorter than the TL field itself`, "length", at);
  if (content > reader.remaining) {
    throw reader.fail(`truncated: ${typeName(type)} of ${content} octet(s), have ${reader.remaining}`, "truncated", at);
  }
  return { type, length: content };
}

/** Writes the shortest TL field for so many octets of content, or elements of a list. */
export function writeTl(type: number, length: number, writer: ByteWriter): void {
  let octets = 1;
  while (announced(type, length, octets) >= 16 ** octets) octets += 1;
  const value = announced(type, length, octets);
  for (let index = octets - 1; index >= 0; index--) {
    const more = index > 0 ? 0x80 : 0;
    const kind = index === octets - 1 ? type << 4 : 0;
    writer.u8(more | kind | ((value >> (4 * index)) & 0x0f));
  }
}

function announced(type: number, length: number, octets: number): number {
  return type === TL_TYPE.list ? length : length + octets;
}

/** A type nibble in words. */
export function typeName(type: number): string {
  return TYPE_NAMES[type] ?? `type ${type}`;
}

/** Passes over one element with everything in it; nesting costs no stack. @throws DecodeError. */
export function skipElement(reader: ByteReader): void {
  for (let open = 1; open > 0; open--) {
    const { type, length } = readTl(reader);
    if (type === TL_TYPE.list) open += length;
    else reader.skip(length);
  }
}
