import { DecodeError } from "@amity/bytes";
import type { Zone } from "@amity/intervals";
import { QUALITY, type Unit } from "@amity/model";
import { parseScaled } from "../decimal.ts";
import type { Chunks, InterchangeRecord, PutAside } from "../records.ts";
import { textLines, type TextLine } from "../text-lines.ts";
import { csvLayoutOf, splitCsv, type CsvLayout, type CsvValueColumn } from "./csv-layout.ts";
import { instantOf, parseTime } from "./csv-timestamp.ts";
import { ExportRowReader, isExportHeader } from "./export-layout.ts";
import { SeriesBuilder } from "./series-builder.ts";

/** What a CSV file does not say itself. */
export interface CsvOptions {
  /** Zone of time stamps without an offset. */
  readonly zone: Zone;
  /** Whose readings they are where the file has no id column. */
  readonly usagePointId: string;
  /** Unit of values where the header has none. Default kWh. */
  readonly unit?: { readonly unit: Unit; readonly textScaler: number };
  /** Length of an interval (s); found from the first rows when absent. */
  readonly intervalSeconds?: number;
  /** Whether a time stamp is the start (default) or the end of its interval. */
  readonly stamp?: "start" | "end";
  /** Channel of the values. Default by their unit: `1-0:1.8.0` (import) for energy, `1-0:3.8.0` for reactive energy, else the column's name. */
  readonly channel?: string;
}

/** Values are kept as integers times 10^-3 of the base unit (mWh): six decimals of a kWh, exact. */
export const CSV_SCALER = -3;

/** What the first column of a unit is, where nobody says so: import. */
const USUAL_CHANNELS: Partial<Record<Unit, string>> = { Wh: "1-0:1.8.0", varh: "1-0:3.8.0" };

const KWH = { unit: "Wh", textScaler: 3 } as const;

/**
 * Reads interval data from CSV: `timestamp,value`, `id,timestamp,value`, or a time column with one value column a usage
 * point; and our own export, whose rows say channel, length and quality themselves. Rows that cannot be used come out as
 * `putAside` with line, field and reason; everything else is read.
 */
export async function* readCsv(chunks: Chunks, options: CsvOptions): AsyncGenerator<InterchangeRecord> {
  let reader: CsvRowReader | ExportRowReader | undefined;
  for await (const line of textLines(chunks)) {
    if (line.text.trim() === "" || line.text.startsWith("#")) continue;
    if (reader === undefined && isExportHeader(line.text)) {
      reader = new ExportRowReader(line.text);
      continue;
    }
    if (reader === undefined) {
      const layout = csvLayoutOf(line.text, options.unit ?? KWH);
      reader = new CsvRowReader(layout, options);
      if (layout.hasHeader) continue;
    }
    yield* reader.row(line);
  }
  if (reader === undefined) throw new DecodeError("the file is empty", { offset: 0, code: "empty" });
  yield* reader.end();
}

class CsvRowReader {
  readonly #layout: CsvLayout;
  readonly #options: CsvOptions;
  readonly #builders = new Map<string, SeriesBuilder>();
  readonly #grid: { intervalSeconds: number | undefined };

  constructor(layout: CsvLayout, options: CsvOptions) {
    this.#layout = layout;
    this.#options = options;
    this.#grid = { intervalSeconds: options.intervalSeconds };
  }

  *row(line: TextLine): Generator<InterchangeRecord> {
    const { columnCount, separator, timeColumn, idColumn, values } = this.#layout;
    const fields = splitCsv(line.text, separator);
    if (fields.length < columnCount) {
      const cut = line.terminated ? "" : "; the file ends here, it may be cut off";
      yield aside(line, undefined, `${fields.length} of ${columnCount} fields${cut}`);
      return;
    }
    const time = parseTime((fields[timeColumn] ?? "").trim());
    if (time === undefined) {
      yield aside(line, "time", `"${fields[timeColumn]}" is not a time`);
      return;
    }
    const id = idColumn === undefined ? undefined : (fields[idColumn] ?? "").trim();
    if (id === "") {
      yield aside(line, "id", "no usage point or meter");
      return;
    }
    for (const column of values) {
      const builder = this.#builderOf(id, column);
      const text = (fields[column.index] ?? "").trim();
      if (text === "") continue;
      const value = parseScaled(text, CSV_SCALER - column.textScaler);
      if (value === undefined) {
        yield aside(line, column.name, `"${text}" is not a number`);
        continue;
      }
      yield* builder.add(instantOf(time, this.#options.zone, builder.lastMs), value.value, (reason) => aside(line, column.name, reason));
    }
  }

  *end(): Generator<InterchangeRecord> {
    for (const builder of this.#builders.values()) yield* builder.end();
  }

  #builderOf(id: string | undefined, column: CsvValueColumn): SeriesBuilder {
    const { values } = this.#layout;
    const usagePointId = id ?? (values.length > 1 ? column.name : this.#options.usagePointId);
    const key = id === undefined ? usagePointId : `${id}\n${column.index}`;
    let builder = this.#builders.get(key);
    if (builder === undefined) {
      const nth = id === undefined ? 0 : values.indexOf(column);
      builder = new SeriesBuilder({
        usagePointId,
        channel: nth === 0 ? (this.#options.channel ?? USUAL_CHANNELS[column.unit] ?? column.name) : column.name,
        unit: column.unit,
        scaler: CSV_SCALER,
        quality: QUALITY.raw,
        stamp: this.#options.stamp ?? "start",
        grid: id === undefined ? this.#grid : { intervalSeconds: this.#options.intervalSeconds },
      });
      this.#builders.set(key, builder);
    }
    return builder;
  }
}

function aside(line: TextLine, field: string | undefined, reason: string): PutAside {
  const text = line.text.length > 120 ? `${line.text.slice(0, 117)}...` : line.text;
  return { kind: "putAside", line: line.number, reason, text, ...(field === undefined ? {} : { field }) };
}
