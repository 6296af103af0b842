import type { Zone } from "@amity/intervals";
import type { Chunks, InterchangeRecord, PutAside } from "../records.ts";
import { childOf, childrenOf, textAt, xmlElements, type XmlElement } from "../xml/xml-elements.ts";
import { FormattedBlockReader } from "./formatted-block.ts";
import { IntervalDataReader } from "./interval-data.ts";
import { multispeakInstant } from "./multispeak-instant.ts";
import { qualityOfStatuses } from "./multispeak-status.ts";
import { meterIdOf, quantityOfField, quantityOfTypeCode, scaledOf, type MultispeakQuantity } from "./multispeak-terms.ts";

const FORMATTED_BLOCK = ["separator", "valSyntax", "val"];
const INTERVAL_DATA = ["statusDelimiter", "intervalDelimiter", "profiles", "block"];
const READINGS = ["meterRead", "meterReading"];
const WANTED = new Set([...READINGS, ...FORMATTED_BLOCK, ...INTERVAL_DATA]);

/**
 * Reads MultiSpeak messages of meter readings, versions 3.0, 4.1 and 5.0: MeterRead and MeterReading lists (notifications of
 * changed readings and answers alike), FormattedBlock and IntervalData, bare or in any SOAP envelope, streaming. The messages
 * know meters, not usage points: readings come under the meter's number. Times without an offset are `zone`'s, UTC without one.
 * What one value lacks puts that value aside, by line and field.
 * @throws DecodeError where the document is no well-formed XML.
 */
export async function* readMultispeak(chunks: Chunks, zone?: Zone): AsyncGenerator<InterchangeRecord> {
  const blocks = new FormattedBlockReader(zone);
  const intervals = new IntervalDataReader(zone);
  let seen = 0;
  for await (const element of xmlElements(chunks, WANTED)) {
    seen++;
    if (element.name === "meterRead" || element.name === "meterReading") yield* meterReading(element, zone);
    else if (FORMATTED_BLOCK.includes(element.name)) yield* blocks.element(element);
    else yield* intervals.element(element);
  }
  if (seen === 0) yield { kind: "putAside", line: 0, reason: "the message holds no meter readings" };
}

/** Values that version 3.0 names by elements of their own: field, channel, unit, the element with the time. */
const NAMED = [
  ["posKWh", "posKWh", "kWh", "readingDate"],
  ["negKWh", "negKWh", "kWh", "readingDate"],
  ["kW", "kW", "kW", "kWDateTime"],
  ["kVAr", "kVAr", "kVAR", "readingDate"],
  ["momentaryOutages", "momentaryOutages", "Counter", "readingDate"],
  ["momentaryEvents", "momentaryEvents", "Counter", "readingDate"],
  ["sustainedOutages", "sustainedOutages", "Counter", "readingDate"],
] as const;

function* meterReading(element: XmlElement, zone: Zone | undefined): Generator<InterchangeRecord> {
  const meterId = meterIdOf(element);
  if (meterId === undefined) {
    yield aside(element, "meterID", "no meter is named");
    return;
  }
  const found: Found[] = [];
  for (const [name, fieldName, uom, timeName] of NAMED) {
    const value = childOf(element, name);
    if (value === undefined) continue;
    const time = textAt(element, timeName) || textAt(element, "readingDate");
    found.push({ element: value, value: value.text, time, quantity: quantityOfField(fieldName, uom), statuses: [] });
  }
  for (const tier of childrenOf(childOf(element, "TOUReadings"), "TOUReading"))
    found.push(...tierReadings(tier, textAt(element, "readingDate")));
  for (const value of childrenOf(childOf(element, "readingValues"), "readingValue")) {
    found.push(readingValue(value, textAt(element, "readingDate")));
  }
  if (found.length === 0) yield aside(element, "readingValues", "no reading values");
  for (const one of found) yield registerOf(one, meterId, zone);
}

interface Found {
  readonly element: XmlElement;
  readonly value: string;
  readonly time: string;
  readonly quantity: MultispeakQuantity | string;
  readonly statuses: readonly string[];
}

function tierReadings(tier: XmlElement, readingDate: string): Found[] {
  const period = textAt(tier, "ratePeriod");
  const energy = childOf(tier, "kWh");
  const power = childOf(tier, "kW");
  const quantity = /^[1-9]$/.test(period) ? quantityOfField(`TOU${period}kWh`, "kWh") : `"${period}" is no rate period`;
  return [
    ...(energy === undefined ? [] : [{ element: energy, value: energy.text, time: readingDate, quantity, statuses: [] }]),
    ...(power === undefined
      ? []
      : [
          {
            element: power,
            value: power.text,
            time: textAt(tier, "kWDateTime") || readingDate,
            quantity: quantityOfField(`TOU${period}MaxDemand`, "kW"),
            statuses: [],
          },
        ]),
  ];
}

function readingValue(element: XmlElement, readingDate: string): Found {
  const typeCode = childOf(element, "readingTypeCodeOption", "readingTypeCode") ?? childOf(element, "readingTypeCode");
  const names = ["fieldName", "readingType", "readingValueType", "name"].map((name) => textAt(element, name));
  const fieldName = names.find((name) => name !== "" && name !== "Other") ?? "";
  const units = textAt(element, "units");
  // Version 4.1 has reading type codes of fewer parts beside the field name: there the name and the units say it.
  const byCode = typeCode === undefined ? undefined : quantityOfTypeCode(typeCode);
  const byName = quantityOfField(fieldName, units);
  const quantity = typeof byName === "string" && byCode !== undefined ? byCode : byName;
  return {
    element,
    value: textAt(element, "value"),
    time: textAt(element, "timeStamp") || textAt(element, "dateTime") || readingDate,
    quantity,
    statuses: ["readingQualityCode", "readingStatusCode"].flatMap((name) => childrenOf(element, name).map(statusOf)),
  };
}

/** `system.category.index` as text or in attributes. */
function statusOf({ text, attributes }: XmlElement): string {
  if (text !== "" || !attributes.has("codeCategory")) return text;
  return ["originatingSystemID", "codeCategory", "codeIndex"].map((part) => attributes.get(part) ?? "0").join(".");
}

function registerOf(found: Found, meterId: string, zone: Zone | undefined): InterchangeRecord {
  const { element, quantity } = found;
  if (typeof quantity === "string") return aside(element, "fieldName", quantity);
  const atMs = multispeakInstant(found.time, zone);
  if (atMs === undefined) return aside(element, "timeStamp", `"${found.time}" is not a time`);
  const value = scaledOf(found.value, quantity);
  // Version 5.0: where data are missing, an empty element is sent.
  if (value === undefined) return aside(element, "value", found.value === "" ? "no value" : `"${found.value}" is not a number`);
  const { channel, scaler, text } = quantity;
  const quality = qualityOfStatuses(found.statuses);
  return { kind: "register", usagePointId: meterId, reading: { meterId, channel, unit: text.unit, scaler, atMs, value, quality } };
}

function aside(element: XmlElement, field: string, reason: string): PutAside {
  return { kind: "putAside", line: element.line, field, reason, text: `<${element.name}>` };
}
