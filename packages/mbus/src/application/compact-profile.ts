import { readBcd, readReal32, readSigned, readUnsigned } from "./data-types.ts";
import type { DataRecord, MeterTime } from "./record.ts";
import { CODINGS } from "./read-value.ts";

/** One value of a compact profile. */
export interface ProfileValue {
  /** Storage number: the base record's plus 1, 2 ... */
  readonly storage: number;
  /** Counts 10^exponent of the record's unit; `undefined` where the meter has none (all-ones or the most negative value). */
  readonly value: number | bigint | undefined;
  /** What the element itself says: the increment where the profile counts increments. */
  readonly element: number | bigint | undefined;
  /** When, where a base date of the same storage number is known and the spacing is days or months. */
  readonly at: MeterTime | undefined;
}

export interface CompactProfile {
  readonly record: DataRecord;
  readonly spacing: { readonly unit: "s" | "min" | "h" | "d" | "month" | "halfMonth"; readonly count: number };
  readonly values: readonly ProfileValue[];
}

const SPACING_UNITS = ["s", "min", "h", "d"] as const;

/**
 * Opens compact profiles among records (EN 13757-3, annex F): VIFE 1E and 1F count from the base value of the same
 * storage number forwards, 13 (inverse) backwards in time. Increments are added up where a base value is known.
 */
export function compactProfiles(records: readonly DataRecord[]): CompactProfile[] {
  return records.flatMap((record) => {
    const kind = record.vib.modifiers.find(({ code }) => code === 0x13 || code === 0x1e || code === 0x1f)?.code;
    const octets =
      record.value !== null && typeof record.value === "object" && record.value.kind === "octets" ? record.value.octets : undefined;
    if (kind === undefined || octets === undefined || octets.length < 2) return [];
    return [open(record, records, octets, kind)];
  });
}

function open(record: DataRecord, records: readonly DataRecord[], octets: Uint8Array, kind: number): CompactProfile {
  const control = octets[0] ?? 0;
  const count = octets[1] ?? 0;
  const unit = count === 254 ? "month" : count === 253 ? "halfMonth" : (SPACING_UNITS[(control >> 4) & 3] ?? "d");
  const size = CODINGS[control & 0x0f]?.octets ?? 0;
  const mode = control >> 6;
  const isInverse = kind === 0x13;
  const same = (other: DataRecord): boolean =>
    other !== record && other.storage === record.storage && other.tariff === record.tariff && other.subunit === record.subunit;
  const baseDate = records.find((other) => same(other) && (other.vib.quantity === "date" || other.vib.quantity === "dateTime"))?.value;
  const baseValue = records.find((other) => same(other) && other.vib.quantity === record.vib.quantity)?.value;
  let running = typeof baseValue === "number" ? baseValue : 0;
  const values: ProfileValue[] = [];
  for (let at = 2; size > 0 && at + size <= octets.length; at += size) {
    const raw = element(octets, at, control & 0x0f, mode);
    let value = raw;
    if (mode !== 0 && typeof raw === "number") {
      running += (mode === 2 ? -raw : raw) * (isInverse ? -1 : 1);
      value = running;
    }
    const steps = values.length + 1;
    values.push({
      storage: record.storage + steps,
      value,
      element: raw,
      at: movedBy(baseDate, { unit, count }, isInverse ? -steps : steps),
    });
  }
  return { record, spacing: { unit, count: count >= 253 ? 1 : count }, values };
}

/** Absolute values are signed, increments (modes 1 and 2) are not, differences (3) are. */
function element(octets: Uint8Array, at: number, dataField: number, mode: number): number | bigint | undefined {
  const size = CODINGS[dataField]?.octets ?? 0;
  if (dataField === 0x05) return readReal32(octets, at);
  if (dataField >= 0x09) {
    const value = readBcd(octets, at, size);
    return typeof value === "object" ? undefined : value;
  }
  if (mode === 1 || mode === 2) {
    const value = readUnsigned(octets, at, Math.min(size, 6));
    return value === 2 ** (size * 8) - 1 ? undefined : value;
  }
  const value = readSigned(octets, at, size);
  return size <= 6 && value === -(2 ** (size * 8 - 1)) ? undefined : value;
}

/**
 * A date so many months, or so many times `count` days, away (`undefined` for other units). A base on the last day of its month stands
 * for month ends.
 */
export function movedBy(
  base: DataRecord["value"] | undefined,
  { unit, count }: { readonly unit: string; readonly count: number },
  steps: number,
): MeterTime | undefined {
  if (base === undefined || base === null || typeof base !== "object" || !("month" in base) || !base.isValid) return undefined;
  if (unit === "month") {
    const index = base.year * 12 + base.month - 1 + steps;
    const year = Math.floor(index / 12);
    const month = (index % 12) + 1;
    const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
    const isMonthEnd = base.day === new Date(Date.UTC(base.year, base.month, 0)).getUTCDate();
    return { ...base, year, month, day: isMonthEnd ? last : Math.min(base.day, last) };
  }
  if (unit !== "d" || count === 0) return undefined;
  const date = new Date(Date.UTC(base.year, base.month - 1, base.day + steps * count));
  return { ...base, year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}
