import { isMissing, unpackQuality, type Unit } from "@amity/model";
import { formatScaled } from "../decimal.ts";
import type { InterchangeRecord } from "../records.ts";
import { CSV_COLUMNS } from "./export-layout.ts";

/** Energies are written in kilo units, as bills show them. */
const KILO: Partial<Record<Unit, string>> = { Wh: "kWh", varh: "kvarh", VAh: "kVAh" };

/**
 * Writes interval series as CSV for people and spreadsheets: one row an interval, ISO 8601 UTC, exact decimals, the quality in
 * words; a missing value is an empty field. `readCsv` reads the file back as it was. Other records are skipped.
 */
export async function* writeCsv(records: AsyncIterable<InterchangeRecord>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode(`${CSV_COLUMNS.join(",")}\n`);
  for await (const record of records) {
    if (record.kind !== "intervals") continue;
    const { series } = record;
    const kilo = KILO[series.unit];
    const scaler = series.scaler - (kilo === undefined ? 0 : 3);
    const head = `${quoted(record.usagePointId)},${quoted(series.meterId)},${quoted(series.channel)},`;
    const rows = Array.from(series.values, (value, index) => {
      const quality = series.qualities[index] ?? 0;
      const start = new Date(series.startMs + index * series.intervalSeconds * 1000).toISOString().replace(".000", "");
      const text = isMissing(quality) ? "" : formatScaled(value, scaler);
      const { category, method, source, final } = unpackQuality(quality);
      const said = `${category},${method},${source},${String(final)}`;
      return `${head}${start},${series.intervalSeconds},${text},${kilo ?? series.unit},${said},${series.scaler}\n`;
    });
    yield encoder.encode(rows.join(""));
  }
}

/** Quoted where it must be (RFC 4180); a leading sign that a spreadsheet would take for a formula is kept as text. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
