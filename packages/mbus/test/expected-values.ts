import { meterTimeText, scaledValue, type DataRecord } from "../src/index.ts";

/** An expected reading: names that end in a unit, numbers, dates, texts. */
export type Expected = Readonly<Record<string, unknown>>;

const META = new Set(["_", "media", "meter", "name", "id", "timestamp", "status", "current_status", "error", "unparsed", "got"]);

/** How a unit of ours counts in the unit that an expected name ends with. */
const FACTORS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  kwh: { Wh: 1e-3, J: 1 / 3.6e6, cal: 4.1868 / 3.6e6 },
  mj: { J: 1e-6, Wh: 3.6e-3 },
  gj: { J: 1e-9 },
  kw: { W: 1e-3, "J/h": 1 / 3.6e6 },
  m3: { "m³": 1, gal: 0.003785411784, "ft³": 0.028316846592 },
  m3h: { "m³/h": 1, "m³/min": 60, "m³/s": 3600 },
  lh: { "m³/h": 1000 },
  kvarh: { varh: 1e-3 },
  kvar: { var: 1e-3 },
  kvah: { VAh: 1e-3 },
  kva: { VA: 1e-3 },
  c: { "°C": 1, K: 1 },
  h: { s: 1 / 3600, min: 1 / 60, h: 1, d: 24 },
  s: { s: 1, min: 60, h: 3600, d: 86400 },
  y: { d: 1 / 365.2425, year: 1, month: 1 / 12, h: 1 / 24 / 365.2425 },
  d: { d: 1, h: 1 / 24 },
  month: { month: 1, d: 1 / 30.436875 },
};

/** Expected entries that no record holds. */
export function missingValues(expected: Expected, records: readonly DataRecord[], extra: readonly unknown[] = []): string[] {
  const missing: string[] = [];
  for (const [name, want] of Object.entries(expected)) {
    if (META.has(name) || want === null || want === "" || typeof want === "boolean" || /status|flags|error/.test(name)) continue;
    if (extra.some((value) => same(value, want))) continue;
    if (!records.some((record) => holds(record, name, want))) missing.push(`${name}=${textOf(want)}`);
  }
  return missing;
}

function holds(record: DataRecord, name: string, want: unknown): boolean {
  const { value } = record;
  if (typeof want === "number") {
    if (record.vib.kind === "identifier" && (typeof value === "number" || typeof value === "bigint") && value.toString(16) === String(want))
      return true;
    const scaled = scaledValue(record);
    if (scaled === undefined) return false;
    const suffix = name.slice(name.lastIndexOf("_") + 1);
    const factor = FACTORS[suffix]?.[record.vib.unit] ?? 1;
    return near(scaled * factor, want);
  }
  const text = textOf(want);
  if (value !== null && typeof value === "object" && value.kind !== "invalid" && value.kind !== "octets") {
    const own = meterTimeText(value).replace("T", " ");
    return own === text || own.slice(0, text.length) === text || text.slice(0, own.length) === own;
  }
  if (value !== null && typeof value === "object" && value.kind === "octets") {
    return [...value.octets]
      .map((octet) => octet.toString(16).padStart(2, "0"))
      .join("")
      .includes(text.toLowerCase());
  }
  if (value !== null && typeof value === "object") return value.kind === "invalid" && value.digits === text.toLowerCase();
  // Identifiers come as integers, and are printed by others in hexadecimal digits.
  if (typeof value === "number" || typeof value === "bigint") {
    const bits = BigInt.asUintN(64, BigInt(Number.isInteger(Number(value)) ? value : 0)).toString(16);
    if (same(bits, text.toLowerCase()) || (value < 0 && same((Number(value) >>> 0).toString(16), text.toLowerCase()))) return true;
  }
  return same(value, text);
}

function same(own: unknown, want: unknown): boolean {
  if (typeof want === "number") return typeof own === "number" && near(own, want);
  const a = textOf(own).trim();
  const b = textOf(want).trim();
  return a === b || a.replace(/^0+/, "") === b.replace(/^0+/, "") || a.slice(0, 16).replace("T", " ") === b.slice(0, 16);
}

function near(own: number, want: number): boolean {
  return Math.abs(own - want) <= Math.max(1e-6, Math.abs(want) * 1e-6);
}

function textOf(value: unknown): string {
  return typeof value === "string"
    ? value
    : (JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part)) ?? "");
}
