import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { UsageError } from "@amity/bytes";
import { OUTPUT_FORMATS, writeInterchange, type InterchangeRecord, type OutputFormat } from "@amity/interchange";
import { resolveLocal, zoneOf, type Zone } from "@amity/intervals";
import { createLedger, createRegistry, ledgerRecords, type LedgerRecordsAsk } from "@amity/mdm";
import { realTimers, scaledClock } from "@amity/runtime";
import { dataFolder, openDatabase, openDatabaseBeside, type DatabaseChoice } from "../compose/database.ts";
import { printJson, remark } from "./output.ts";

export interface ExportOptions {
  readonly format: string;
  readonly usagePoint: readonly string[];
  readonly channel?: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly asOf?: string;
  readonly zone: string;
  readonly sender?: string;
  readonly receiver?: string;
  readonly out?: string;
  readonly data: string;
  readonly databaseUrl?: string;
  readonly json?: boolean;
}

/** Usage points between two lines of progress. */
const PROGRESS_POINTS = 100;

interface Counts {
  intervals: number;
  registers: number;
  points: number;
}

/**
 * `amity export`: what the ledger holds of usage points, in a standard format, to a file or stdout. Streams: the memory taken does
 * not grow with the span. A file appears whole or not at all.
 */
export async function exportReadings(options: ExportOptions): Promise<void> {
  const format = formatOf(options.format);
  if (options.json === true && options.out === undefined) {
    throw new UsageError("--json prints what was exported: the export itself needs --out", { code: "out" });
  }
  const ask = askOf(options);
  const store = await openForReading(options);
  try {
    const clock = scaledClock(realTimers, { speed: 1 });
    const parts = { store, ledger: createLedger(store, clock), registry: createRegistry(store, clock) };
    const counts: Counts = { intervals: 0, registers: 0, points: 0 };
    const onPoint = (): void => {
      if (++counts.points % PROGRESS_POINTS === 0) remark(`${counts.points} of ${ask.usagePointIds.length} usage points`);
    };
    const records = counted(ledgerRecords(parts, { ...ask, onPoint }), format, counts);
    const { sender, receiver } = options;
    const parties = { ...(sender === undefined ? {} : { sender }), ...(receiver === undefined ? {} : { receiver }) };
    const octets = await write(writeInterchange(format, records, { createdMs: clock.nowMs(), ...parties }), options.out);
    const { intervals, registers } = counts;
    if (options.json === true)
      printJson({ format, file: options.out, usagePoints: ask.usagePointIds.length, intervals, registers, octets });
    remark(`exported ${intervals} intervals and ${registers} registers of ${ask.usagePointIds.length} usage points as ${format}`);
    if (intervals + registers === 0) remark("nothing of them is stored for that time in a form that this format holds");
  } finally {
    await store.close();
  }
}

function formatOf(name: string): OutputFormat {
  if (Object.hasOwn(OUTPUT_FORMATS, name)) return name as OutputFormat;
  throw new UsageError(`format "${name}" is not known`, { code: "format", advice: `one of: ${Object.keys(OUTPUT_FORMATS).join(", ")}` });
}

function askOf(options: ExportOptions): LedgerRecordsAsk {
  const zone = zoneOf(options.zone);
  const [fromMs, toMs] = [instantOf("--from", options.from, zone), instantOf("--to", options.to, zone)];
  if (toMs <= fromMs) throw new UsageError("--to is not later than --from", { code: "time" });
  return {
    usagePointIds: options.usagePoint,
    fromMs,
    toMs,
    ...(options.asOf === undefined ? {} : { asOfMs: instantOf("--as-of", options.asOf, zone) }),
    ...(options.channel === undefined ? {} : { channels: new Set(options.channel) }),
  };
}

/** A day begins at midnight in the zone; a time with its offset is that instant. */
function instantOf(option: string, text: string, zone: Zone): number {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const ms = isDay || /(Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new UsageError(`${option} "${text}" is neither a day nor a time with its offset`, {
      code: "time",
      advice: "e.g. 2026-11-01, or 2026-11-01T00:00:00Z",
    });
  }
  return isDay ? resolveLocal(zone, ms, "earlier").instantMs : ms;
}

/** Beside a program that runs on the same data folder, on its database; otherwise on the database itself. */
async function openForReading(options: DatabaseChoice): ReturnType<typeof openDatabase> {
  if (options.databaseUrl === undefined && !existsSync(join(dataFolder(options.data), "postgres"))) {
    throw new UsageError(`there is no database in ${dataFolder(options.data)}`, {
      code: "no-database",
      advice: "name the folder with --data",
    });
  }
  try {
    return await openDatabase({ data: options.data, ...(options.databaseUrl === undefined ? {} : { databaseUrl: options.databaseUrl }) });
  } catch (error) {
    const beside = error instanceof UsageError && error.code === "data-in-use" ? await openDatabaseBeside(options.data) : undefined;
    if (beside === undefined) throw error;
    remark(`reading beside the program that runs on ${options.data}`);
    return beside;
  }
}

async function* counted(
  records: AsyncIterable<InterchangeRecord>,
  format: OutputFormat,
  counts: Counts,
): AsyncGenerator<InterchangeRecord> {
  const { holds } = OUTPUT_FORMATS[format];
  for await (const record of records) {
    if (record.kind === "intervals" && holds !== "registers") counts.intervals += record.series.values.length;
    if (record.kind === "register" && holds !== "intervals") counts.registers++;
    yield record;
  }
}

/** To stdout, or to a file that gets its name once it is whole. Returns the octets written. */
async function write(chunks: AsyncIterable<Uint8Array>, file: string | undefined): Promise<number> {
  if (file === undefined) return pour(chunks, process.stdout);
  const partial = `${file}.part`;
  const out = createWriteStream(partial);
  try {
    await once(out, "open");
    const octets = await pour(chunks, out);
    await new Promise<void>((resolve, reject) => {
      out.once("error", reject);
      out.end(resolve);
    });
    await rename(partial, file);
    return octets;
  } catch (error) {
    out.destroy();
    await rm(partial, { force: true });
    if ((error as NodeJS.ErrnoException).syscall !== "open") throw error;
    throw new UsageError(`${file} cannot be written: ${(error as Error).message}`, { code: "out", cause: error });
  }
}

/** Pieces that are there before any is written: a format's head alone is no export. */
const PIECES_FIRST = 2;

async function pour(chunks: AsyncIterable<Uint8Array>, out: Writable): Promise<number> {
  let octets = 0;
  let first: Uint8Array[] | undefined = [];
  const put = async (chunk: Uint8Array): Promise<void> => {
    octets += chunk.length;
    if (!out.write(chunk)) await once(out, "drain");
  };
  for await (const chunk of chunks) {
    if (first === undefined) await put(chunk);
    else if (first.push(chunk) >= PIECES_FIRST) {
      for (const held of first) await put(held);
      first = undefined;
    }
  }
  for (const held of first ?? []) await put(held);
  return octets;
}
