import { LinkError, PeerError } from "@amity/bytes";
import { data, decodeData, type DlmsClient } from "@amity/dlms";
import { BIND_METHOD, CONCENTRATOR_OBJECTS, ORDER_METHODS } from "../delivery.ts";
import { COSEM_CLASS } from "../profile-description.ts";
import type { HeardStranger, WirelessMeterEntry } from "./known-meters.ts";
import { orderData, reportOfData, type MeterOrder, type OrderReport } from "./meter-order.ts";

const ORDERS = { classId: COSEM_CLASS.profile, instanceId: CONCENTRATOR_OBJECTS.orders } as const;
const METERS = { classId: COSEM_CLASS.profile, instanceId: CONCENTRATOR_OBJECTS.wirelessMeters } as const;

/**
 * Gives a concentrator an order for one of its wireless meters; the same id again changes nothing. @returns how it stands; `undefined` where
 * the meter is not on its list, or it has no radio. @throws LinkError `orders-full` where it cannot keep it now, PeerError, DecodeError.
 */
export async function placeOrder(client: DlmsClient, order: MeterOrder): Promise<OrderReport | undefined> {
  const outcome = await client.action({ ...ORDERS, methodId: ORDER_METHODS.place }, orderData(order));
  if (outcome.kind === "done") return outcome.data === undefined ? undefined : reportOfData(outcome.data);
  if (outcome.result === "object-unavailable" || outcome.result === "object-undefined") return undefined;
  if (outcome.result === "temporary-failure")
    throw new LinkError("the concentrator cannot keep the order now", { code: "orders-full", advice: "its disk or its list is full" });
  throw refused("an order", outcome.result);
}

/** How an order stands at a concentrator; `undefined` where it is not known there. @throws PeerError, DecodeError. */
export function orderStatus(client: DlmsClient, orderId: string): Promise<OrderReport | undefined> {
  return toldOf(client, "the state of an order", ORDER_METHODS.status, orderId);
}

/** Takes back an order that was not sent yet. @returns how it stands then. @throws PeerError, DecodeError. */
export function withdrawOrder(client: DlmsClient, orderId: string): Promise<OrderReport | undefined> {
  return toldOf(client, "to withdraw an order", ORDER_METHODS.withdraw, orderId);
}

async function toldOf(client: DlmsClient, what: string, methodId: number, orderId: string): Promise<OrderReport | undefined> {
  const outcome = await client.action({ ...ORDERS, methodId }, data.utf8(orderId));
  if (outcome.kind === "refused") throw refused(what, outcome.result);
  return outcome.data === undefined || outcome.data.type === "null-data" ? undefined : reportOfData(outcome.data);
}

/**
 * Tells a concentrator which wireless meters are ours, in place of what it was told before; one without a radio is told nothing.
 * @throws PeerError, LinkError where it cannot keep them.
 */
export async function bindWirelessMeters(client: DlmsClient, meters: readonly WirelessMeterEntry[]): Promise<void> {
  const rows = meters.map(({ meterId, address }) => data.structure(data.utf8(meterId), data.utf8(address)));
  const outcome = await client.action({ ...METERS, methodId: BIND_METHOD }, data.array(...rows));
  if (outcome.kind === "done" || outcome.result === "object-undefined") return;
  if (outcome.result === "temporary-failure") throw new LinkError("the concentrator cannot keep its list of meters", { code: "disk-full" });
  throw refused("its list of wireless meters", outcome.result);
}

/** Meters that a concentrator heard and that are on no list of its own; none where it has no radio. @throws PeerError. */
export async function readWirelessStrangers(client: DlmsClient): Promise<HeardStranger[]> {
  const object = { classId: COSEM_CLASS.data, instanceId: CONCENTRATOR_OBJECTS.wirelessStrangers, attributeId: 2 };
  const rows = await rowsOf(client, object);
  return rows.flatMap((row) => {
    const [address, first, last, telegrams, asks] = row.type === "structure" ? row.value : [];
    if (address?.type !== "utf8-string" || first?.type !== "long64" || last?.type !== "long64") return [];
    if (telegrams?.type !== "double-long-unsigned" || asks?.type !== "boolean") return [];
    const instants = { firstMs: Number(first.value), lastMs: Number(last.value) };
    return [{ address: address.value, ...instants, telegrams: telegrams.value, asksInstallation: asks.value }];
  });
}

/** When each wireless meter of a concentrator's list was last heard; without those that never were. @throws PeerError. */
export async function readWirelessStandings(client: DlmsClient): Promise<{ readonly meterId: string; readonly lastHeardMs: number }[]> {
  const rows = await rowsOf(client, { ...METERS, attributeId: 2 });
  return rows.flatMap((row) => {
    const [meterId, , last] = row.type === "structure" ? row.value : [];
    if (meterId?.type !== "utf8-string" || last?.type !== "long64" || last.value === 0n) return [];
    return [{ meterId: meterId.value, lastHeardMs: Number(last.value) }];
  });
}

async function rowsOf(client: DlmsClient, attribute: Parameters<DlmsClient["getRaw"]>[0]) {
  const outcome = await client.getRaw(attribute);
  if (outcome.kind === "refused") {
    if (outcome.result === "object-undefined" || outcome.result === "object-unavailable") return [];
    throw refused("what it hears", outcome.result);
  }
  const list = decodeData(outcome.octets);
  return list.type === "array" ? list.value : [];
}

function refused(what: string, result: string): PeerError {
  return new PeerError(`the concentrator refuses ${what}: ${result}`, { code: "refused" });
}
