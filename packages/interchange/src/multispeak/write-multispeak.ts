import { UsageError } from "@amity/bytes";
import { isMissing, type Unit } from "@amity/model";
import { cimQualityOf } from "../cim/cim-quality.ts";
import { ReadingTypeRefs } from "../cim/reading-type-refs.ts";
import { formatScaled } from "../decimal.ts";
import { createUuid } from "../espi/espi-uuid.ts";
import type { InterchangeRecord } from "../records.ts";
import { xmlText } from "../xml/xml-elements.ts";
import { fieldNameOf, MULTISPEAK_NAMESPACES, UOM_OF_UNIT, type MultispeakVersion } from "./multispeak-terms.ts";

export interface MultispeakOptions {
  /** Edition of the message. Default `5.0`, which alone says every reading type and quality in full. */
  readonly version?: MultispeakVersion;
}

type Intervals = Extract<InterchangeRecord, { kind: "intervals" }>;
type Register = Extract<InterchangeRecord, { kind: "register" }>;
type Quantity = { readonly channel: string; readonly unit: Unit; readonly scaler: number };

/**
 * Writes register readings as a MultiSpeak notification of changed readings: 3.0 `ReadingChangedNotification` of MeterRead,
 * 4.1 of MeterReading, 5.0 `ReadingsChangedNotification`. The messages know meters, not usage points. Other records are skipped.
 * @throws UsageError `not-representable` for units that the edition has no word for, and for missing values (they are left out
 *   by saying nothing).
 */
export async function* writeMultispeakReadings(
  records: AsyncIterable<InterchangeRecord>,
  options: MultispeakOptions = {},
): AsyncGenerator<Uint8Array> {
  const version = options.version ?? "5.0";
  const space = MULTISPEAK_NAMESPACES[version];
  const encoder = new TextEncoder();
  const [root, list] =
    version === "5.0" ? ["ReadingsChangedNotification", "ArrayOfMeterReading"] : ["ReadingChangedNotification", "changedMeterReads"];
  yield encoder.encode(`${XML}<${root} xmlns="${space.message}">\n<${list}>\n`);
  const types = new ReadingTypeRefs();
  for await (const record of records) {
    if (record.kind !== "register" || isMissing(record.reading.quality)) continue;
    yield encoder.encode(READINGS[version](record, types));
  }
  yield encoder.encode(`</${list}>\n</${root}>\n`);
}

/**
 * Writes interval series as MultiSpeak IntervalData: 5.0 `IntervalDataNotification`, 3.0 and 4.1 the answer
 * `GetReadingsByDateIntervalDataResponse`, whose list holds many. Each series has a profile of its own. Statuses are triples
 * `system.category.index` (IEC 61968-9, annex D); a missing value is empty. Other records are skipped.
 * @throws UsageError `not-representable` for units and lengths that the edition has no word for.
 */
export async function* writeMultispeakIntervals(
  records: AsyncIterable<InterchangeRecord>,
  options: MultispeakOptions = {},
): AsyncGenerator<Uint8Array> {
  const version = options.version ?? "5.0";
  const space = MULTISPEAK_NAMESPACES[version];
  const encoder = new TextEncoder();
  const [root, list] =
    version === "5.0"
      ? ["IntervalDataNotification", "ArrayOfIntervalData"]
      : ["GetReadingsByDateIntervalDataResponse", "GetReadingsByDateIntervalDataResult"];
  yield encoder.encode(`${XML}<${root} xmlns="${space.message}">\n<${list}>\n`);
  const types = new ReadingTypeRefs();
  for await (const record of records) if (record.kind === "intervals") yield encoder.encode(intervalData(record, version, types));
  yield encoder.encode(`</${list}>\n</${root}>\n`);
}

/**
 * Writes active energy registers as a MultiSpeak FormattedBlock (3.0 and 4.1 `FormattedBlockNotification`; 5.0 in its list):
 * one record of separated values a reading. The block has no place for qualities. Other records are skipped.
 * @throws UsageError `not-representable` for other channels and for meter numbers with the separator.
 */
export async function* writeMultispeakBlock(
  records: AsyncIterable<InterchangeRecord>,
  options: MultispeakOptions = {},
): AsyncGenerator<Uint8Array> {
  const version = options.version ?? "5.0";
  const space = MULTISPEAK_NAMESPACES[version];
  const encoder = new TextEncoder();
  const [open, close] =
    version === "5.0"
      ? [`<ArrayOfFormattedBlock>\n<formattedBlock xmlns="${space.list}">\n`, "</formattedBlock>\n</ArrayOfFormattedBlock>\n"]
      : ["<changedMeterReads>\n", "</changedMeterReads>\n"];
  yield encoder.encode(`${XML}<FormattedBlockNotification xmlns="${space.message}">\n${open}`);
  yield encoder.encode(`<separator${core(version)}>,</separator>\n<valSyntax${core(version)}>\n${blockSyntax(version)}</valSyntax>\n`);
  yield encoder.encode(`<valueList${core(version)}>\n`);
  for await (const record of records) if (record.kind === "register") yield encoder.encode(blockRecord(record));
  yield encoder.encode(`</valueList>\n${close}</FormattedBlockNotification>\n`);
}

const XML = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** In version 5.0 what a list holds is of another namespace than the list. */
const core = (version: MultispeakVersion): string => (version === "5.0" ? ` xmlns="${MULTISPEAK_NAMESPACES[version].core}"` : "");

const READINGS: Readonly<Record<MultispeakVersion, (record: Register, types: ReadingTypeRefs) => string>> = {
  "3.0": ({ reading }) => {
    const { fieldName, uom, value } = fieldOf(reading, reading.value);
    const at = instant(reading.atMs);
    return (
      `<meterRead><meterNo>${xmlText(reading.meterId)}</meterNo><readingDate>${at}</readingDate><readingValues><readingValue>` +
      `<units>${uom}</units><value>${value}</value><dateTime>${at}</dateTime><fieldName>${fieldName}</fieldName>` +
      `</readingValue></readingValues></meterRead>\n`
    );
  },
  "4.1": ({ reading }) => {
    const { fieldName, uom, value } = fieldOf(reading, reading.value);
    const status = statusOf(reading.quality);
    const said = status === "" ? "" : `<readingStatusCode>${status}</readingStatusCode>`;
    return (
      `<meterReading>${meterIdText(reading.meterId, "4.1")}<readingValues><readingValue><units>${uom}</units><value>${value}</value>` +
      `<fieldName>${fieldName}</fieldName><timeStamp>${instant(reading.atMs)}</timeStamp>${said}</readingValue></readingValues></meterReading>\n`
    );
  },
  "5.0": ({ reading }, types) => {
    const { ref, multiplier } = types.of(reading.meterId, { ...reading, intervalSeconds: 0 });
    const { list, core: space } = MULTISPEAK_NAMESPACES["5.0"];
    return (
      `<meterReading xmlns="${list}">${meterIdText(reading.meterId, "5.0")}<readingValues xmlns="${space}"><readingValue>` +
      `<value>${formatScaled(reading.value, reading.scaler - multiplier)}</value><timeStamp>${instant(reading.atMs)}</timeStamp>` +
      `<readingQualityCode>${cimQualityOf(reading.quality)}</readingQualityCode><readingTypeCodeOption><readingTypeCode>${ref}` +
      `</readingTypeCode></readingTypeCodeOption></readingValue></readingValues></meterReading>\n`
    );
  },
};

function intervalData({ series }: Intervals, version: MultispeakVersion, types: ReadingTypeRefs): string {
  const { channel, power } = channelElement(series, version, types);
  const isFive = version === "5.0";
  const length = isFive ? `<intervalLength units="Seconds">${series.intervalSeconds}` : `<intervalLength>${series.intervalSeconds / 60}`;
  const values = Array.from(series.values, (value, index) => {
    const quality = series.qualities[index] ?? 0;
    if (isMissing(quality)) return "";
    const status = statusOf(quality);
    return `${formatScaled(value, series.scaler - power)}${status === "" ? "" : `,${status}`}`;
  });
  const space = core(version);
  const list = isFive ? ` xmlns="${MULTISPEAK_NAMESPACES[version].list}"` : "";
  return (
    `<intervalData${list}><statusDelimiter${space}>,</statusDelimiter><intervalDelimiter${space}>;</intervalDelimiter>` +
    `<profiles${space}><profile profileID="1">${length}</intervalLength><channels>${channel}</channels></profile></profiles>\n` +
    `<blocks${space}><block><profileID>1</profileID>${meterIdText(series.meterId, version)}` +
    `<intervalStart>${instant(series.startMs)}</intervalStart><dB><chs><ch><idx>1</idx><d>${values.join(";")};</d></ch></chs></dB>` +
    `</block></blocks></intervalData>\n`
  );
}

/** The channel's element, and the power of ten of the values in it. */
function channelElement(
  series: Intervals["series"],
  version: MultispeakVersion,
  types: ReadingTypeRefs,
): { channel: string; power: number } {
  if (version === "5.0") {
    const { ref, multiplier } = types.of(series.meterId, series);
    return { channel: `<channel><index>1</index><readingTypeCode>${ref}</readingTypeCode></channel>`, power: multiplier };
  }
  const { fieldName, uom, power } = fieldOf(series, 0n);
  return { channel: `<channel><index>1</index><fieldName>${fieldName}</fieldName><units>${uom}</units></channel>`, power };
}

/** Field name and unit of the editions that have no reading types. */
function fieldOf(quantity: Quantity, value: bigint): { fieldName: string; uom: string; power: number; value: string } {
  const known = UOM_OF_UNIT[quantity.unit];
  if (known === undefined) throw new UsageError(`MultiSpeak has no unit for ${quantity.unit}`, { code: "not-representable" });
  const [uom, power] = known;
  return { fieldName: xmlText(fieldNameOf(quantity.channel)), uom, power, value: formatScaled(value, quantity.scaler - power) };
}

/** A raw value needs no status. */
function statusOf(quality: number): string {
  const triple = cimQualityOf(quality);
  return triple === "1.0.0" ? "" : triple;
}

function meterIdText(meterId: string, version: MultispeakVersion): string {
  const id = xmlText(meterId);
  if (version === "3.0") return `<meterNo>${id}</meterNo>`;
  if (version === "4.1") return `<meterID meterNo="${id}">${id}</meterID>`;
  return `<meterID xmlns="${MULTISPEAK_NAMESPACES[version].core}" meterName="${id}" objectGUID="${createUuid(meterId)}">${id}</meterID>`;
}

const BLOCK_FIELDS = ["meterNo", "posKWh", "posKWhDateTime", "negKWh", "negKWhDateTime"] as const;
const BLOCK_CHANNELS: Readonly<Record<string, number>> = { "1-0:1.8.0": 1, "1-0:2.8.0": 3 };

function blockSyntax(version: MultispeakVersion): string {
  const items = BLOCK_FIELDS.map((name, index) => {
    const uom = name.endsWith("DateTime") ? "<uom>Date time</uom>" : name === "meterNo" ? "" : "<uom>kWh</uom>";
    return `<syntaxItem>${blockField(name, version)}<position>${index + 1}</position>${uom}</syntaxItem>\n`;
  });
  return items.join("");
}

/** Version 5.0 has an enumeration of names, with capitals, in which the meter's number is not. */
function blockField(name: string, version: MultispeakVersion): string {
  if (version !== "5.0") return `<fieldName>${name}</fieldName>`;
  const kind = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const field = name === "meterNo" ? `<fieldName otherKind="meterNo">Other</fieldName>` : `<fieldName>${kind}</fieldName>`;
  return `<readingTypeChoice>${field}</readingTypeChoice>`;
}

function blockRecord({ reading }: Register): string {
  const at = BLOCK_CHANNELS[reading.channel];
  if (at === undefined || reading.unit !== "Wh") {
    throw new UsageError(`a FormattedBlock of meter readings has no field for ${reading.channel} in ${reading.unit}`, {
      code: "not-representable",
    });
  }
  if (/[,\r\n]/.test(reading.meterId))
    throw new UsageError(`"${reading.meterId}" cannot stand between commas`, { code: "not-representable" });
  const fields = BLOCK_FIELDS.map(() => "");
  fields[0] = reading.meterId;
  fields[at] = formatScaled(reading.value, reading.scaler - 3);
  fields[at + 1] = instant(reading.atMs);
  return `<val>${xmlText(fields.join(","))}</val>\n`;
}

const instant = (ms: number): string => new Date(ms).toISOString().replace(/\.000Z$/, "Z");
