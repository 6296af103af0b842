import { QUALITY, type QualityCode } from "@amity/model";
import { parseScaled, parseScaledBig } from "../decimal.ts";
import { IntervalRun, isOnGrid } from "../interval-run.ts";
import type { Chunks, InterchangeRecord, PutAside } from "../records.ts";
import { childOf, childrenOf, textAt, xmlElements, type XmlElement } from "../xml/xml-elements.ts";
import { qualityOfCim } from "./cim-quality.ts";
import { eventKindOf, readingTypeOf, type CimReadingType } from "./cim-terms.ts";

/** Values are kept three decimal places finer than the reading type's own multiplier. */
const PLACES = 3;
const WANTED = new Set(["MeterReading", "EndDeviceEvent", "EndDeviceControl"]);

/**
 * Reads IEC 61968-9 messages: MeterReadings (interval blocks and readings) and EndDeviceEvents, bare or inside any message
 * or SOAP envelope, of any edition's namespace. Lenient: what one record lacks puts that record aside, by line and field.
 * @throws DecodeError where the document is no well-formed XML.
 */
export async function* readCim(chunks: Chunks): AsyncGenerator<InterchangeRecord> {
  let seen = 0;
  for await (const element of xmlElements(chunks, WANTED)) {
    seen++;
    if (element.name === "MeterReading") yield* meterReading(element);
    else if (element.name === "EndDeviceEvent") yield endDeviceEvent(element);
    else yield aside(element, "EndDeviceControl", "a control is a command for the head-end, no reading");
  }
  if (seen === 0) yield { kind: "putAside", line: 0, reason: "the message holds neither meter readings nor end-device events" };
}

function* meterReading(element: XmlElement): Generator<InterchangeRecord> {
  const meterId = identityOf(childOf(element, "Meter") ?? childOf(element, "MeterAsset"));
  const usagePointId = identityOf(childOf(element, "UsagePoint") ?? childOf(element, "ServiceDeliveryPoint")) ?? meterId;
  if (usagePointId === undefined) {
    yield aside(element, "Meter", "neither a meter nor a usage point is named");
    return;
  }
  const identity = { usagePointId, meterId: meterId ?? usagePointId };
  for (const block of childrenOf(element, "IntervalBlocks")) yield* intervalBlock(block, identity);
  const readings = childrenOf(element, "Readings");
  for (const reading of readings) yield registerReading(reading, identity);
  if (readings.length === 0 && childOf(element, "IntervalBlocks") === undefined) yield aside(element, "Readings", "no readings");
}

interface Identity {
  readonly usagePointId: string;
  readonly meterId: string;
}

/** mRID, or the first name; templates leave a question mark. */
function identityOf(element: XmlElement | undefined): string | undefined {
  for (const text of [textAt(element, "mRID"), textAt(element, "Names", "name")]) {
    if (text !== "" && text !== "?") return text;
  }
  return undefined;
}

function* intervalBlock(block: XmlElement, identity: Identity): Generator<InterchangeRecord> {
  const type = readingTypeOf(refOf(block, "ReadingType"));
  if (typeof type === "string") {
    yield aside(block, "ReadingType", type);
    return;
  }
  const stated = textAt(block, "IntervalReadings", "intervalLength");
  const intervalSeconds = type.intervalSeconds || (/^\d{1,6}$/.test(stated) ? Number(stated) : 0);
  if (intervalSeconds === 0) {
    yield aside(block, "ReadingType", "the reading type has no measuring period");
    return;
  }
  const scaler = type.scaler - PLACES;
  const run = new IntervalRun({ ...identity, channel: type.channel, unit: type.unit, scaler, intervalSeconds });
  for (const element of childrenOf(block, "IntervalReadings")) {
    const endMs = instantOf(textAt(element, "timeStamp"));
    const value = parseScaled(textAt(element, "value"), -PLACES);
    if (endMs === undefined) yield aside(element, "timeStamp", `"${textAt(element, "timeStamp")}" is not an instant with its offset`);
    else if (value === undefined) yield aside(element, "value", `"${textAt(element, "value")}" is not a number`);
    else if (!isOnGrid(endMs, intervalSeconds)) yield aside(element, "timeStamp", `the time is off the grid of ${intervalSeconds} s`);
    else {
      // IEC 61968-9: the time stamp of an interval reading is the end of its interval.
      const ended = run.add(endMs - intervalSeconds * 1000, value.value, qualityOf(element));
      if (ended !== undefined) yield ended;
    }
  }
  const rest = run.end();
  if (rest !== undefined) yield rest;
}

function registerReading(element: XmlElement, identity: Identity): InterchangeRecord {
  const type: CimReadingType | string = readingTypeOf(refOf(element, "ReadingType"));
  if (typeof type === "string") return aside(element, "ReadingType", type);
  const text = textAt(element, "timeStamp") || textAt(element, "timePeriod", "end");
  const atMs = instantOf(text);
  if (atMs === undefined) return aside(element, "timeStamp", `"${text}" is not an instant with its offset`);
  const value = parseScaledBig(textAt(element, "value"), -PLACES);
  if (value === undefined) return aside(element, "value", `"${textAt(element, "value")}" is not a number`);
  const { usagePointId, meterId } = identity;
  const { channel, unit } = type;
  const quality = qualityOf(element);
  return { kind: "register", usagePointId, reading: { meterId, channel, unit, scaler: type.scaler - PLACES, atMs, value, quality } };
}

function endDeviceEvent(element: XmlElement): InterchangeRecord {
  const meterId = identityOf(childOf(element, "Assets") ?? childOf(element, "Meter"));
  if (meterId === undefined) return aside(element, "Assets", "no end device is named");
  const type = refOf(element, "EndDeviceEventType") || textAt(element, "category");
  if (!/^\d{1,4}(\.\d{1,4}){3}$/.test(type)) return aside(element, "EndDeviceEventType", `"${type}" is no event type of 4 numbers`);
  const atMs = instantOf(textAt(element, "createdDateTime"));
  if (atMs === undefined)
    return aside(element, "createdDateTime", `"${textAt(element, "createdDateTime")}" is not an instant with its offset`);
  const detail = textAt(element, "reason") || textAt(element, "status", "value");
  const said = detail === "" || detail === "?" ? {} : { detail };
  const code = Number(type.slice(type.lastIndexOf(".") + 1));
  return { kind: "event", event: { meterId, atMs, kind: eventKindOf(type), log: type, code, ...said } };
}

/** The last quality that is known says most; without one the value is as the meter gave it. */
function qualityOf(element: XmlElement): QualityCode {
  let quality: QualityCode = QUALITY.raw;
  for (const stated of childrenOf(element, "ReadingQualities")) {
    quality = qualityOfCim(refOf(stated, "ReadingQualityType") || (stated.attributes.get("ref") ?? "")) ?? quality;
  }
  return quality;
}

function refOf(element: XmlElement, name: string): string {
  return childOf(element, name)?.attributes.get("ref") ?? textAt(element, name, "mRID");
}

/** `xs:dateTime` with its offset; fractions of a millisecond are cut. */
function instantOf(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/.test(text)) return undefined;
  const ms = Date.parse(text.replace(/(\.\d{3})\d+/, "$1"));
  return Number.isNaN(ms) ? undefined : ms;
}

function aside(element: XmlElement, field: string, reason: string): PutAside {
  return { kind: "putAside", line: element.line, field, reason, text: `<${element.name}>` };
}
