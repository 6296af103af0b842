import { packQuality, QUALITY, QUALITY_CATEGORIES, QUALITY_METHODS, QUALITY_SOURCES, type QualityMethod, type Unit } from "@amity/model";
import { parseScaled } from "../decimal.ts";
import { IntervalRun, isOnGrid } from "../interval-run.ts";
import type { InterchangeRecord, PutAside } from "../records.ts";
import type { TextLine } from "../text-lines.ts";
import { splitCsv } from "./csv-layout.ts";
import { parseTime } from "./csv-timestamp.ts";

/** Columns of our own export. `quality` says it in a word; method, source and final say the rest. */
export const CSV_COLUMNS = [
  "usage_point_id",
  "meter_id",
  "channel",
  "interval_start",
  "interval_seconds",
  "value",
  "unit",
  "quality",
  "method",
  "source",
  "final",
  "scaler",
] as const;
type Column = (typeof CSV_COLUMNS)[number];

/** Columns that must be there; files of other makers have some of them. */
const MARKS: readonly Column[] = ["usage_point_id", "channel", "interval_start", "interval_seconds", "value", "unit", "quality"];
/** Units of the text with the power of ten of the base unit. */
const CSV_UNITS: Readonly<Record<string, readonly [Unit, number]>> = {
  kWh: ["Wh", 3],
  kvarh: ["varh", 3],
  kVAh: ["VAh", 3],
  ...Object.fromEntries(
    (["Wh", "J", "varh", "VAh", "W", "var", "VA", "V", "A", "Hz", "m3", "K", "degC", "none"] as const).map((unit) => [
      unit,
      [unit, 0] as const,
    ]),
  ),
};
/** Channels of one file. */
const CHANNELS_MAX = 100_000;

/** Whether a header is that of an export. */
export function isExportHeader(firstLine: string): boolean {
  const names = new Set(splitCsv(firstLine, ",").map((name) => name.trim()));
  return MARKS.every((name) => names.has(name));
}

/** Reads the rows of an export back: each says its channel, interval length and quality itself. */
export class ExportRowReader {
  readonly #at: ReadonlyMap<string, number>;
  readonly #runs = new Map<string, IntervalRun>();

  constructor(header: string) {
    this.#at = new Map(splitCsv(header, ",").map((name, index) => [name.trim(), index]));
  }

  *row(line: TextLine): Generator<InterchangeRecord> {
    const fields = splitCsv(line.text, ",").map((field) => field.trim());
    if (fields.length < this.#at.size) {
      const cut = line.terminated ? "" : "; the file ends here, it may be cut off";
      yield aside(line, { reason: `${fields.length} of ${this.#at.size} fields${cut}` });
      return;
    }
    const row = rowOf((name) => fields[this.#at.get(name) ?? -1] ?? "");
    if ("reason" in row) {
      yield aside(line, row);
      return;
    }
    const ended = this.#runOf(row.description).add(row.startMs, row.value, row.quality);
    if (ended !== undefined) yield ended;
  }

  *end(): Generator<InterchangeRecord> {
    for (const run of this.#runs.values()) {
      const rest = run.end();
      if (rest !== undefined) yield rest;
    }
  }

  #runOf(description: IntervalRun["description"]): IntervalRun {
    const key = JSON.stringify(description);
    const known = this.#runs.get(key);
    if (known !== undefined) return known;
    const run = new IntervalRun(description);
    if (this.#runs.size < CHANNELS_MAX) this.#runs.set(key, run);
    return run;
  }
}

interface Row {
  readonly description: IntervalRun["description"];
  readonly startMs: number;
  readonly value: number;
  readonly quality: number;
}

interface Refusal {
  readonly field?: Column;
  readonly reason: string;
}

/** The interval of a row, or why it cannot be used. */
function rowOf(say: (name: Column) => string): Row | Refusal {
  const channel = channelOf(say);
  if ("reason" in channel) return channel;
  const { description, power } = channel;
  const time = parseTime(say("interval_start"));
  if (time?.kind !== "instant") return { field: "interval_start", reason: `"${say("interval_start")}" is not an instant with its offset` };
  if (!isOnGrid(time.ms, description.intervalSeconds)) {
    return { field: "interval_start", reason: `the time is off the grid of ${description.intervalSeconds} s` };
  }
  const quality = qualityOfWords(say);
  if (quality === undefined) return { field: "quality", reason: `"${say("quality")}" is no quality` };
  const text = say("value");
  if (text === "") return { description, startMs: time.ms, value: 0, quality: missingOf(quality) };
  const value = parseScaled(text, description.scaler - power)?.value;
  return value === undefined ? { field: "value", reason: `"${text}" is not a number` } : { description, startMs: time.ms, value, quality };
}

function channelOf(say: (name: Column) => string): { description: IntervalRun["description"]; power: number } | Refusal {
  const usagePointId = plainText(say("usage_point_id"));
  const channel = plainText(say("channel"));
  if (usagePointId === "" || channel === "") return { field: "usage_point_id", reason: "no usage point or channel" };
  const known = Object.hasOwn(CSV_UNITS, say("unit")) ? CSV_UNITS[say("unit")] : undefined;
  if (known === undefined) return { field: "unit", reason: `unit "${say("unit")}" is not known` };
  const intervalSeconds = Number(say("interval_seconds"));
  if (!Number.isInteger(intervalSeconds) || intervalSeconds <= 0 || 86_400 % intervalSeconds !== 0) {
    return { field: "interval_seconds", reason: `"${say("interval_seconds")}" is no interval length` };
  }
  const scaler = Number(say("scaler") || "-3");
  if (!Number.isInteger(scaler) || Math.abs(scaler) > 12) return { field: "scaler", reason: `"${say("scaler")}" is no scaler` };
  const [unit, power] = known;
  const meterId = plainText(say("meter_id")) || usagePointId;
  return { description: { usagePointId, meterId, channel, unit, scaler, intervalSeconds }, power };
}

/** An empty value is a missing one, whatever the row says of it. */
function missingOf(quality: number): number {
  return ((quality >> 8) & 0xf) === QUALITY_CATEGORIES.indexOf("missing") ? quality : QUALITY.missing;
}

/** The quality that the words say; without method and source it is the plain one of its category. */
function qualityOfWords(say: (name: Column) => string): number | undefined {
  const category = QUALITY_CATEGORIES.find((name) => name === say("quality"));
  if (say("source") === "" && category === "raw") return QUALITY.raw;
  if (say("source") === "" && category === "missing") return QUALITY.missing;
  const source = QUALITY_SOURCES.find((name) => name === (say("source") || "external"));
  const method = say("method") || "none";
  if (category === undefined || source === undefined || !Object.hasOwn(QUALITY_METHODS, method)) return undefined;
  return packQuality({ source, category, method: method as QualityMethod, final: say("final") === "true" });
}

/** Text without the mark that keeps a spreadsheet from taking it for a formula. */
function plainText(field: string): string {
  return /^'[=+\-@\t]/.test(field) ? field.slice(1) : field;
}

function aside(line: TextLine, refusal: Refusal): PutAside {
  return { kind: "putAside", line: line.number, text: line.text.slice(0, 120), ...refusal };
}
