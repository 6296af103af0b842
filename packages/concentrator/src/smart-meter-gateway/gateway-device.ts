import {
  ACCESS,
  compileModel,
  data,
  encodeData,
  obisToOctets,
  parseObis,
  type AccessSelection,
  type CompiledModel,
  type DlmsData,
  type LogicalDevice,
  type ObjectDefinition,
  type ReadOutcome,
  type SecurityKeys,
} from "@amity/dlms";
import type { Clock } from "@amity/runtime";
import type { CounterFile } from "../counter-file.ts";
import { CLOCK_INVALID, dateTimeOfInstant, instantOfDateTime } from "../cosem-time.ts";
import { COSEM_CLASS } from "../profile-description.ts";
import type { CaptureBook, CaptureColumn, CaptureRow } from "./capture-book.ts";
import type { LocalReading } from "./local-reading.ts";

/** Client SAPs of the gateway's associations: the counter in clear for everybody, the rest for the head-end. */
export const GATEWAY_CLIENTS = { management: 1, public: 16 } as const;

const OBJECTS = {
  deviceName: parseObis("0-0:42.0.0"),
  deviceId: parseObis("0-0:96.1.0"),
  firmware: parseObis("1-0:0.2.0"),
  clock: parseObis("0-0:1.0.0"),
  counter: parseObis("0-0:43.1.0"),
  loadProfile: parseObis("1-0:99.1.0"),
} as const;

/** Rows of one answer; block transfer carries them, memory bounds them. */
const ROWS_MAX = 4_096;

export interface GatewayDeviceParts {
  readonly meterId: string;
  readonly systemTitle: Uint8Array;
  readonly keys: SecurityKeys;
  readonly firmware: string;
  readonly clock: Clock;
  readonly counters: CounterFile;
  readonly book: CaptureBook;
  readonly periodSeconds: number;
  readonly depthRows: number;
  /** What the meter said last, `undefined` before it said anything. */
  readonly latest: () => LocalReading | undefined;
}

/**
 * The basic meter as the head-end sees it: a DLMS meter with registers, a load profile and a ciphered association, although it knows nothing
 * of that itself.
 */
export function gatewayDevice(parts: GatewayDeviceParts): LogicalDevice {
  const latest = parts.latest();
  const model = modelOf([
    ...parts.book.columns.map(({ instanceId }) => instanceId),
    ...(latest?.registers ?? []).map(({ instanceId }) => instanceId),
  ]);
  return {
    model,
    systemTitle: parts.systemTitle,
    security: (clientSap) =>
      clientSap === GATEWAY_CLIENTS.management
        ? { suite: 0, keys: parts.keys, sent: parts.counters.sent, received: parts.counters.received }
        : undefined,
    read: ({ classId, instanceId, attributeId }, selection) => {
      if (attributeId === 1) return content(data.octets(obisToOctets(instanceId)));
      return classId === COSEM_CLASS.register
        ? readRegister(parts, instanceId, attributeId)
        : readObject(parts, instanceId, attributeId, selection);
    },
    write: () => "read-write-denied",
    invoke: () => ({ kind: "refused", result: "read-write-denied" }),
  };
}

const everybody = { public: ACCESS.read, management: ACCESS.read } as const;
const headEnd = { management: ACCESS.read } as const;

function modelOf(registers: readonly ObjectDefinition["instanceId"][]): CompiledModel {
  const object = (
    classId: number,
    instanceId: ObjectDefinition["instanceId"],
    attributes: readonly number[],
    access: ObjectDefinition["attributes"][number]["access"],
  ): ObjectDefinition => ({
    classId,
    version: 0,
    instanceId,
    attributes: attributes.map((id) => ({ id, access })),
  });
  return compileModel({
    associations: [
      { clientSap: GATEWAY_CLIENTS.public, role: "public", mechanism: "none", ciphered: false },
      {
        clientSap: GATEWAY_CLIENTS.management,
        role: "management",
        mechanism: "hls-gmac",
        ciphered: true,
        protection: "authenticated-encrypted",
        maxPduOctets: 4_096,
      },
    ],
    objects: [
      object(COSEM_CLASS.data, OBJECTS.deviceName, [1, 2], everybody),
      object(COSEM_CLASS.data, OBJECTS.counter, [1, 2], everybody),
      object(COSEM_CLASS.data, OBJECTS.deviceId, [1, 2], headEnd),
      object(COSEM_CLASS.data, OBJECTS.firmware, [1, 2], headEnd),
      object(COSEM_CLASS.clock, OBJECTS.clock, [1, 2], headEnd),
      ...[...new Set(registers)].map((instanceId) => object(COSEM_CLASS.register, instanceId, [1, 2, 3], headEnd)),
      {
        classId: COSEM_CLASS.profile,
        version: 1,
        instanceId: OBJECTS.loadProfile,
        attributes: [...[1, 3, 4, 5, 6, 7, 8].map((id) => ({ id, access: headEnd })), { id: 2, access: headEnd, selectors: [1] }],
      },
    ],
  });
}

function readObject(
  parts: GatewayDeviceParts,
  instanceId: ObjectDefinition["instanceId"],
  attributeId: number,
  selection: AccessSelection | undefined,
): ReadOutcome {
  const text = (value: string): ReadOutcome => content(data.octets(new TextEncoder().encode(value)));
  switch (instanceId) {
    case OBJECTS.deviceName:
    case OBJECTS.deviceId:
      return text(parts.meterId);
    case OBJECTS.firmware:
      return text(parts.firmware);
    case OBJECTS.clock:
      return content(data.octets(dateTimeOfInstant(parts.clock.nowMs())));
    case OBJECTS.counter:
      return content(data.doubleLongUnsigned(Math.max(0, parts.counters.received.last)));
    case OBJECTS.loadProfile:
      return readProfile(parts, attributeId, selection);
    default:
      return { kind: "refused", result: "object-undefined" };
  }
}

function readRegister({ latest, book }: GatewayDeviceParts, instanceId: ObjectDefinition["instanceId"], attributeId: number): ReadOutcome {
  const column = book.columns.find((one) => one.instanceId === instanceId);
  const register = latest()?.registers.find((one) => one.instanceId === instanceId);
  const { scaler, unit } = column ?? register ?? { scaler: 0, unit: 255 };
  if (attributeId === 3) return content(data.structure(data.integer(scaler), data.enumerated(unit)));
  // A gateway that was just started has not heard its meter yet: what it last captured would pass for the present.
  if (register === undefined) return { kind: "refused", result: "temporary-failure" };
  const exponent = register.scaler - scaler;
  return content(data.long64(exponent >= 0 ? register.value * 10n ** BigInt(exponent) : register.value / 10n ** BigInt(-exponent)));
}

function readProfile(parts: GatewayDeviceParts, attributeId: number, selection: AccessSelection | undefined): ReadOutcome {
  const { book } = parts;
  switch (attributeId) {
    case 2: {
      const rows = selection === undefined ? book.rows : rowsBetween(book.rows, selection);
      if (rows === undefined) return { kind: "refused", result: "scope-of-access-violated" };
      return { kind: "encoded", octets: encodeData(data.array(...rows.slice(0, ROWS_MAX).map(encodeRow))) };
    }
    case 3:
      return content(data.array(captureObject(COSEM_CLASS.clock, OBJECTS.clock), ...book.columns.map(columnObject)));
    case 4:
      return content(data.doubleLongUnsigned(parts.periodSeconds));
    case 5:
      return content(data.enumerated(1));
    case 6:
      return content(captureObject(COSEM_CLASS.clock, OBJECTS.clock));
    case 7:
      return content(data.doubleLongUnsigned(book.rows.length));
    default:
      return content(data.doubleLongUnsigned(parts.depthRows));
  }
}

/** Selective access by range on the clock (Blue Book 4.3.6); `undefined` where the bounds are none. */
function rowsBetween(rows: readonly CaptureRow[], { parameters }: AccessSelection): readonly CaptureRow[] | undefined {
  const [, from, to] = parameters.type === "structure" ? parameters.value : [];
  if (from?.type !== "octet-string" || to?.type !== "octet-string") return undefined;
  const [fromMs, toMs] = [instantOfDateTime(from.value), instantOfDateTime(to.value)];
  if (fromMs === undefined || toMs === undefined) return undefined;
  return rows.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
}

function encodeRow({ atMs, values }: CaptureRow): DlmsData {
  return data.structure(
    data.octets(dateTimeOfInstant(atMs, atMs > 0 ? 0 : CLOCK_INVALID)),
    ...values.map((value) => (value === undefined ? data.nothing : data.long64(value))),
  );
}

function columnObject({ instanceId }: CaptureColumn): DlmsData {
  return captureObject(COSEM_CLASS.register, instanceId);
}

function captureObject(classId: number, instanceId: ObjectDefinition["instanceId"]): DlmsData {
  return data.structure(data.longUnsigned(classId), data.octets(obisToOctets(instanceId)), data.integer(2), data.longUnsigned(0));
}

function content(value: DlmsData): ReadOutcome {
  return { kind: "data", data: value };
}
