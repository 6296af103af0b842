import { UsageError } from "@amity/bytes";
import { isMissing, packQuality, unpackQuality, type Commodity, type Unit } from "@amity/model";
import { cimQualityOf } from "../cim/cim-quality.ts";
import type { InterchangeRecord } from "../records.ts";
import { xmlText } from "../xml/xml-elements.ts";
import { COMMODITY_KINDS, commodityOf } from "../commodity-of.ts";
import { AtomFeed } from "./atom-feed.ts";
import { usageEntry, type UsageResource } from "./resources.ts";
import { CHANNEL_EXTENSION, channelOfEspi, espiQualityOf, espiUnitOf, flowOf, QUALITY_EXTENSION, qualityOfEspi } from "./espi-terms.ts";

export interface EspiWriteOptions {
  /** When the feed is made, UTC ms. */
  readonly createdMs: number;
  /** Title of the feed. */
  readonly title?: string;
  /** Summaries of usage and power quality, at addresses below their usage points; written after the readings. */
  readonly summaries?: readonly UsageResource[];
}

/** Values of an IntervalReading are Int48. */
const INT48_MAX = 140_737_488_355_328n;

/**
 * Writes a Green Button feed (NAESB REQ.21 ESPI 3.x/4.0 in Atom): each usage point, meter reading and reading type once,
 * before the first interval block that needs it. Missing values are left out, as the standard has no word for them; events
 * and put-aside records are skipped. The same records give the same octets.
 * @throws UsageError `not-representable` for values beyond 48 bits or times that are no whole seconds.
 */
export async function* writeEspi(records: AsyncIterable<InterchangeRecord>, options: EspiWriteOptions): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const feed = new AtomFeed(options.title ?? "Green Button Usage Feed", options.createdMs);
  const writer = new FeedWriter(feed);
  yield encoder.encode(feed.head());
  for await (const record of records) {
    if (record.kind === "intervals" || record.kind === "register") yield encoder.encode(writer.record(record));
  }
  for (const summary of options.summaries ?? []) yield encoder.encode(feed.entry(usageEntry(summary)));
  yield encoder.encode(feed.end());
}

type Written = Extract<InterchangeRecord, { kind: "intervals" | "register" }>;

class FeedWriter {
  readonly #feed: AtomFeed;
  readonly #known = new Set<string>();
  #blocks = 0;

  constructor(feed: AtomFeed) {
    this.#feed = feed;
  }

  record(record: Written): string {
    const quantity = record.kind === "intervals" ? record.series : record.reading;
    const intervalSeconds = record.kind === "intervals" ? record.series.intervalSeconds : 0;
    const point = `/espi/1_1/resource/UsagePoint/${encodeURIComponent(record.usagePointId)}`;
    const typeId = [quantity.channel, quantity.unit, quantity.scaler, intervalSeconds].map((part) => encodeURIComponent(part)).join("_");
    const type = `/espi/1_1/resource/ReadingType/${typeId}`;
    const reading = `${point}/MeterReading/${typeId}`;
    const block = `${reading}/IntervalBlock/${++this.#blocks}`;
    return [
      this.#once(point, [`${point}/MeterReading`], usagePoint(quantity)),
      this.#once(type, [], readingType(quantity, intervalSeconds)),
      this.#once(reading, [`${reading}/IntervalBlock`, type], `<MeterReading xmlns="${ESPI}"/>`),
      this.#feed.entry({
        address: block,
        related: [],
        content: record.kind === "intervals" ? intervalBlock(record) : registerBlock(record),
      }),
    ].join("");
  }

  #once(address: string, related: readonly string[], content: string): string {
    if (this.#known.has(address)) return "";
    this.#known.add(address);
    return this.#feed.entry({ address, related, content });
  }
}

const ESPI = "http://naesb.org/espi";

/** ServiceKind. */
const SERVICE_KINDS: Readonly<Record<Commodity, string>> = { electricity: "0", gas: "1", water: "2", heat: "4" };

function usagePoint({ channel, unit }: { channel: string; unit: Unit }): string {
  const kind = SERVICE_KINDS[commodityOf(channel, unit)];
  return `<UsagePoint xmlns="${ESPI}"><ServiceCategory><kind>${kind}</kind></ServiceCategory></UsagePoint>`;
}

function readingType(quantity: { channel: string; unit: Unit; scaler: number }, intervalSeconds: number): string {
  if (!POWERS.has(quantity.scaler)) {
    throw new UsageError(`ESPI has no multiplier for 10^${quantity.scaler}`, { code: "not-representable" });
  }
  const isEnergy = ["Wh", "J", "varh", "VAh"].includes(quantity.unit);
  return (
    `<ReadingType xmlns="${ESPI}">${channelExtension(quantity)}<accumulationBehaviour>${intervalSeconds === 0 ? 9 : isEnergy ? 4 : 6}</accumulationBehaviour>` +
    `<commodity>${COMMODITY_KINDS[commodityOf(quantity.channel, quantity.unit)]}</commodity><flowDirection>${flowOf(quantity.channel)}</flowDirection>` +
    `<intervalLength>${intervalSeconds}</intervalLength><kind>${isEnergy ? 12 : 0}</kind>` +
    `<powerOfTenMultiplier>${quantity.scaler}</powerOfTenMultiplier><uom>${espiUnitOf(quantity.unit)}</uom></ReadingType>`
  );
}

/** The channel by name, where flow and unit do not say it: rates, harmonics, whatever a meter has. */
function channelExtension({ channel, unit }: { channel: string; unit: Unit }): string {
  if (channelOfEspi(flowOf(channel), unit) === channel) return "";
  return `<extension><${CHANNEL_EXTENSION} xmlns="urn:amity:interchange">${xmlText(channel)}</${CHANNEL_EXTENSION}></extension>`;
}

/** UnitMultiplierKind. */
const POWERS = new Set([-12, -9, -6, -3, -2, -1, 0, 1, 2, 3, 6, 9, 12]);

function intervalBlock({ series }: Extract<Written, { kind: "intervals" }>): string {
  const { intervalSeconds, values } = series;
  const readings: string[] = [];
  for (const [index, value] of values.entries()) {
    const quality = series.qualities[index] ?? 0;
    if (isMissing(quality)) continue;
    const startMs = series.startMs + index * intervalSeconds * 1000;
    readings.push(intervalReading({ startMs, seconds: intervalSeconds, value: BigInt(value), quality }));
  }
  return (
    `<IntervalBlock xmlns="${ESPI}">\n<interval><duration>${intervalSeconds * values.length}</duration>` +
    `<start>${epochSeconds(series.startMs)}</start></interval>\n${readings.join("\n")}\n</IntervalBlock>`
  );
}

function registerBlock({ reading }: Extract<Written, { kind: "register" }>): string {
  const text = intervalReading({ startMs: reading.atMs, seconds: 0, value: reading.value, quality: reading.quality });
  return `<IntervalBlock xmlns="${ESPI}">\n<interval><duration>0</duration><start>${epochSeconds(reading.atMs)}</start></interval>\n${text}\n</IntervalBlock>`;
}

function intervalReading(reading: { startMs: number; seconds: number; value: bigint; quality: number }): string {
  const { startMs, seconds, value, quality } = reading;
  if (value >= INT48_MAX || value <= -INT48_MAX) throw new UsageError(`${value} does not fit 48 bits`, { code: "not-representable" });
  const stated = espiQualityOf(quality);
  return (
    `<IntervalReading>${extensionOf(quality, stated)}${stated === undefined ? "" : `<ReadingQuality><quality>${stated}</quality></ReadingQuality>`}` +
    `<timePeriod><duration>${seconds}</duration><start>${epochSeconds(startMs)}</start></timePeriod><value>${value}</value></IntervalReading>`
  );
}

/** What the code of the standard leaves out of a quality, but for who said so: in a file from elsewhere that is "external". */
function extensionOf(quality: number, stated: string | undefined): string {
  const understood = stated === undefined ? undefined : qualityOfEspi(stated);
  if (understood !== undefined && withoutSource(understood) === withoutSource(quality)) return "";
  return `<extension><${QUALITY_EXTENSION} xmlns="urn:amity:interchange">${cimQualityOf(quality)}</${QUALITY_EXTENSION}></extension>`;
}

function withoutSource(quality: number): number {
  return packQuality({ ...unpackQuality(quality), source: "external" });
}

function epochSeconds(ms: number): number {
  if (ms % 1000 !== 0) throw new UsageError(`${new Date(ms).toISOString()} is not a whole second`, { code: "not-representable" });
  return ms / 1000;
}
