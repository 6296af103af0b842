import type { ByteReader, ByteWriter } from "@amity/bytes";

const WIDTH_MAX = 8;

export function readBoolean(reader: ByteReader, length: number, at: number): boolean {
  if (length !== 1) throw reader.fail(`a boolean of ${length} octets`, "length", at);
  return reader.u8() !== 0;
}

/** Two's complement of 1 to 8 octets: the first octet carries the sign whatever the width. */
export function readInteger(reader: ByteReader, length: number, at: number): bigint {
  const value = readUnsigned(reader, length, at);
  return BigInt.asIntN(8 * length, value);
}

export function readUnsigned(reader: ByteReader, length: number, at: number): bigint {
  if (length < 1 || length > WIDTH_MAX) throw reader.fail(`a number of ${length} octets`, "length", at);
  if (length === 8) return reader.u64();
  return BigInt(readNumber(reader, length));
}

/** Up to 6 octets exactly, 7 where the standard's numbers never get that large. */
export function readNumber(reader: ByteReader, length: number): number {
  let value = 0;
  for (let index = 0; index < length; index++) value = value * 256 + reader.u8();
  return value;
}

export function writeWidth(value: bigint, width: number, writer: ByteWriter): void {
  for (let index = width - 1; index >= 0; index--) writer.u8(Number((value >> BigInt(8 * index)) & 0xffn));
}
