import { DecodeError, LinkError } from "@amity/bytes";
import { data, encodeData, type DlmsData, type InvokeOutcome, type MethodDescriptor, type ReadOutcome } from "@amity/dlms";
import { BIND_METHOD, CONCENTRATOR_OBJECTS, ORDER_METHODS } from "../delivery.ts";
import { WIRELESS_METERS_MAX, type KnownMeters, type WirelessMeterEntry } from "./known-meters.ts";
import { orderOfData, reportData, type OrderReport } from "./meter-order.ts";
import type { OrderDesk } from "./order-desk.ts";

/** The wireless side of a concentrator, as its logical device shows it. */
export interface WirelessObjects {
  readonly meters: KnownMeters;
  readonly desk: OrderDesk;
}

/** Reads an attribute of the wireless objects; `undefined` for objects that are none of them. */
export function readWireless({ meters, desk }: WirelessObjects, instanceId: string, attributeId: number): ReadOutcome | undefined {
  switch (instanceId) {
    case CONCENTRATOR_OBJECTS.wirelessStrangers:
      return { kind: "data", data: data.array(...meters.strangers.map(strangerRow)) };
    case CONCENTRATOR_OBJECTS.wirelessMeters:
      return readTable(
        meters.all.map((meter) => meterRow(meter, meters.lastHeardMs(meter.address))),
        attributeId,
      );
    case CONCENTRATOR_OBJECTS.orders:
      return readTable(desk.open.map(reportData), attributeId);
    default:
      return undefined;
  }
}

/** Invokes a method of the wireless objects; `undefined` for objects that are none of them. */
export function invokeWireless(
  objects: WirelessObjects,
  { instanceId, methodId }: MethodDescriptor,
  parameters: DlmsData | undefined,
): Promise<InvokeOutcome> | undefined {
  if (instanceId === CONCENTRATOR_OBJECTS.orders) return answered(() => invokeOrders(objects.desk, methodId, parameters));
  if (instanceId !== CONCENTRATOR_OBJECTS.wirelessMeters || methodId !== BIND_METHOD) return undefined;
  return answered(async () => {
    await objects.meters.bind(metersOf(parameters));
    return { kind: "done" };
  });
}

async function invokeOrders(desk: OrderDesk, methodId: number, parameters: DlmsData | undefined): Promise<InvokeOutcome> {
  if (methodId === ORDER_METHODS.place) {
    const report = await desk.place(orderOfData(parameters));
    return report === undefined ? { kind: "refused", result: "object-unavailable" } : toldOf(report);
  }
  if (parameters?.type !== "utf8-string") return { kind: "refused", result: "type-unmatched" };
  return toldOf(methodId === ORDER_METHODS.withdraw ? await desk.withdraw(parameters.value) : desk.status(parameters.value));
}

function toldOf(report: OrderReport | undefined): InvokeOutcome {
  return { kind: "done", data: report === undefined ? data.nothing : reportData(report) };
}

/** What is malformed, and what the disk refuses, is said so; the connection goes on. */
async function answered(invoke: () => Promise<InvokeOutcome>): Promise<InvokeOutcome> {
  try {
    return await invoke();
  } catch (error) {
    if (error instanceof DecodeError) return { kind: "refused", result: "type-unmatched" };
    if (error instanceof LinkError) return { kind: "refused", result: "temporary-failure" };
    throw error;
  }
}

function readTable(rows: readonly DlmsData[], attributeId: number): ReadOutcome {
  if (attributeId === 2) return { kind: "encoded", octets: encodeData(data.array(...rows)) };
  return { kind: "data", data: attributeId === 3 ? data.array() : data.doubleLongUnsigned(attributeId === 7 ? rows.length : 0) };
}

function meterRow({ meterId, address }: WirelessMeterEntry, lastHeardMs: number | undefined): DlmsData {
  return data.structure(data.utf8(meterId), data.utf8(address), data.long64(BigInt(Math.floor(lastHeardMs ?? 0))));
}

function strangerRow({ address, firstMs, lastMs, telegrams, asksInstallation }: KnownMeters["strangers"][number]): DlmsData {
  const instants = [firstMs, lastMs].map((atMs) => data.long64(BigInt(Math.floor(atMs))));
  return data.structure(data.utf8(address), ...instants, data.doubleLongUnsigned(telegrams), data.boolean(asksInstallation));
}

/** @throws DecodeError. */
function metersOf(parameters: DlmsData | undefined): WirelessMeterEntry[] {
  if (parameters?.type !== "array" || parameters.value.length > WIRELESS_METERS_MAX) throw noList();
  return parameters.value.map((row) => {
    const [meterId, address] = row.type === "structure" ? row.value : [];
    if (meterId?.type !== "utf8-string" || address?.type !== "utf8-string") throw noList();
    return { meterId: meterId.value, address: address.value };
  });
}

function noList(): DecodeError {
  return new DecodeError("no list of wireless meters", { offset: -1, code: "malformed" });
}
