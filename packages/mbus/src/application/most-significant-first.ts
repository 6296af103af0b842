import { readRecords } from "./read-records.ts";

/**
 * A copy of a message in "mode 2" of the first M-Bus standards (CI 55, 76), turned to the order of everybody else: in the long header
 * identification, manufacturer and configuration, in each record the octets of its value. Codes stay where they are, and so
 * do all offsets.
 */
export function leastSignificantFirst(
  data: Uint8Array,
  at: { readonly headerFrom: number | undefined; readonly recordsFrom: number; readonly end: number },
): Uint8Array {
  const out = data.slice();
  const { headerFrom } = at;
  if (headerFrom !== undefined) for (const [from, octets] of HEADER_FIELDS) turn(out, headerFrom + from, octets);
  // The structure of records depends on codes and length octets only: it is the same in both orders.
  for (const record of readRecords(data, at.recordsFrom, at.end).records) {
    const valueFrom = record.offset + record.headerOctets + (record.coding === "variable" ? 1 : 0);
    turn(out, valueFrom, record.offset + record.octets - valueFrom);
  }
  return out;
}

/** A copy of the fixed structure in that order (CI 77): identification and both counters. */
export function fixedLeastSignificantFirst(data: Uint8Array, from: number): Uint8Array {
  const out = data.slice();
  for (const at of [0, 8, 12]) turn(out, from + at, 4);
  return out;
}

/** Fields of more than one octet in the long header. */
const HEADER_FIELDS = [
  [0, 4],
  [4, 2],
  [10, 2],
] as const;

function turn(data: Uint8Array, from: number, octets: number): void {
  if (from + octets <= data.length) data.subarray(from, from + octets).reverse();
}
