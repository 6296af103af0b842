import {
  data,
  obisToOctets,
  type AccessSelection,
  type AttributeDescriptor,
  type DlmsData,
  type InvokeOutcome,
  type LogicalDevice,
  type MethodDescriptor,
  type ReadOutcome,
  type SecurityKeys,
} from "@amity/dlms";
import type { Clock } from "@amity/runtime";
import { UsageError } from "@amity/bytes";
import type { ConcentratorEventLog } from "./concentrator-events.ts";
import { CONCENTRATOR_CLIENTS, CONCENTRATOR_MODEL } from "./concentrator-model.ts";
import type { CounterFile } from "./counter-file.ts";
import { dateTimeOfInstant } from "./cosem-time.ts";
import { ACKNOWLEDGE_METHOD, CONCENTRATOR_OBJECTS, encodeDeliveryBuffer } from "./delivery.ts";
import type { DeliveryLog } from "./delivery-log.ts";
import type { MeterCollector } from "./meter-collector.ts";
import { invokeWireless, readWireless, type WirelessObjects } from "./wireless/wireless-device.ts";

export interface ConcentratorDeviceParts {
  readonly concentratorId: string;
  readonly systemTitle: Uint8Array;
  readonly keys: SecurityKeys;
  readonly clock: Clock;
  readonly log: DeliveryLog;
  readonly events: ConcentratorEventLog;
  readonly collector: MeterCollector;
  readonly counters: CounterFile;
  readonly firmware: string;
  /** Absent where it has no radio. */
  readonly wireless: WirelessObjects | undefined;
  /** Acknowledges towards the log; resolves when it is durable. */
  readonly acknowledge: (sequence: number) => Promise<void>;
  /** The management client of this connection has proved itself. */
  readonly onManagement: () => void;
  /** The head-end has looked whether there are deliveries. */
  readonly onLook: () => void;
}

/** Deliveries of one answer: what an answer may hold in octets is looked after by block transfer. */
const PAGE_MAX = 256;

/** The concentrator's logical device as one upstream connection sees it. */
export function concentratorDevice(parts: ConcentratorDeviceParts): LogicalDevice {
  return {
    model: CONCENTRATOR_MODEL,
    systemTitle: parts.systemTitle,
    security: (clientSap) =>
      clientSap === CONCENTRATOR_CLIENTS.management
        ? { suite: 0, keys: parts.keys, sent: parts.counters.sent, received: parts.counters.received }
        : undefined,
    read(attribute, selection, context) {
      if (context.role === "management") parts.onManagement();
      return read(parts, attribute, selection);
    },
    write: () => "read-write-denied",
    invoke: (method, parameters) => invoke(parts, method, parameters),
  };
}

function read(
  parts: ConcentratorDeviceParts,
  attribute: AttributeDescriptor,
  selection: AccessSelection | undefined,
): ReadOutcome | Promise<ReadOutcome> {
  const { instanceId, attributeId } = attribute;
  if (attributeId === 1) return content(data.octets(obisToOctets(instanceId)));
  switch (instanceId) {
    case CONCENTRATOR_OBJECTS.deviceName:
    case CONCENTRATOR_OBJECTS.deviceId:
      return content(data.octets(new TextEncoder().encode(parts.concentratorId)));
    case CONCENTRATOR_OBJECTS.firmware:
      return content(data.octets(new TextEncoder().encode(parts.firmware)));
    case CONCENTRATOR_OBJECTS.clock:
      return content(data.octets(dateTimeOfInstant(parts.clock.nowMs())));
    case CONCENTRATOR_OBJECTS.counter:
      return content(data.doubleLongUnsigned(Math.max(0, parts.counters.received.last)));
    case CONCENTRATOR_OBJECTS.deliveryState:
      parts.onLook();
      return content(
        data.structure(
          data.long64Unsigned(BigInt(parts.log.oldest)),
          data.long64Unsigned(BigInt(parts.log.newest)),
          data.doubleLongUnsigned(parts.events.total),
        ),
      );
    case CONCENTRATOR_OBJECTS.meters:
      return content(metersOf(parts.collector));
    case CONCENTRATOR_OBJECTS.deliveries:
      return readDeliveries(parts, attributeId, selection);
    case CONCENTRATOR_OBJECTS.events:
      return readEvents(parts, attributeId);
    default: {
      const { wireless } = parts;
      return (wireless && readWireless(wireless, instanceId, attributeId)) ?? { kind: "refused", result: "object-undefined" };
    }
  }
}

function readDeliveries(
  parts: ConcentratorDeviceParts,
  attributeId: number,
  selection: AccessSelection | undefined,
): ReadOutcome | Promise<ReadOutcome> {
  const { log } = parts;
  switch (attributeId) {
    case 2:
      return readRange(log, selection);
    case 3:
      return content(sequenceColumns());
    case 4:
      return content(data.doubleLongUnsigned(0));
    case 7:
      return content(data.doubleLongUnsigned(Math.max(0, log.newest - log.oldest + 1)));
    default:
      return content(data.doubleLongUnsigned(0xffff_ffff));
  }
}

async function readRange(log: DeliveryLog, selection: AccessSelection | undefined): Promise<ReadOutcome> {
  const [, from, to] = selection?.parameters.type === "structure" ? selection.parameters.value : [];
  if (from?.type !== "long64-unsigned" || to?.type !== "long64-unsigned") {
    // The whole buffer would have no bound.
    return { kind: "refused", result: "scope-of-access-violated" };
  }
  const first = Number(from.value);
  const last = Math.min(Number(to.value), first + PAGE_MAX - 1);
  return { kind: "encoded", octets: encodeDeliveryBuffer(await log.read(first, last)) };
}

function readEvents({ events }: ConcentratorDeviceParts, attributeId: number): ReadOutcome {
  switch (attributeId) {
    case 2:
      return { kind: "encoded", octets: events.buffer() };
    case 3:
      return content(events.captureObjects());
    case 4:
      return content(data.doubleLongUnsigned(0));
    case 7:
      return content(data.doubleLongUnsigned(events.entries.length));
    default:
      return content(data.doubleLongUnsigned(200));
  }
}

async function invoke(parts: ConcentratorDeviceParts, method: MethodDescriptor, parameters: DlmsData | undefined): Promise<InvokeOutcome> {
  const { wireless } = parts;
  const invoked = wireless && (await invokeWireless(wireless, method, parameters));
  if (invoked !== undefined) return invoked;
  if (method.instanceId !== CONCENTRATOR_OBJECTS.deliveries) return { kind: "refused", result: "object-undefined" };
  if (method.methodId !== ACKNOWLEDGE_METHOD || parameters?.type !== "long64-unsigned")
    return { kind: "refused", result: "type-unmatched" };
  try {
    await parts.acknowledge(Number(parameters.value));
    return { kind: "done" };
  } catch (error) {
    return { kind: "refused", result: error instanceof UsageError ? "scope-of-access-violated" : "temporary-failure" };
  }
}

function metersOf(collector: MeterCollector): DlmsData {
  const rows = collector.meters.map(({ meterId, address }) => {
    const { lastSeenMs, failures } = collector.standing(meterId);
    return data.structure(data.utf8(meterId), data.utf8(address), data.long64(BigInt(lastSeenMs ?? 0)), data.doubleLongUnsigned(failures));
  });
  return data.array(...rows);
}

/** Sequence, meter id, object, collected at, from, to, payload: elements of our own objects, by data index. */
function sequenceColumns(): DlmsData {
  const name = data.octets(obisToOctets(CONCENTRATOR_OBJECTS.deliveryState));
  const columns = Array.from({ length: 7 }, (_, index) =>
    data.structure(data.longUnsigned(COSEM_DATA), name, data.integer(2), data.longUnsigned(index + 1)),
  );
  return data.array(...columns);
}

const COSEM_DATA = 1;

function content(value: DlmsData): ReadOutcome {
  return { kind: "data", data: value };
}
