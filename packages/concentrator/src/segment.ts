import { ByteWriter } from "@amity/bytes";
import { crc32 } from "./crc32.ts";

/** Octets before each record: length, CRC-32 of what follows, sequence number. */
const HEADER_OCTETS = 16;

/** A record with its place in the log. */
export interface SequencedRecord {
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** Adds one record in the form of a segment: u32 length of data, u32 CRC over sequence and data, u64 sequence, data. */
export function writeRecord(record: SequencedRecord, writer: ByteWriter): void {
  const body = new ByteWriter({ capacity: record.data.length + 8 }).u64(BigInt(record.sequence)).bytes(record.data).peek();
  writer.u32(record.data.length).u32(crc32(body)).bytes(body);
}

/** Size of a record in a segment. */
export function recordOctets(dataOctets: number): number {
  return HEADER_OCTETS + dataOctets;
}

/**
 * Reads the records of a segment up to its end or to the first one that is torn or damaged: appends are synced in order,
 * so nothing that was ever counted as stored lies behind a torn record.
 */
export function readSegment(content: Uint8Array): { readonly records: SequencedRecord[]; readonly isTorn: boolean } {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const records: SequencedRecord[] = [];
  let at = 0;
  while (content.length - at >= HEADER_OCTETS) {
    const length = view.getUint32(at);
    const end = at + HEADER_OCTETS + length;
    if (end > content.length || view.getUint32(at + 4) !== crc32(content, at + 8, end)) break;
    records.push({ sequence: Number(view.getBigUint64(at + 8)), data: content.subarray(at + HEADER_OCTETS, end) });
    at = end;
  }
  return { records, isTorn: at < content.length };
}
