import { data, dataClasses, readTableSelection, type ReadOutcome, type TableSelection } from "@amity/dlms";
import { configuredObject } from "../configured-object.ts";
import { READ_REFUSED, value, type MeterObject, type ObjectContext } from "../meter-object.ts";

const { utilityTables } = dataClasses;
const BUFFER_ATTRIBUTE = 4;
const SUMMATION_OCTETS = 4;
/** The energy registers that the table shows. */
const SUMMATIONS = 2;

/** Part of a table: its octets, or its elements in order. */
type TableNode = Uint8Array | readonly TableNode[];

/**
 * Class 26 Utility tables: table 23 of IEEE 1377 (current register data): the number of demand resets, and the summations of energy imported
 * and exported (Wh, lowest octet first). Its buffer is read whole, by octets, or by the place of its elements.
 */
export function utilityTablesObject(): MeterObject {
  const object = configuredObject({
    class: utilityTables,
    name: "0-0:65.0.23",
    values: {
      tableId: data.longUnsigned(23),
      length: (context) => data.doubleLongUnsigned(octetsOf(table(context)).length),
      buffer: (context) => data.octets(octetsOf(table(context))),
    },
  });
  return {
    ...object,
    read(attributeId, context, selection) {
      if (attributeId !== BUFFER_ATTRIBUTE || selection === undefined) return object.read(attributeId, context, selection);
      const wanted = readTableSelection(selection);
      return wanted === undefined ? READ_REFUSED.wrongSelection : part(table(context), wanted);
    },
  };
}

function table({ meter, nowMs }: ObjectContext): TableNode {
  const registers = meter.registersAt(nowMs);
  const summations = Array.from({ length: SUMMATIONS }, (_, index) => {
    const octets = new Uint8Array(SUMMATION_OCTETS);
    new DataView(octets.buffer).setUint32(0, Math.floor(registers[index] ?? 0) % 0x1_0000_0000, true);
    return octets;
  });
  return [Uint8Array.of(meter.functions.billing.resets.length & 0xff), summations];
}

function part(whole: TableNode, wanted: TableSelection): ReadOutcome {
  if (wanted.kind === "offset") {
    const octets = octetsOf(whole);
    const end = wanted.offset + wanted.octets;
    return end > octets.length ? READ_REFUSED.otherReason : value(data.octets(octets.subarray(wanted.offset, end)));
  }
  let place: TableNode | undefined = whole;
  const above = wanted.path.slice(0, -1);
  for (const index of above) place = place instanceof Uint8Array ? undefined : place?.[index];
  const first = wanted.path.at(-1);
  if (first === undefined) return value(data.octets(octetsOf(whole)));
  if (place === undefined || place instanceof Uint8Array || first >= place.length) return READ_REFUSED.otherReason;
  // No count stands for the element and all below it, a greater one for so many beside it.
  return value(data.octets(octetsOf(place.slice(first, first + Math.max(1, wanted.elements)))));
}

function octetsOf(node: TableNode): Uint8Array {
  return node instanceof Uint8Array ? node : Uint8Array.from(node.flatMap((one) => Array.from(octetsOf(one))));
}
