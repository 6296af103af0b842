import { toHex } from "@amity/bytes";
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
  if (typeof want === "number") return holdsNumber(record, name, want);
  const text = textOf(want);
  if (value === null || typeof value !== "object") return same(value, text) || isSameHex(value, text);
  if (value.kind === "octets") return toHex(value.octets).includes(text.toLowerCase());
  if (value.kind === "invalid") return value.digits === text.toLowerCase();
  const own = meterTimeText(value).replace("T", " ");
  return own.slice(0, text.length) === text || text.slice(0, own.length) === own;
}

function holdsNumber(record: DataRecord, name: string, want: number): boolean {
  const { value, vib } = record;
  if (vib.kind === "identifier" && (typeof value === "number" || typeof value === "bigint") && value.toString(16) === String(want))
    return true;
  const scaled = scaledValue(record);
  if (scaled === undefined) return false;
  const suffix = name.slice(name.lastIndexOf("_") + 1);
  return near(scaled * (FACTORS[suffix]?.[vib.unit] ?? 1), want);
}

/** Identifiers come as integers, and are printed by others in hexadecimal digits. */
function isSameHex(value: DataRecord["value"], text: string): boolean {
  if ((typeof value !== "number" && typeof value !== "bigint") || !Number.isInteger(Number(value))) return false;
  const bits = (width: number): string => BigInt.asUintN(width, BigInt(value)).toString(16);
  return same(bits(64), text.toLowerCase()) || same(bits(32), text.toLowerCase());
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
