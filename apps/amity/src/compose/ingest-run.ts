import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { AmityError } from "@amity/bytes";
import { zoneOf, type IntervalSpan } from "@amity/intervals";
import {
  expandInput,
  formatOf,
  readInterchange,
  refusalOf,
  type FileFormat,
  type InputFile,
  type InterchangeRecord,
  type PutAside,
} from "@amity/interchange";
import {
  bulkLoad,
  reviewDays,
  type BillAsk,
  type BulkLoadSummary,
  type Channel,
  type ChannelDay,
  type DeliverySummary,
  type StoredBill,
  type Tariff,
} from "@amity/mdm";
import type { IntervalSeries } from "@amity/model";
import type { Clock } from "@amity/runtime";
import type { Store } from "@amity/store";
import { FileDelivery } from "./file-delivery.ts";
import { composeMdm, type Mdm } from "./mdm.ts";
import { wholeMonths } from "./whole-months.ts";

export interface IngestRunOptions {
  /** What the files are; told by their octets where absent. */
  readonly format?: FileFormat;
  /** Zone of times without an offset, and of the usage points' calendars. */
  readonly zone: string;
  /** Whose readings they are where a file does not say; its name where absent. */
  readonly usagePoint?: string;
  readonly intervalSeconds?: number;
  readonly stamp?: "start" | "end";
  readonly onProgress?: (text: string) => void;
}

/** What became of one file (or member of an archive). */
export interface FileReport {
  readonly file: string;
  readonly format: string;
  intervals: number;
  registers: number;
  events: number;
  readonly putAside: PutAside[];
  putAsideCount: number;
  /** Why the file could not be read at all, or to its end. */
  error?: string;
}

/** What one run stored. */
export interface IngestTotals {
  blocksStored: number;
  blocksUnchanged: number;
  registersStored: number;
  findings: number;
  reviewedIntervals: number;
}

export interface IngestReport {
  readonly files: readonly FileReport[];
  readonly totals: IngestTotals;
  readonly openExceptions: number;
  readonly bills: readonly StoredBill[];
}

/** Put-aside records that a report names; all are counted. */
const ASIDE_NAMED_MAX = 100;

/** Files through validation into the ledger. One bad file, or one that is not there, does not end the run. */
export class IngestRun {
  readonly #options: IngestRunOptions;
  readonly #mdm: Mdm;
  readonly #files: FileReport[] = [];
  readonly #changed = new Map<string, ChannelDay>();
  /** Days that were validated on their way in, by meter: looked at again where the run also brings registers or events. */
  readonly #loaded = new Map<string, ChannelDay[]>();
  readonly #withRegisters = new Set<string>();
  readonly #totals: IngestTotals = { blocksStored: 0, blocksUnchanged: 0, registersStored: 0, findings: 0, reviewedIntervals: 0 };
  /** First and last instant of each usage point's readings. */
  readonly #spans = new Map<string, { fromMs: number; toMs: number }>();

  constructor(store: Store, clock: Clock, options: IngestRunOptions) {
    this.#options = options;
    this.#mdm = composeMdm(store, clock, { zone: options.zone, author: "ingest", onStored: (summary) => this.#stored(summary) });
  }

  /** Loads one file. What is wrong with it stands in the report; only what is wrong with us or the database is thrown. */
  async file(path: string): Promise<void> {
    const name = basename(path);
    try {
      for await (const input of expandInput(name, createReadStream(path))) await this.#input(input);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === undefined) throw error;
      this.#files.push({ ...emptyReport(name, ""), error: reason });
    }
  }

  /** Reviews and estimates what came in, and bills each whole month of it where a tariff is given. */
  async finish(tariff?: Tariff): Promise<IngestReport> {
    for (const meterId of this.#withRegisters) for (const day of this.#loaded.get(meterId) ?? []) this.#review(day);
    const days = [...this.#changed.values()];
    if (days.length > 0) this.#options.onProgress?.(`validating and estimating ${days.length} channel days`);
    const review = await reviewDays({ ...this.#mdm.review, expectUntil: "lastValue" }, days);
    this.#totals.findings += review.findings;
    this.#totals.reviewedIntervals += review.intervals;
    const bills = tariff === undefined ? [] : await this.#bill(tariff);
    const { open } = await this.#mdm.exceptions.counts();
    return { files: this.#files, totals: this.#totals, openExceptions: open, bills };
  }

  async #input(input: InputFile): Promise<void> {
    const { head, chunks } = await peeked(input);
    const format = this.#options.format ?? formatOf(head, input.name);
    const report = emptyReport(input.name, format);
    this.#files.push(report);
    const refusal = head.length === 0 ? "the file is empty" : refusalOf(head);
    if (refusal !== undefined) {
      report.error = refusal;
      return;
    }
    const delivery = new FileDelivery(this.#mdm.sink, input.name);
    const records = this.#intervalsOf(this.#records(format, { ...input, chunks }), report, delivery);
    const summary = await this.#load(records, report, delivery);
    this.#totals.blocksStored += summary.blocksStored;
    this.#totals.blocksUnchanged += summary.blocksUnchanged;
    this.#totals.reviewedIntervals += summary.intervals;
    for (const day of summary.toReview) this.#review(day);
    await delivery.flush();
    for (const reason of delivery.contradictions) this.#aside(report, { kind: "putAside", line: 0, field: "register", reason });
  }

  /** Intervals go through validation straight to the ledger; what it refuses goes the way of deliveries. */
  #load(records: AsyncIterable<InterchangeRecord>, report: FileReport, delivery: FileDelivery): Promise<BulkLoadSummary> {
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
        onRefused: (channel, block) => {
          const startMs = block.dayStartMs + block.phaseSeconds * 1000;
          return delivery.intervals(channel.meterId, seriesOf(channel, { ...block, startMs }));
        },
        onOverlap: ({ meterId, name }, { startMs, values }) => {
          const reason = `${meterId} ${name}: ${values.length} intervals from ${new Date(startMs).toISOString()} are said otherwise elsewhere in the file; the last said counts`;
          this.#aside(report, { kind: "putAside", line: 0, field: "value", reason });
        },
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
    delivery: FileDelivery,
  ): AsyncGenerator<InterchangeRecord> {
    try {
      for await (const record of records) {
        if (record.kind === "putAside") this.#aside(report, record);
        else if (record.kind === "intervals" && isSound(record.series)) {
          this.#count(record, report);
          yield { ...record, series: { ...record.series, meterId: record.usagePointId } };
        } else await this.#take(record, report, delivery);
      }
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === undefined) throw error;
      report.error = reason;
    }
  }

  #records(format: FileFormat, input: InputFile): AsyncIterable<InterchangeRecord> {
    const { zone, usagePoint, intervalSeconds, stamp } = this.#options;
    return readInterchange(format, input.chunks, {
      zone: zoneOf(zone),
      usagePointId: usagePoint ?? basename(input.name).replace(/\.[^.]*$/, ""),
      stamp: stamp ?? "start",
      ...(intervalSeconds === undefined ? {} : { intervalSeconds }),
    });
  }

  async #take(record: Exclude<InterchangeRecord, PutAside>, report: FileReport, delivery: FileDelivery): Promise<void> {
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

  #aside(report: FileReport, record: PutAside): void {
    report.putAsideCount++;
    if (report.putAside.length < ASIDE_NAMED_MAX) report.putAside.push(record);
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
    const asks = [...this.#spans].flatMap(([usagePointId, span]): BillAsk[] =>
      wholeMonths(zone, span).map((month) => ({ usagePointId, tariffId: tariff.id, ...month })),
    );
    this.#options.onProgress?.(`rating ${asks.length} months`);
    return this.#mdm.billing.bill(asks);
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

/** What a file itself is to blame for; `undefined` for everything else. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof AmityError && error.blame === "decode")
    return error.advice === undefined ? error.message : `${error.message}; ${error.advice}`;
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOENT":
      return "there is no such file";
    case "EISDIR":
      return "this is a folder";
    case "EACCES":
      return "the file may not be read";
    default:
      return undefined;
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
