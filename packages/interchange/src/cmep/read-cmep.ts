import { packQuality, QUALITY, type QualityCode } from "@amity/model";
import { civilMsOfDigits } from "../civil-digits.ts";
import { parseScaledBig } from "../decimal.ts";
import { IntervalRun, isOnGrid } from "../interval-run.ts";
import type { Chunks, InterchangeRecord, PutAside } from "../records.ts";
import { textLines, type TextLine } from "../text-lines.ts";
import { cmepUnitOf, type CmepUnit } from "./cmep-unit.ts";

/** Head-ends stamp a little off the grid (00:01, 20:59): what is this near counts as on it (ms). */
const SNAP_MS = 120_000;
const FIXED_FIELDS = 14;

/**
 * Reads CMEP MEPMD01 records (California Metering Exchange Protocol): one line a meter, then `time,quality,value` for each
 * reading, UTC. `...REG` units are registers at their stamp; others are quantities of the interval that ends at the stamp.
 * A triplet that cannot be used is put aside by name; what a cut-off line still holds is read.
 */
export async function* readCmep(chunks: Chunks): AsyncGenerator<InterchangeRecord> {
  for await (const line of textLines(chunks)) {
    if (line.text.trim() !== "") yield* readRecord(line);
  }
}

interface CmepRecord {
  readonly line: TextLine;
  readonly fields: readonly string[];
  readonly meterId: string;
  readonly unit: CmepUnit;
  /** The calculation constant as an integer times 10^-6. */
  readonly constant: bigint;
  readonly intervalSeconds: number;
}

function* readRecord(line: TextLine): Generator<InterchangeRecord> {
  const record = headOf(line);
  if ("kind" in record) {
    yield record;
    return;
  }
  const { fields, intervalSeconds, meterId, unit } = record;
  const declared = Number(fields[13]);
  const run = new IntervalRun({
    usagePointId: meterId,
    meterId,
    channel: unit.channel,
    unit: unit.unit,
    scaler: unit.scaler,
    intervalSeconds,
  });
  let previousMs: number | undefined;
  let complete = 0;
  for (let at = FIXED_FIELDS; at + 2 < fields.length && complete < declared; at += 3) {
    // The last value of a line that breaks off may have lost digits: it is no reading.
    if (!line.terminated && at + 3 >= fields.length && complete + 1 < declared) break;
    complete++;
    const stamp =
      fields[at] === "" && previousMs !== undefined ? previousMs + intervalSeconds * 1000 : stampOf(fields[at], intervalSeconds);
    if (stamp === undefined) {
      yield aside(line, `time${complete}`, `"${fields[at]}" is not a time YYYYMMDDhhmm`);
      continue;
    }
    previousMs = stamp;
    const made = readingOf(record, complete, stamp, run);
    if (made !== undefined) yield made;
  }
  const rest = run.end();
  if (rest !== undefined) yield rest;
  if (complete < declared || fields.length > FIXED_FIELDS + declared * 3) {
    const cut = line.terminated ? "" : "; the file ends here, it may be cut off";
    yield aside(line, "count", `${declared} readings declared, ${Math.floor((fields.length - FIXED_FIELDS) / 3)} are there${cut}`);
  }
}

function headOf(line: TextLine): CmepRecord | PutAside {
  const fields = line.text.split(",").map((field) => field.trim());
  if (fields[0] !== "MEPMD01") return aside(line, "recordType", `"${fields[0]?.slice(0, 20)}" is not MEPMD01`);
  if (fields.length < FIXED_FIELDS) return aside(line, "", `${fields.length} of at least ${FIXED_FIELDS} fields`);
  const meterId = fields[7] === "" ? (fields[5] ?? "") : (fields[7] ?? "");
  if (meterId === "") return aside(line, "meterId", "neither a meter nor a customer");
  if (fields[8] !== "OK") return aside(line, "purpose", `purpose "${fields[8]}" is no delivery of readings (OK)`);
  const unit = cmepUnitOf(fields[10] ?? "");
  if (unit === undefined) return aside(line, "units", `unit "${fields[10]}" is not known`);
  const constant = fields[11] === "" ? 1_000_000n : parseScaledBig(fields[11] ?? "", -6);
  if (constant === undefined) return aside(line, "constant", `"${fields[11]}" is not a number`);
  const intervalSeconds = intervalOf(fields[12] ?? "");
  if (intervalSeconds === undefined) return aside(line, "interval", `"${fields[12]}" is not an interval MMDDhhmm`);
  if (!/^\d{1,6}$/.test(fields[13] ?? "")) return aside(line, "count", `"${fields[13]}" is not a count`);
  return { line, fields, meterId, unit, constant, intervalSeconds };
}

/** One reading; `run` gathers intervals and gives back what ends. */
function readingOf(record: CmepRecord, nth: number, stampMs: number, run: IntervalRun): InterchangeRecord | undefined {
  const { fields, line, unit, constant, intervalSeconds, meterId } = record;
  const [flag = "", text = ""] = fields.slice(FIXED_FIELDS + nth * 3 - 2, FIXED_FIELDS + nth * 3);
  const isMissing = text === "" && flag.startsWith("N");
  const decimal = isMissing ? 0n : parseScaledBig(text, -9);
  if (decimal === undefined) return aside(line, `value${nth}`, `"${text}" is not a number`);
  const product = decimal * constant * unit.factor;
  const value = product / 10n ** 15n;
  const quality = isMissing ? QUALITY.missing : qualityOf(flag);
  if (unit.isRegister) {
    if (isMissing) return undefined;
    const { channel, unit: base, scaler } = unit;
    return { kind: "register", usagePointId: meterId, reading: { meterId, channel, unit: base, scaler, atMs: stampMs, value, quality } };
  }
  if (intervalSeconds === 0) return aside(line, "interval", "quantities without an interval length");
  if (!isOnGrid(stampMs, intervalSeconds)) return aside(line, `time${nth}`, `the time is off the grid of ${intervalSeconds} s`);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) return aside(line, `value${nth}`, "the value is too large");
  return run.add(stampMs - intervalSeconds * 1000, number, quality);
}

function stampOf(text: string | undefined, intervalSeconds: number): number | undefined {
  const ms = civilMsOfDigits(text ?? "");
  if (ms === undefined || intervalSeconds < 900) return ms;
  const gridMs = Math.min(intervalSeconds, 3600) * 1000;
  const nearestMs = Math.round(ms / gridMs) * gridMs;
  return Math.abs(ms - nearestMs) <= SNAP_MS ? nearestMs : ms;
}

/** `MMDDhhmm`: days, hours and minutes; months have no fixed length and only occur as zero. */
function intervalOf(text: string): number | undefined {
  const match = /^(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(text === "" ? "00000000" : text);
  if (match === null || match[1] !== "00") return undefined;
  return Number(match[2]) * 86_400 + Number(match[3]) * 3600 + Number(match[4]) * 60;
}

/** R raw (R0 without flags), V verified, E estimated, A adjusted, N nothing to rely on. */
function qualityOf(flag: string): QualityCode {
  if (flag === "R0" || flag === "R" || flag === "") return QUALITY.raw;
  return packQuality({ source: "external", category: CATEGORIES[flag.charAt(0)] ?? "questionable", method: "none", final: false });
}

const CATEGORIES = { V: "valid", E: "estimated", A: "edited" } as Readonly<Record<string, "valid" | "estimated" | "edited">>;

function aside(line: TextLine, field: string, reason: string): PutAside {
  return { kind: "putAside", line: line.number, reason, text: line.text.slice(0, 120), ...(field === "" ? {} : { field }) };
}
