import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { AmityError, UsageError } from "@amity/bytes";
import { civilDateOf, dayNumberOf, localDayOf, zoneOf, type IntervalSpan } from "@amity/intervals";
import {
  expandInput,
  FILE_FORMATS,
  formatOf,
  readInterchange,
  type FileFormat,
  type InputFile,
  type InterchangeRecord,
  type PutAside,
} from "@amity/interchange";
import {
  bulkLoad,
  residentialTimeOfUse,
  reviewDays,
  type BillAsk,
  type BulkLoadSummary,
  type Channel,
  type ChannelDay,
  type DeliverySummary,
  type StoredBill,
  type Tariff,
} from "@amity/mdm";
import type { EndDeviceEvent, IntervalSeries, RegisterReading } from "@amity/model";
import { realTimers, scaledClock } from "@amity/runtime";
import { openDatabase } from "../compose/database.ts";
import { composeMdm, type Mdm } from "../compose/mdm.ts";
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

/** What became of one file (or member of an archive). */
interface FileReport {
  readonly file: string;
  format: string;
  intervals: number;
  registers: number;
  events: number;
  putAside: PutAside[];
  putAsideCount: number;
  /** Why the file could not be read at all, or to its end. */
  error?: string;
}

/** What one run stored. */
interface Totals {
  blocksStored: number;
  blocksUnchanged: number;
  registersStored: number;
  findings: number;
  reviewedIntervals: number;
}

/** Readings handed to the ledger in one delivery (values). */
const DELIVERY_VALUES = 500_000;
/** Put-aside records that a report names; all are counted. */
const ASIDE_NAMED_MAX = 100;

/** `amity ingest`: files through validation into the ledger; optionally bills every whole month that they touch. */
export async function ingest(files: readonly string[], options: IngestOptions): Promise<void> {
  const known: readonly string[] = FILE_FORMATS;
  if (options.format !== undefined && !known.includes(options.format)) {
    throw new UsageError(`format "${options.format}" is not known`, { code: "format", advice: `one of: ${FILE_FORMATS.join(", ")}` });
  }
  if (options.stamp !== "start" && options.stamp !== "end") throw new UsageError("--stamp is start or end", { code: "stamp" });
  zoneOf(options.zone);
  for (const file of files) await stat(file).catch(() => Promise.reject(new UsageError(`there is no file ${file}`, { code: "no-file" })));
  const tariff = options.bill === undefined ? undefined : await loadTariff(options.bill, options.zone);
  const store = await openDatabase({
    data: options.data,
    ...(options.databaseUrl === undefined ? {} : { databaseUrl: options.databaseUrl }),
  });
  try {
    const run = new IngestRun(store, options);
    for (const file of files) await run.file(file);
    const report = await run.finish(tariff);
    if (options.json === true) printJson(report);
    else printReport(report);
    if (report.files.some((file) => file.error !== undefined)) process.exitCode = EXIT.failed;
    else if (report.files.some((file) => file.putAsideCount > 0)) process.exitCode = EXIT.partial;
  } finally {
    await store.close();
  }
}

interface Report {
  readonly files: readonly FileReport[];
  readonly totals: Totals;
  readonly openExceptions: number;
  readonly bills: readonly StoredBill[];
}

class IngestRun {
  readonly #options: IngestOptions;
  readonly #mdm: Mdm;
  readonly #files: FileReport[] = [];
  readonly #changed = new Map<string, ChannelDay>();
  /** Days that were validated on their way in, by meter: looked at again where the run also brings registers or events. */
  readonly #loaded = new Map<string, ChannelDay[]>();
  readonly #withRegisters = new Set<string>();
  readonly #totals: Totals = { blocksStored: 0, blocksUnchanged: 0, registersStored: 0, findings: 0, reviewedIntervals: 0 };
  /** First and last instant of each usage point's readings. */
  readonly #spans = new Map<string, { fromMs: number; toMs: number }>();

  constructor(store: Parameters<typeof composeMdm>[0], options: IngestOptions) {
    this.#options = options;
    const clock = scaledClock(realTimers, { speed: 1 });
    this.#mdm = composeMdm(store, clock, { zone: options.zone, author: "ingest", onStored: (summary) => this.#stored(summary) });
  }

  async file(path: string): Promise<void> {
    try {
      for await (const input of expandInput(basename(path), createReadStream(path))) await this.#input(input);
    } catch (error) {
      this.#files.push({ ...emptyReport(basename(path), ""), error: error instanceof Error ? error.message : String(error) });
    }
  }

  async finish(tariff: Tariff | undefined): Promise<Report> {
    for (const meterId of this.#withRegisters) for (const day of this.#loaded.get(meterId) ?? []) this.#review(day);
    const days = [...this.#changed.values()];
    if (days.length > 0) remark(`validating and estimating ${days.length} channel days`);
    const review = await reviewDays({ ...this.#mdm.review, expectUntil: "lastValue" }, days);
    this.#totals.findings += review.findings;
    this.#totals.reviewedIntervals += review.intervals;
    const bills = tariff === undefined ? [] : await this.#bill(tariff);
    const { open } = await this.#mdm.exceptions.counts();
    return { files: this.#files, totals: this.#totals, openExceptions: open, bills };
  }

  async #input(input: InputFile): Promise<void> {
    const { head, chunks } = await peeked(input);
    const format = (this.#options.format as FileFormat | undefined) ?? formatOf(head, input.name);
    const report = emptyReport(input.name, format);
    this.#files.push(report);
    const delivery = new Delivery(this.#mdm, input.name);
    const summary = await this.#load(this.#intervalsOf(this.#records(format, { ...input, chunks }), report, delivery), delivery);
    this.#totals.blocksStored += summary.blocksStored;
    this.#totals.blocksUnchanged += summary.blocksUnchanged;
    this.#totals.reviewedIntervals += summary.intervals;
    for (const day of summary.toReview) this.#review(day);
    await delivery.flush();
  }

  /** Intervals go through validation straight to the ledger; what it refuses, or was given twice, goes the way of deliveries. */
  #load(records: AsyncIterable<InterchangeRecord>, delivery: Delivery): Promise<BulkLoadSummary> {
    const { ledger, registry, exceptions, review } = this.#mdm;
    return bulkLoad(
      {
        ledger,
        registry,
        ruleSet: review.ruleSet,
        zone: review.zone,
        author: "ingest",
        source: delivery.source,
        // Findings that need somebody are raised by the review of their days, with what was estimated.
        onFindings: async (channel, findings) => {
          const notes = findings.filter(({ severity }) => severity === "info");
          this.#totals.findings += notes.length;
          const { meterId, channelId, name } = channel;
          await exceptions.raise(notes.map((finding) => ({ meterId, channelId, channel: name, finding, estimate: undefined })));
        },
        onRefused: (channel, block) =>
          delivery.intervals(
            channel.meterId,
            seriesOf(channel, {
              ...block,
              startMs: block.dayStartMs + block.phaseSeconds * 1000,
            }),
          ),
        onOverlap: (channel, series) => delivery.intervals(channel.meterId, seriesOf(channel, series)),
        onStored: ({ meterId, channelId }, dayStartMs) => {
          const days = this.#loaded.get(meterId);
          if (days === undefined) this.#loaded.set(meterId, [{ channelId, dayStartMs }]);
          else days.push({ channelId, dayStartMs });
        },
      },
      records,
    );
  }

  /** What can go the straight way; everything else of the file is taken on the way past. Ends where the file cannot be read on. */
  async *#intervalsOf(
    records: AsyncIterable<InterchangeRecord>,
    report: FileReport,
    delivery: Delivery,
  ): AsyncGenerator<InterchangeRecord> {
    try {
      for await (const record of records) {
        if (record.kind === "putAside") {
          report.putAsideCount++;
          if (report.putAside.length < ASIDE_NAMED_MAX) report.putAside.push(record);
        } else if (record.kind === "intervals" && isSound(record.series)) {
          this.#count(record, report);
          yield { ...record, series: { ...record.series, meterId: record.usagePointId } };
        } else await this.#take(record, report, delivery);
      }
    } catch (error) {
      if (!(error instanceof AmityError)) throw error;
      report.error = error.message;
    }
  }

  #records(format: FileFormat, input: InputFile): AsyncIterable<InterchangeRecord> {
    const { zone, usagePoint, interval, stamp } = this.#options;
    return readInterchange(format, input.chunks, {
      zone: zoneOf(zone),
      usagePointId: usagePoint ?? basename(input.name).replace(/\.[^.]*$/, ""),
      stamp: stamp === "end" ? "end" : "start",
      ...(interval === undefined ? {} : { intervalSeconds: interval }),
    });
  }

  async #take(record: Exclude<InterchangeRecord, PutAside>, report: FileReport, delivery: Delivery): Promise<void> {
    if (record.kind === "intervals") {
      this.#count(record, report);
      await delivery.intervals(record.usagePointId, record.series);
    } else if (record.kind === "register") {
      report.registers++;
      this.#withRegisters.add(record.usagePointId);
      await delivery.register(record.usagePointId, record.reading);
    } else {
      report.events++;
      this.#withRegisters.add(record.event.meterId);
      await delivery.event(record.event);
    }
  }

  #count({ usagePointId, series }: Extract<InterchangeRecord, { kind: "intervals" }>, report: FileReport): void {
    report.intervals += series.values.length;
    const endMs = series.startMs + series.values.length * series.intervalSeconds * 1000;
    const span = this.#spans.get(usagePointId) ?? { fromMs: series.startMs, toMs: endMs };
    this.#spans.set(usagePointId, { fromMs: Math.min(span.fromMs, series.startMs), toMs: Math.max(span.toMs, endMs) });
  }

  #review(day: ChannelDay): void {
    this.#changed.set(`${day.channelId}/${day.dayStartMs}`, day);
  }

  #stored(summary: DeliverySummary): void {
    this.#totals.blocksStored += summary.blocksStored;
    this.#totals.blocksUnchanged += summary.blocksUnchanged;
    this.#totals.registersStored += summary.registersStored;
    for (const day of summary.changed) this.#review(day);
  }

  async #bill(tariff: Tariff): Promise<readonly StoredBill[]> {
    await this.#mdm.billing.publish(tariff);
    const zone = zoneOf(tariff.zone);
    const asks: BillAsk[] = [];
    for (const [usagePointId, span] of this.#spans) {
      const first = civilDateOf(localDayOf(zone, span.fromMs));
      const lastDay = localDayOf(zone, span.toMs);
      for (let month = first.month; ; month++) {
        const fromDay = dayNumberOf({ year: first.year, month, day: 1 });
        const toDay = dayNumberOf({ year: first.year, month: month + 1, day: 1 });
        if (toDay > lastDay) break;
        if (fromDay >= localDayOf(zone, span.fromMs)) asks.push({ usagePointId, tariffId: tariff.id, fromDay, toDay });
      }
    }
    remark(`rating ${asks.length} months`);
    return this.#mdm.billing.bill(asks);
  }
}

/** Gathers records of one file into deliveries of a bounded size. */
class Delivery {
  readonly #mdm: Mdm;
  /** Name of the file: provenance. */
  readonly source: string;
  #intervals: IntervalSeries[] = [];
  #registers: RegisterReading[] = [];
  #events: EndDeviceEvent[] = [];
  #values = 0;

  constructor(mdm: Mdm, source: string) {
    this.#mdm = mdm;
    this.source = source;
  }

  /** A file knows usage points; the meter behind one is the series' own, installed there if it was not. */
  intervals(usagePointId: string, series: IntervalSeries): Promise<void> {
    this.#intervals.push({ ...series, meterId: usagePointId });
    return this.#added(series.values.length);
  }

  register(usagePointId: string, reading: RegisterReading): Promise<void> {
    this.#registers.push({ ...reading, meterId: usagePointId });
    return this.#added(1);
  }

  event(event: EndDeviceEvent): Promise<void> {
    this.#events.push(event);
    return this.#added(1);
  }

  async flush(): Promise<void> {
    if (this.#values === 0) return;
    const batch = { intervals: this.#intervals, registers: this.#registers, events: this.#events, source: this.source };
    this.#intervals = [];
    this.#registers = [];
    this.#events = [];
    this.#values = 0;
    await this.#mdm.sink.accept([batch]);
  }

  async #added(values: number): Promise<void> {
    this.#values += values;
    if (this.#values >= DELIVERY_VALUES) await this.flush();
  }
}

function seriesOf(channel: Channel, { startMs, intervalSeconds, values, qualities }: IntervalSpan): IntervalSeries {
  const { meterId, name, unit, scaler } = channel;
  return { meterId, channel: name, unit, scaler, startMs, intervalSeconds, values, qualities };
}

/** Whether a series can be cut into days at all; one that cannot is put aside by the ledger sink, with the reason. */
function isSound({ startMs, intervalSeconds, values, qualities }: IntervalSeries): boolean {
  return (
    Number.isSafeInteger(startMs) &&
    startMs % 1000 === 0 &&
    intervalSeconds > 0 &&
    86_400 % intervalSeconds === 0 &&
    values.length === qualities.length &&
    values.every((value) => Number.isSafeInteger(value))
  );
}

async function loadTariff(name: string, zone: string): Promise<Tariff> {
  if (name === "home-tou") return residentialTimeOfUse(zone);
  try {
    return JSON.parse(await readFile(name, "utf8")) as Tariff;
  } catch (error) {
    throw new UsageError(`"${name}" is neither home-tou nor a tariff file (JSON)`, { code: "tariff", cause: error });
  }
}

async function peeked(input: InputFile): Promise<{ head: Uint8Array; chunks: AsyncIterable<Uint8Array> }> {
  const iterator = input.chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  const head = first.done === true ? new Uint8Array(0) : first.value;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }
  return { head, chunks: chunks() };
}

function emptyReport(file: string, format: string): FileReport {
  return { file, format, intervals: 0, registers: 0, events: 0, putAside: [], putAsideCount: 0 };
}

function printReport({ files, totals, openExceptions, bills }: Report): void {
  for (const file of files) {
    const parts = [
      `${file.intervals} intervals`,
      ...(file.registers > 0 ? [`${file.registers} registers`] : []),
      ...(file.events > 0 ? [`${file.events} events`] : []),
    ];
    printLine(`${file.file}: ${parts.join(", ")}${file.putAsideCount > 0 ? `, ${file.putAsideCount} put aside` : ""}`);
    if (file.error !== undefined) printLine(`  stopped: ${file.error}`);
    for (const record of file.putAside)
      printLine(`  line ${record.line}${record.field === undefined ? "" : ` ${record.field}`}: ${record.reason}`);
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
