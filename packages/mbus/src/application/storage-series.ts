import { movedBy } from "./compact-profile.ts";
import type { DataRecord, MeterTime } from "./record.ts";

/** A register of a storage block, and when its value was stored. */
export interface StoredRegister {
  readonly record: DataRecord;
  readonly at: MeterTime;
}

/** Units of `storageInterval` (VIF FD 24 to 29). */
const UNITS: ReadonlySet<string> = new Set(["d", "month", "year"]);

/**
 * Registers of storage blocks with the date that the block gives them (EN 13757-3, 6.3.5 and table 14): where a storage number has both a
 * date and a storage interval of days, months or years, every number above it is one interval older.
 */
export function storageSeries(records: readonly DataRecord[]): StoredRegister[] {
  return records.flatMap((interval) => {
    const { vib, value: count, storage: first } = interval;
    if (vib.quantity !== "storageInterval" || !UNITS.has(vib.unit) || typeof count !== "number" || count < 1) return [];
    const base = records.find((other) => other.storage === first && (other.vib.quantity === "date" || other.vib.quantity === "dateTime"));
    return records.flatMap((record) => {
      if (record.storage < first || record === interval || record === base) return [];
      const steps = (record.storage - first) * count;
      const at = movedBy(
        base?.value,
        { unit: vib.unit === "year" ? "month" : vib.unit, count: 1 },
        vib.unit === "year" ? -12 * steps : -steps,
      );
      return at === undefined ? [] : [{ record, at }];
    });
  });
}
