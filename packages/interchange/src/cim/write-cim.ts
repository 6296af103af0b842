import { UsageError } from "@amity/bytes";
import type { EndDeviceEvent } from "@amity/model";
import { formatScaled } from "../decimal.ts";
import type { InterchangeRecord } from "../records.ts";
import { xmlText } from "../xml/xml-elements.ts";
import { cimQualityOf } from "./cim-quality.ts";
import { eventTypeOf } from "./cim-terms.ts";
import { ReadingTypeRefs } from "./reading-type-refs.ts";

const READINGS = "http://iec.ch/TC57/2011/MeterReadings#";
const EVENTS = "http://iec.ch/TC57/2011/EndDeviceEvents#";

/**
 * Writes interval series and register readings as an IEC 61968-9 (2011) MeterReadings document: the payload of a message.
 * Elements stand in the schema's order; intervals carry the instant of their end. Other records are skipped.
 * @throws UsageError `not-representable` for units and interval lengths without a number in a ReadingType, and for two channels
 *   of a meter that have the same.
 */
export async function* writeCimReadings(records: AsyncIterable<InterchangeRecord>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode(`<?xml version="1.0" encoding="UTF-8"?>\n<MeterReadings xmlns="${READINGS}">\n`);
  const types = new ReadingTypeRefs();
  for await (const record of records) {
    if (record.kind === "intervals") yield encoder.encode(intervalsElement(record, types));
    else if (record.kind === "register") yield encoder.encode(registerElement(record, types));
  }
  yield encoder.encode("</MeterReadings>\n");
}

/**
 * Writes events as an IEC 61968-9 (2011) EndDeviceEvents document. Other records are skipped.
 * @throws UsageError `not-representable` for a kind of event that has no type here.
 */
export async function* writeCimEvents(records: AsyncIterable<InterchangeRecord>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode(`<?xml version="1.0" encoding="UTF-8"?>\n<EndDeviceEvents xmlns="${EVENTS}">\n`);
  for await (const record of records) if (record.kind === "event") yield encoder.encode(eventElement(record.event));
  yield encoder.encode("</EndDeviceEvents>\n");
}

function intervalsElement({ series, usagePointId }: Extract<InterchangeRecord, { kind: "intervals" }>, types: ReadingTypeRefs): string {
  const { ref, multiplier } = types.of(series.meterId, series);
  const stepMs = series.intervalSeconds * 1000;
  const readings = Array.from(series.values, (value, index) => {
    const endMs = series.startMs + (index + 1) * stepMs;
    return `<IntervalReadings>${readingElements(endMs, formatScaled(value, series.scaler - multiplier), series.qualities[index] ?? 0)}</IntervalReadings>`;
  });
  const block = `<IntervalBlocks>\n${readings.join("\n")}\n<ReadingType ref="${ref}"/>\n</IntervalBlocks>`;
  return `<MeterReading>\n${block}\n${meter(series.meterId)}\n${usagePoint(usagePointId)}\n</MeterReading>\n`;
}

function registerElement({ reading, usagePointId }: Extract<InterchangeRecord, { kind: "register" }>, types: ReadingTypeRefs): string {
  const { ref, multiplier } = types.of(reading.meterId, { ...reading, intervalSeconds: 0 });
  const text = formatScaled(reading.value, reading.scaler - multiplier);
  const element = `<Readings>${readingElements(reading.atMs, text, reading.quality)}<ReadingType ref="${ref}"/></Readings>`;
  return `<MeterReading>\n${meter(reading.meterId)}\n${element}\n${usagePoint(usagePointId)}\n</MeterReading>\n`;
}

function readingElements(atMs: number, value: string, quality: number): string {
  return (
    `<timeStamp>${instant(atMs)}</timeStamp><value>${value}</value>` +
    `<ReadingQualities><ReadingQualityType ref="${cimQualityOf(quality)}"/></ReadingQualities>`
  );
}

const meter = (id: string): string => `<Meter><mRID>${xmlText(id)}</mRID></Meter>`;
const usagePoint = (id: string): string => `<UsagePoint><mRID>${xmlText(id)}</mRID></UsagePoint>`;
const instant = (ms: number): string => new Date(ms).toISOString().replace(/\.000Z$/, "Z");

function eventElement(event: EndDeviceEvent): string {
  const type = eventTypeOf(event.kind, event.log);
  if (type === undefined) throw new UsageError(`no EndDeviceEventType for an event "${event.kind}"`, { code: "not-representable" });
  const reason = event.detail === undefined ? "" : `<reason>${xmlText(event.detail)}</reason>`;
  return (
    `<EndDeviceEvent><createdDateTime>${instant(event.atMs)}</createdDateTime>${reason}` +
    `<Assets><mRID>${xmlText(event.meterId)}</mRID></Assets><EndDeviceEventType ref="${type}"/></EndDeviceEvent>\n`
  );
}
