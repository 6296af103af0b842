import { berLength, ByteReader, ByteWriter, DecodeError } from "@amity/bytes";
import { data, dlmsData, encodeData, parseObis, type DlmsData, type Obis } from "@amity/dlms";
import type { TimeSpan } from "./coverage.ts";
import type { ProfileDescription } from "./profile-description.ts";
import { unixMs, unixMsOf } from "./unix-ms.ts";

/** What a concentrator collected from one meter and holds for the head-end. */
export interface Delivery {
  readonly meterId: string;
  /** The profile or log, OBIS text without an F of 255. */
  readonly object: string;
  /** Civil time of the collection. */
  readonly collectedAtMs: number;
  /** The part of the object that this answer settles: it need not be asked for again. */
  readonly span: TimeSpan;
  readonly payload: Uint8Array;
}

export interface SequencedDelivery {
  readonly sequence: number;
  readonly delivery: Delivery;
}

/** Objects of the concentrator's own logical device. C = 128 is the manufacturer's range (IEC 62056-6-1, table 3). */
export const CONCENTRATOR_OBJECTS = {
  deviceName: parseObis("0-0:42.0.0"),
  deviceId: parseObis("0-0:96.1.0"),
  firmware: parseObis("1-0:0.2.0"),
  clock: parseObis("0-0:1.0.0"),
  counter: parseObis("0-0:43.1.0"),
  /** Profile generic: the deliveries. Selective access by range over the sequence number. Method -1 acknowledges up to a number. */
  deliveries: parseObis("0-0:128.1.0"),
  /** Data: structure (oldest, newest) of the sequence numbers that wait; newest < oldest when none does. */
  deliveryState: parseObis("0-0:128.1.1"),
  /** Data: array of (meter id, address, last seen UTC ms or 0, failures in a row). */
  meters: parseObis("0-0:128.2.0"),
  /** Profile generic: (meter id, address, last heard UTC ms or 0) of wireless meters that are listened for. Method -1 takes the list of (meter id, address) that the head-end wants. */
  wirelessMeters: parseObis("0-0:128.2.1"),
  /** Data: array of (address, first and last heard UTC ms, telegrams, asked to be installed) of meters that were heard and are on no list. */
  wirelessStrangers: parseObis("0-0:128.2.2"),
  /** Profile generic: orders to wireless meters. Method -1 places one, -2 tells how one stands, -3 withdraws one. */
  orders: parseObis("0-0:128.3.0"),
  events: parseObis("0-0:99.98.0"),
} as const satisfies Record<string, Obis>;

/** Manufacturer's method of the delivery buffer: -1 as an octet. */
export const ACKNOWLEDGE_METHOD = 0xff;
/** Manufacturer's methods of the orders, -1 to -3. */
export const ORDER_METHODS = { place: 0xff, status: 0xfe, withdraw: 0xfd } as const;
/** Manufacturer's method of the list of wireless meters. */
export const BIND_METHOD = 0xff;

/** Object of a delivery that is not collected but pushed: the payload is the meter's APDU as it came, the span is empty. */
export const PUSH_OBJECT = "push";

const SEQUENCE_TAG = 0x15;
const STRUCTURE_TAG = 0x02;
const ARRAY_TAG = 0x01;
const OCTETS_TAG = 0x09;
const COLUMNS = 7;
/** Deliveries in one answer. */
export const DELIVERIES_MAX = 1_000;

/** Octets of one stored delivery: the columns after the sequence number, ready made for the answer. */
export function encodeDelivery(delivery: Delivery): Uint8Array {
  const writer = new ByteWriter({ capacity: delivery.payload.length + 96 });
  for (const value of [
    data.utf8(delivery.meterId),
    data.utf8(delivery.object),
    unixMs(delivery.collectedAtMs),
    unixMs(delivery.span.fromMs),
    unixMs(delivery.span.toMs),
  ]) {
    dlmsData.encode(value, writer);
  }
  writer.u8(OCTETS_TAG);
  berLength.encode(delivery.payload.length, writer);
  return writer.bytes(delivery.payload).finish();
}

/** @throws DecodeError. */
export function decodeDelivery(reader: ByteReader): Delivery {
  const meterId = textOf(dlmsData.decode(reader), "meterId");
  const object = textOf(dlmsData.decode(reader), "object");
  const collectedAtMs = unixMsOf(dlmsData.decode(reader), "collectedAt");
  const fromMs = unixMsOf(dlmsData.decode(reader), "from");
  const toMs = unixMsOf(dlmsData.decode(reader), "to");
  if (reader.u8() !== OCTETS_TAG) throw reader.fail("the payload is no octet-string");
  const payload = reader.bytes(berLength.decode(reader)).slice();
  return { meterId, object, collectedAtMs, span: { fromMs, toMs }, payload };
}

/** The buffer attribute: stored deliveries with their numbers, as A-XDR. */
export function encodeDeliveryBuffer(records: readonly { readonly sequence: number; readonly data: Uint8Array }[]): Uint8Array {
  const writer = new ByteWriter({ capacity: records.reduce((sum, record) => sum + record.data.length + 16, 8) });
  writer.u8(ARRAY_TAG);
  berLength.encode(records.length, writer);
  for (const record of records) {
    writer.u8(STRUCTURE_TAG).u8(COLUMNS).u8(SEQUENCE_TAG).u64(BigInt(record.sequence)).bytes(record.data);
  }
  return writer.finish();
}

/** @throws DecodeError. */
export function decodeDeliveryBuffer(octets: Uint8Array): SequencedDelivery[] {
  const reader = new ByteReader(octets);
  if (reader.u8() !== ARRAY_TAG) throw reader.fail("the deliveries are no array", "malformed", 0);
  const count = berLength.decode(reader);
  if (count > DELIVERIES_MAX) throw reader.fail(`${count} deliveries exceed ${DELIVERIES_MAX}`, "limit");
  const deliveries: SequencedDelivery[] = [];
  for (let index = 0; index < count; index++) {
    try {
      if (reader.u8() !== STRUCTURE_TAG || reader.u8() !== COLUMNS || reader.u8() !== SEQUENCE_TAG) throw reader.fail("no delivery");
      deliveries.push({ sequence: Number(reader.u64()), delivery: decodeDelivery(reader) });
    } catch (error) {
      throw error instanceof DecodeError ? error.within(`[${index}]`) : error;
    }
  }
  reader.expectEnd("deliveries");
  return deliveries;
}

/**
 * A payload says all that is needed to read it: structure (capture objects, capture period in seconds, scaler and unit
 * of each or null, buffer), so that the head-end needs no memory of the meter to take it.
 */
export function encodeDeliveryPayload(description: ProfileDescription, buffer: Uint8Array): Uint8Array {
  const scalerUnits = data.array(...description.scalerUnits.map((item) => item ?? data.nothing));
  const writer = new ByteWriter({ capacity: buffer.length + 256 });
  writer.u8(STRUCTURE_TAG).u8(4);
  writer.bytes(encodeData(description.captureObjects));
  writer.bytes(encodeData(data.doubleLongUnsigned(description.periodSeconds)));
  return writer.bytes(encodeData(scalerUnits)).bytes(buffer).finish();
}

/** @throws DecodeError. */
export function decodeDeliveryPayload(payload: Uint8Array): { readonly description: ProfileDescription; readonly buffer: Uint8Array } {
  const reader = new ByteReader(payload);
  if (reader.u8() !== STRUCTURE_TAG || reader.u8() !== 4) throw reader.fail("the payload is no structure of four", "malformed", 0);
  const captureObjects = dlmsData.decode(reader);
  const period = dlmsData.decode(reader);
  const scalerUnits = dlmsData.decode(reader);
  if (period.type !== "double-long-unsigned" || scalerUnits.type !== "array") throw reader.fail("the payload describes no profile");
  return {
    description: {
      captureObjects,
      periodSeconds: period.value,
      scalerUnits: scalerUnits.value.map((item) => (item.type === "null-data" ? undefined : item)),
    },
    buffer: reader.rest(),
  };
}

function textOf(value: DlmsData, field: string): string {
  if (value.type === "utf8-string" || value.type === "visible-string") return value.value;
  throw new DecodeError("is no text", { offset: -1 }).within(field);
}
