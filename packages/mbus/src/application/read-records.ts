import { DecodeError } from "@amity/bytes";
import { CODINGS, readValue } from "./read-value.ts";
import { readValueInfo, type Cursor } from "./read-value-info.ts";
import type { DataRecord, RecordFunction } from "./record.ts";

/** More DIFEs than this are refused (EN 13757-3, 6.3.5). */
export const DIFES_MAX = 10;
/** A user-data field of 255 octets holds at most this many records; AFL messages are bounded by their own limit. */
const RECORDS_MAX = 4096;

/** What the record loop found. It never throws: what was sound stays, `problem` says where it broke. */
export interface RecordList {
  readonly records: DataRecord[];
  /** Octets after DIF 0F or 1F, as sent. */
  readonly manufacturerData: Uint8Array | undefined;
  /** Offset of DIF 0F or 1F, -1 where there is none. */
  readonly manufacturerOffset: number;
  /** DIF 1F: the next telegram goes on (EN 13757-3, 6.3.6). */
  readonly moreFollows: boolean;
  readonly problem: DecodeError | undefined;
}

const FUNCTIONS: readonly RecordFunction[] = ["instantaneous", "maximum", "minimum", "error"];

/**
 * Reads data records from `start` to `end` (EN 13757-3, clause 6). Idle fillers (2F) are passed over.
 * `base` is added to every offset: the place of `data[0]` in the frame.
 */
export function readRecords(data: Uint8Array, start = 0, end = data.length, base = 0): RecordList {
  const records: DataRecord[] = [];
  const cursor: Cursor = { at: start };
  let problem: DecodeError | undefined;
  try {
    while (cursor.at < end) {
      const dif = data[cursor.at] ?? 0;
      if (dif === 0x2f) cursor.at++;
      else if (dif === 0x0f || dif === 0x1f) {
        const offset = cursor.at + base;
        const rest = data.slice(cursor.at + 1, end);
        return { records, manufacturerData: rest, manufacturerOffset: offset, moreFollows: dif === 0x1f, problem: undefined };
      } else {
        if (records.length >= RECORDS_MAX) {
          throw new DecodeError(`more than ${RECORDS_MAX} records`, { offset: cursor.at + base, code: "limit" });
        }
        records.push(readRecord(data, cursor, end, base));
      }
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    problem = error.within(`records[${records.length}]`);
  }
  return { records, manufacturerData: undefined, manufacturerOffset: -1, moreFollows: false, problem };
}

/** Reads one record and moves the cursor behind it. @throws DecodeError with the offset of what broke. */
export function readRecord(data: Uint8Array, cursor: Cursor, end: number, base = 0): DataRecord {
  const start = cursor.at;
  const dif = data[start] ?? 0;
  const dataField = dif & 0x0f;
  if (dataField === 0x0f) throw new DecodeError(`DIF 0x${dif.toString(16)} is reserved`, { offset: start + base, code: "reserved-dif" });
  let at = start + 1;
  let storage = (dif >> 6) & 1;
  let tariff = 0;
  let subunit = 0;
  if (dif >= 0x80) {
    let shift = 0;
    for (let more = true; more; shift++) {
      if (at >= end) throw new DecodeError("truncated: the record ends inside its DIFEs", { offset: at + base, code: "truncated" });
      if (shift === DIFES_MAX) throw new DecodeError(`more than ${DIFES_MAX} DIFEs`, { offset: at + base, code: "too-many-difes" });
      const dife = data[at++] ?? 0;
      storage += (dife & 0x0f) * 2 ** (1 + 4 * shift);
      tariff += ((dife >> 4) & 0x03) * 4 ** shift;
      subunit += ((dife >> 6) & 0x01) * 2 ** shift;
      more = dife >= 0x80;
    }
  }
  cursor.at = at;
  const vib = readValueInfo(data, cursor, end, base);
  const headerEnd = cursor.at;
  const value = readValue(data, cursor, end, { dataField, vib, base });
  return {
    offset: start + base,
    headerOctets: headerEnd - start,
    octets: cursor.at - start,
    function: FUNCTIONS[(dif >> 4) & 0x03] ?? "instantaneous",
    storage,
    tariff,
    subunit,
    coding: CODINGS[dataField]?.coding ?? "none",
    vib,
    value,
  };
}
