import type { Application } from "../application/read-application.ts";
import type { DataRecord } from "../application/record.ts";
import { STATUS_BITS, type StatusBits } from "./data/status-bits.ts";

/** A record of error bits, in words. */
export interface StatusWords {
  readonly record: DataRecord;
  /** Of every bit that is set; `bit 7` where the maker's word for it is not known. None: all is well. */
  readonly words: readonly string[];
}

/** What a meter's error records say, where its maker's bits are published. */
export function statusWords({ meter, records }: Application): StatusWords[] {
  if (meter === undefined) return [];
  return records.flatMap((record) => {
    const { value } = record;
    const row = STATUS_BITS.find(
      (candidate) =>
        hasCodes(record, candidate) &&
        candidate.manufacturers.includes(meter.manufacturer) &&
        (candidate.deviceTypes?.includes(meter.deviceType) ?? true) &&
        (candidate.versions?.includes(meter.version) ?? true),
    );
    if (row === undefined || typeof value !== "number" || value < 0) return [];
    return [{ record, words: wordsOf(value, row.words) }];
  });
}

function hasCodes({ vib }: DataRecord, { codes }: StatusBits): boolean {
  return vib.codes.length === codes.length && vib.codes.every((code, index) => (code & 0x7f) === ((codes[index] ?? 0) & 0x7f));
}

function wordsOf(value: number, words: readonly string[]): string[] {
  const set: string[] = [];
  for (let bit = 0, rest = value; rest >= 1; bit++, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 0) continue;
    const word = words[bit] ?? "";
    set.push(word === "" ? `bit ${bit}` : word);
  }
  return set;
}
