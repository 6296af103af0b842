import { ByteReader } from "@amity/bytes";
import {
  decodeDelivery,
  decodeDeliveryBuffer,
  decodeDeliveryPayload,
  decodeOrderReport,
  decodeTelegrams,
  encodeDelivery,
  encodeDeliveryBuffer,
  encodeDeliveryPayload,
  encodeOrderReport,
  encodeTelegrams,
  orderData,
  orderOfData,
  telegramOfLine,
  type Delivery,
  type MeterOrder,
} from "@amity/concentrator";
import { data, decodeData, decodeGateway, encodeData, encodeGateway } from "@amity/dlms";
import type { FuzzTarget } from "../fuzz-target.ts";
import { eachReads } from "./refusals.ts";

const KIB = 1024;
const AT_MS = Date.UTC(2026, 10, 21);
const HEARD = [
  { atMs: AT_MS, octets: new Uint8Array(30) },
  { atMs: AT_MS + 1, octets: new Uint8Array(12), others: [new Uint8Array(9)] },
];
const ORDER: MeterOrder = {
  orderId: "o1",
  meterId: "M1",
  expiresAtMs: AT_MS,
  answerAfterMs: 2.5,
  telegrams: [new Uint8Array(20)],
  ending: new Uint8Array(11),
};

function delivery(object: string, payload: Uint8Array): Uint8Array {
  return encodeDelivery({ meterId: "M1", object, collectedAtMs: AT_MS, span: { fromMs: AT_MS - 900_000, toMs: AT_MS }, payload });
}

/** Instants are written as dates in records and on screens. */
function tellDates({ collectedAtMs, span }: Delivery): void {
  for (const instantMs of [collectedAtMs, span.fromMs, span.toMs]) new Date(instantMs).toISOString();
}

/** What concentrator and head-end say to each other: deliveries and their payloads, orders and reports, the gateway prefix, a radio's lines. */
const deliveriesTarget: FuzzTarget = {
  name: "concentrator",
  counted: ["packages/concentrator/src"],
  inputOctetsMax: 4 * KIB,
  allocationOctetsMax: 16 * KIB * KIB,
  seeds() {
    const description = {
      captureObjects: data.array(data.longUnsigned(8)),
      periodSeconds: 900,
      scalerUnits: [undefined, data.integer(-3)],
    };
    const payload = encodeDeliveryPayload(description, encodeData(data.array(data.structure(data.doubleLongUnsigned(7)))));
    const report = encodeOrderReport({ orderId: "o1", state: "answered", atMs: AT_MS, sends: 2, answers: HEARD });
    const records = [delivery("1-0:99.1.0", payload), delivery("wmbus", encodeTelegrams(HEARD)), delivery("wmbus-order", report)];
    return [
      encodeDeliveryBuffer(records.map((record, index) => ({ sequence: index + 1, data: record }))),
      ...records,
      payload,
      report,
      encodeTelegrams(HEARD),
      encodeData(orderData(ORDER)),
      encodeGateway({ direction: "request", networkId: 0, physicalAddress: Uint8Array.of(0x4d, 0x31), apdu: Uint8Array.of(0x60, 0) }),
      new TextEncoder().encode("b2e44aabbccddee1122334455 ; 12:00\n"),
    ];
  },
  dictionary: [
    Uint8Array.of(0x14, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0x09, 0x82),
    Uint8Array.of(0x02, 0x07, 0x15),
  ],
  decode(octets) {
    eachReads([
      () => decodeDeliveryBuffer(octets).forEach((one) => tellDates(one.delivery)),
      () => tellDates(decodeDelivery(new ByteReader(octets))),
      () => decodeDeliveryPayload(octets),
      () => new Date(decodeOrderReport(octets).atMs).toISOString(),
      () => decodeTelegrams(octets).forEach(({ atMs }) => new Date(atMs).toISOString()),
      () => new Date(orderOfData(decodeData(octets)).expiresAtMs).toISOString(),
      () => decodeGateway(octets),
      () => telegramOfLine(new TextDecoder().decode(octets)),
    ]);
  },
};

export const targets: readonly FuzzTarget[] = [deliveriesTarget];
