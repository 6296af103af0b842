import type { Zone } from "@amity/intervals";
import { QUALITY } from "@amity/model";
import type { InterchangeRecord, PutAside } from "../records.ts";
import { childOf, childrenOf, textAt, type XmlElement } from "../xml/xml-elements.ts";
import { multispeakInstant } from "./multispeak-instant.ts";
import { quantityOfField, quantityOfTypeCode, scaledOf, type MultispeakQuantity } from "./multispeak-terms.ts";

/** A column of the block that carries a value, and the one with its time. */
interface ValueColumn {
  readonly at: number;
  readonly fieldName: string;
  readonly quantity: MultispeakQuantity | string;
  /** -1 where the record's common time holds. */
  readonly timeAt: number;
}

interface Columns {
  readonly meterAt: number;
  readonly commonTimeAt: number;
  readonly values: readonly ValueColumn[];
}

const METER_NAMES = new Set(["meterno", "meternumber", "metername", "meterid"]);
/** Fields that say something about the meter or the customer, or whose unit leaves open what they mean: not readings. */
const NO_READINGS =
  /^(transponderid|deviceid|accountnumber|servicelocation(id)?|customerid|custid|multiplier|utility|.*(status|name|address|id))$/;
const COMMON_TIMES = new Set(["readingdate", "readingdatetime", "datetime", "timestamp"]);

/** Reads FormattedBlock objects part by part: separator, syntax, then one record of separated values after another. */
export class FormattedBlockReader {
  readonly #zone: Zone | undefined;
  #separator = ",";
  #columns: Columns | undefined;

  constructor(zone: Zone | undefined) {
    this.#zone = zone;
  }

  *element(element: XmlElement): Generator<InterchangeRecord> {
    if (element.name === "separator") {
      // The parser trims white space: what is left of a tab is nothing.
      this.#separator = element.text === "" ? "\t" : element.text;
      this.#columns = undefined;
    } else if (element.name === "valSyntax") this.#columns = columnsOf(element);
    else if (this.#columns === undefined) yield aside(element, "valSyntax", "values before their syntax");
    else yield* this.#record(element, this.#columns);
  }

  *#record(element: XmlElement, columns: Columns): Generator<InterchangeRecord> {
    const fields = element.text.split(this.#separator).map((field) => field.trim());
    const meterId = fields[columns.meterAt] ?? "";
    if (meterId === "") {
      yield aside(element, "meterNo", "no meter is named");
      return;
    }
    for (const column of columns.values) {
      const text = fields[column.at] ?? "";
      if (text === "") continue;
      const { quantity, fieldName } = column;
      if (typeof quantity === "string") {
        yield aside(element, fieldName, quantity);
        continue;
      }
      const time = fields[column.timeAt] || fields[columns.commonTimeAt] || "";
      const atMs = multispeakInstant(time, this.#zone);
      const value = scaledOf(text, quantity);
      if (value === undefined) yield aside(element, fieldName, `"${text}" is not a number`);
      else if (atMs === undefined) yield aside(element, `${fieldName}DateTime`, `"${time}" is not a time`);
      else {
        const { channel, scaler } = quantity;
        const reading = { meterId, channel, unit: quantity.text.unit, scaler, atMs, value, quality: QUALITY.raw };
        yield { kind: "register", usagePointId: meterId, reading };
      }
    }
  }
}

/** Positions count from 1; the many that count from 0 give themselves away by having one. */
function columnsOf(syntax: XmlElement): Columns {
  const items = childrenOf(syntax, "syntaxItem").map((item, index) => {
    const text = textAt(item, "position");
    return { item, name: nameOf(item), position: /^\d{1,4}$/.test(text) ? Number(text) : index + 1 };
  });
  const first = items.some(({ position }) => position === 0) ? 0 : 1;
  const at = (wanted: (name: string) => boolean): number => {
    const found = items.find(({ name }) => wanted(name.toLowerCase()));
    return found === undefined ? -1 : found.position - first;
  };
  const values = items.flatMap(({ item, name, position }): ValueColumn[] => {
    const lower = name.toLowerCase();
    if (METER_NAMES.has(lower) || COMMON_TIMES.has(lower) || NO_READINGS.test(lower) || lower.endsWith("datetime")) return [];
    const timeAt = at((candidate) => candidate === `${lower}datetime`);
    return [{ at: position - first, fieldName: name, quantity: quantityOf(item, name), timeAt }];
  });
  return { meterAt: at((name) => METER_NAMES.has(name)), commonTimeAt: at((name) => COMMON_TIMES.has(name)), values };
}

function quantityOf(item: XmlElement, name: string): MultispeakQuantity | string {
  const code = childOf(item, "readingTypeChoice", "readingTypeCode");
  return code === undefined ? quantityOfField(name, textAt(item, "uom")) : quantityOfTypeCode(code);
}

/** `fieldName`, in version 5.0 inside a choice and under `Other` in an attribute. */
function nameOf(item: XmlElement): string {
  const field = childOf(item, "fieldName") ?? childOf(item, "readingTypeChoice", "fieldName");
  const code = childOf(item, "readingTypeChoice", "readingTypeCode");
  return field?.attributes.get("otherKind") ?? field?.text ?? code?.attributes.get("fieldName") ?? code?.text ?? "";
}

function aside(element: XmlElement, field: string, reason: string): PutAside {
  return { kind: "putAside", line: element.line, field, reason, text: element.text.slice(0, 120) };
}
