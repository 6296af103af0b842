import { readFile } from "node:fs/promises";
import { UsageError } from "@amity/bytes";
import { zoneOf } from "@amity/intervals";
import { FILE_FORMATS, type FileFormat } from "@amity/interchange";
import { residentialTimeOfUse, type Tariff } from "@amity/mdm";
import { realTimers, scaledClock } from "@amity/runtime";
import { openDatabase } from "../compose/database.ts";
import { IngestRun, type IngestReport } from "../compose/ingest-run.ts";
import { EXIT, printJson, printLine, remark } from "./output.ts";

export interface IngestOptions {
  readonly format?: string;
  readonly zone: string;
  readonly usagePoint?: string;
  readonly interval?: number;
  readonly stamp: string;
  readonly bill?: string;
  readonly databaseUrl?: string;
  readonly data: string;
  readonly json?: boolean;
}

/** `amity ingest`: files through validation into the ledger; optionally bills every whole month that they touch. */
export async function ingest(files: readonly string[], options: IngestOptions): Promise<void> {
  const format = formatOption(options.format);
  const { stamp } = options;
  if (stamp !== "start" && stamp !== "end") throw new UsageError("--stamp is start or end", { code: "stamp" });
  zoneOf(options.zone);
  const tariff = options.bill === undefined ? undefined : await loadTariff(options.bill, options.zone);
  const store = await openDatabase({
    data: options.data,
    ...(options.databaseUrl === undefined ? {} : { databaseUrl: options.databaseUrl }),
  });
  try {
    const run = new IngestRun(store, scaledClock(realTimers, { speed: 1 }), {
      zone: options.zone,
      stamp,
      onProgress: remark,
      ...(format === undefined ? {} : { format }),
      ...(options.usagePoint === undefined ? {} : { usagePoint: options.usagePoint }),
      ...(options.interval === undefined ? {} : { intervalSeconds: options.interval }),
    });
    for (const file of files) await run.file(file);
    const report = await run.finish(tariff);
    if (options.json === true) printJson(report);
    else printReport(report);
    process.exitCode = exitCodeOf(report);
  } finally {
    await store.close();
  }
}

function formatOption(name: string | undefined): FileFormat | undefined {
  const known = FILE_FORMATS.find((format) => format === name);
  if (name === undefined || known !== undefined) return known;
  throw new UsageError(`format "${name}" is not known`, { code: "format", advice: `one of: ${FILE_FORMATS.join(", ")}` });
}

/** Done; failed where no file could be read to its end; a part put aside for everything between. */
function exitCodeOf({ files }: IngestReport): number {
  const failed = files.filter(({ error }) => error !== undefined).length;
  if (failed > 0 && failed === files.length) return EXIT.failed;
  return failed > 0 || files.some(({ putAsideCount }) => putAsideCount > 0) ? EXIT.partial : EXIT.ok;
}

async function loadTariff(name: string, zone: string): Promise<Tariff> {
  if (name === "home-tou") return residentialTimeOfUse(zone);
  try {
    return JSON.parse(await readFile(name, "utf8")) as Tariff;
  } catch (error) {
    throw new UsageError(`"${name}" is neither home-tou nor a tariff file (JSON)`, { code: "tariff", cause: error });
  }
}

function printReport({ files, totals, openExceptions, bills }: IngestReport): void {
  for (const file of files) {
    const parts = [
      `${file.intervals} intervals`,
      ...(file.registers > 0 ? [`${file.registers} registers`] : []),
      ...(file.events > 0 ? [`${file.events} events`] : []),
    ];
    const isNothing = file.error !== undefined && file.intervals + file.registers + file.events + file.putAsideCount === 0;
    if (isNothing) printLine(`${file.file}: not loaded: ${file.error}`);
    else printLine(`${file.file}: ${parts.join(", ")}${file.putAsideCount > 0 ? `, ${file.putAsideCount} put aside` : ""}`);
    if (file.error !== undefined && !isNothing) printLine(`  stopped: ${file.error}`);
    for (const record of file.putAside)
      printLine(`  ${record.line > 0 ? `line ${record.line} ` : ""}${record.field ?? ""}: ${record.reason}`.replace(/ :/, ":"));
    if (file.putAsideCount > file.putAside.length) printLine(`  ... and ${file.putAsideCount - file.putAside.length} more`);
  }
  printLine(`ledger: ${totals.blocksStored} channel days stored, ${totals.blocksUnchanged} unchanged; ${totals.registersStored} registers`);
  printLine(`validation: ${totals.reviewedIntervals} intervals, ${totals.findings} findings, ${openExceptions} exceptions open`);
  for (const bill of bills) {
    const because = bill.heldBecause === "" ? "" : ` (${bill.heldBecause})`;
    printLine(
      `bill ${bill.usagePointId} ${bill.bill.from} to ${bill.bill.to}: ${(bill.energyWh / 1000).toFixed(1)} kWh, ${bill.bill.currency} ${Number(bill.bill.total).toFixed(2)}, ${bill.state}${because}`,
    );
  }
}
