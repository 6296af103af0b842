import { toHex } from "@amity/bytes";
import { isNotAvailable, meterTimeText, scaledValue, type DataRecord } from "../application/record.ts";
import type { ExplainNode } from "./explain-node.ts";

/** A record as a field: value in whole units, with everything that qualifies it. `place` turns an offset in the payload into one of the frame. */
export function explainRecord(record: DataRecord, payload: Uint8Array, place: (offset: number) => number): ExplainNode {
  const { vib, offset, headerOctets, octets } = record;
  const { value, unit } = shownValue(record);
  const headerHex = toHex(payload.subarray(offset, offset + headerOctets), " ");
  const dataHex = toHex(payload.subarray(offset + headerOctets, offset + octets), " ");
  return {
    name: vib.quantity,
    offset: place(offset),
    octets,
    value,
    ...(unit === "" ? {} : { unit }),
    meaning: qualifiers(record).join(", "),
    children: [
      { name: "dib and vib", offset: place(offset), octets: headerOctets, hex: headerHex, meaning: `coding ${record.coding}` },
      { name: "data", offset: place(offset + headerOctets), octets: octets - headerOctets, hex: dataHex },
    ],
  };
}

/** `1234.5`, a date's text, a text, or the digits that are no number. */
export function shownValue(record: DataRecord): { value: string | number | null; unit: string } {
  const { value, vib } = record;
  if (value === null) return { value: null, unit: vib.unit };
  if (typeof value === "string") return { value, unit: vib.unit };
  if (typeof value === "bigint") return { value: vib.exponent === 0 ? value.toString() : (scaledValue(record) ?? null), unit: vib.unit };
  if (typeof value === "number") {
    const scaled = scaledValue(record) ?? value;
    return { value: Number.isFinite(scaled) ? scaled : String(scaled), unit: vib.unit };
  }
  if (value.kind === "octets") return { value: toHex(value.octets), unit: "" };
  if (value.kind === "invalid") return { value: value.digits, unit: vib.unit };
  return { value: meterTimeText(value), unit: "" };
}

function qualifiers(record: DataRecord): string[] {
  const { value, vib } = record;
  const out: string[] = [record.function];
  if (record.storage > 0) out.push(`storage ${record.storage}`);
  if (record.tariff > 0) out.push(`tariff ${record.tariff}`);
  if (record.subunit > 0) out.push(`subunit ${record.subunit}`);
  out.push(...vib.modifiers.map(({ name, code }) => (name === "unknown" ? `VIFE 0x${code.toString(16)}` : name)));
  if (vib.text !== undefined) out.push(`unit in plain text "${vib.text}"`);
  if (vib.recordError !== undefined) out.push(`record error ${vib.recordError}`);
  if (vib.quantity === "unknown" || vib.quantity === "manufacturerSpecific")
    out.push(`VIF ${vib.codes.map((code) => code.toString(16).padStart(2, "0")).join(" ")}`);
  if (isNotAvailable(record)) out.push("not available");
  if (value !== null && typeof value === "object") {
    if (value.kind === "invalid") out.push("no number: hexadecimal digits in BCD");
    else if (value.kind !== "octets" && !value.isValid) out.push("not a valid time");
    else if (value.kind !== "octets" && value.isSummerTime) out.push("summer time");
  }
  return out;
}
