import type { Zone } from "@amity/intervals";
import { packQuality, QUALITY, type QualityCode } from "@amity/model";
import { parseScaled } from "../decimal.ts";
import { instantOfCivil } from "../civil-digits.ts";
import { IntervalRun } from "../interval-run.ts";
import type { Chunks, InterchangeRecord, PutAside } from "../records.ts";
import { textLines, type TextLine } from "../text-lines.ts";

/** Values are kept as integers times 10^-3 of the base unit. */
export const DF2_SCALER = -3;
const HALF_HOUR_MS = 1_800_000;

/** Sensors of a Stark DF2 file: active and reactive, import and export. */
const CHANNELS = ["1-0:1.8.0", "1-0:2.8.0", "1-0:3.8.0", "1-0:4.8.0"] as const;

/**
 * Reads British half-hourly DF2 files: `#O` outstation, `#S` sensor, then `dd/mm/yyyy,hh:mm,kWh,flag` stamped at the END of
 * each half-hour. Times are UTC unless a zone is given.
 */
export async function* readDf2(chunks: Chunks, zone?: Zone): AsyncGenerator<InterchangeRecord> {
  let outstation: string | undefined;
  let run: IntervalRun | undefined;
  for await (const line of textLines(chunks)) {
    const text = line.text.trim();
    if (text === "" || text.startsWith("#F")) continue;
    if (text.startsWith("#")) {
      const ended = run?.end();
      if (ended !== undefined) yield ended;
      run = undefined;
      if (text.startsWith("#O")) outstation = text.slice(2).trim();
      else if (text.startsWith("#S")) {
        const channel = CHANNELS[Number(text.slice(2).trim()) - 1];
        if (outstation === undefined || outstation === "") yield aside(line, "outstation", "no outstation (#O) before this sensor");
        else if (channel === undefined) yield aside(line, "sensor", `sensor "${text.slice(2).trim()}" is none of 1 to 4`);
        else run = runOf(outstation, channel);
      } else yield aside(line, "record", `"${text.slice(0, 2)}" is no record of this format`);
      continue;
    }
    if (run === undefined) {
      yield aside(line, "sensor", "no usable sensor (#S) before this value");
      continue;
    }
    const row = rowOf(line, zone);
    const record = row.kind === "putAside" ? row : run.add(row.endMs - HALF_HOUR_MS, row.value, row.quality);
    if (record !== undefined) yield record;
  }
  const ended = run?.end();
  if (ended !== undefined) yield ended;
}

function runOf(outstation: string, channel: string): IntervalRun {
  const unit = channel.startsWith("1-0:1") || channel.startsWith("1-0:2") ? "Wh" : "varh";
  return new IntervalRun({ usagePointId: outstation, meterId: outstation, channel, unit, scaler: DF2_SCALER, intervalSeconds: 1800 });
}

type Row = { readonly kind: "row"; readonly endMs: number; readonly value: number; readonly quality: QualityCode };

function rowOf(line: TextLine, zone: Zone | undefined): Row | PutAside {
  const fields = line.text.split(",").map((field) => field.trim());
  if (fields.length < 4) return aside(line, "", `${fields.length} of 4 fields`);
  const [date = "", time = "", text = "", flag = ""] = fields;
  const match = /^(\d{2})\/(\d{2})\/(\d{4}) (\d{2}):(00|30)$/.exec(`${date} ${time}`);
  if (match === null) return aside(line, "time", `"${date} ${time}" is not a half-hour dd/mm/yyyy hh:mm`);
  const [day = 0, month = 0, year = 0, hour = 0, minute = 0] = match.slice(1).map(Number);
  const civilMs = Date.UTC(year, month - 1, day, hour, minute);
  if (month < 1 || month > 12 || hour > 24 || new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day)
    return aside(line, "time", `"${date} ${time}" is not a date`);
  const scaled = parseScaled(text, DF2_SCALER - 3);
  if (scaled === undefined) return aside(line, "value", `"${text}" is not a number`);
  const quality = QUALITIES[flag];
  if (quality === undefined) return aside(line, "flag", `"${flag}" is neither A (actual) nor E (estimated)`);
  return { kind: "row", endMs: instantOfCivil(civilMs, zone), value: scaled.value, quality };
}

const QUALITIES: Readonly<Record<string, QualityCode>> = {
  A: QUALITY.raw,
  E: packQuality({ source: "external", category: "estimated", method: "none", final: false }),
};

function aside(line: TextLine, field: string, reason: string): PutAside {
  return { kind: "putAside", line: line.number, reason, text: line.text.slice(0, 120), ...(field === "" ? {} : { field }) };
}
