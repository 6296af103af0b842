import {
  ACCESS,
  compileModel,
  data,
  memoryReceivedCounter,
  memoryCounter,
  obisFromOctets,
  obisToOctets,
  parseObis,
  serveDlms,
  wrapperLink,
  encodeData,
  type AccessSelection,
  type AttributeDescriptor,
  type CosemDevice,
  type DlmsData,
  type InvokeOutcome,
  type LogicalDevice,
  type MethodDescriptor,
  type ObjectDefinition,
  type ReadOutcome,
  type ServerSession,
} from "@amity/dlms";
import { dateTimeOfInstant, instantOfDateTime } from "../src/index.ts";
import type { Connection, World } from "@amity/runtime";

/** Four registers of the load profile. */
const CHANNELS = ["1-0:1.8.0", "1-0:2.8.0", "1-0:3.8.0", "1-0:4.8.0"].map((name) => parseObis(name));
export const PERIOD_MS = 900_000;

const all = { reading: ACCESS.read, management: ACCESS.readWrite } as const;
const attributes = (...ids: number[]) => ids.map((id) => ({ id, access: all }));

const PROFILE = parseObis("1-0:99.1.0");
const LOG = parseObis("0-0:99.98.0");
const CLOCK = parseObis("0-0:1.0.0");
const DISCONNECTOR = parseObis("0-0:96.3.10");
const STATUS = parseObis("0-0:96.10.1");

/** A gas meter on M-Bus channel 1. */
const SUB_CLIENT = parseObis("0-1:24.1.0");
const SUB_VALUE = parseObis("0-1:24.2.1");
/** Its converted volume: another register in the same unit. */
const SUB_CONVERTED = parseObis("0-1:24.2.2");
const SUB_PROFILE = parseObis("0-1:24.3.0");
const SUB_VALVE = parseObis("0-1:24.4.0");
const SUB_LOG = parseObis("0-1:24.5.0");
const SUB_OBJECTS: ReadonlySet<typeof SUB_CLIENT> = new Set([SUB_CLIENT, SUB_VALUE, SUB_CONVERTED, SUB_PROFILE, SUB_VALVE, SUB_LOG]);
export const HOUR_MS = 3_600_000;

const OBJECTS: ObjectDefinition[] = [
  { classId: 72, version: 1, instanceId: SUB_CLIENT, attributes: attributes(1, 5, 6, 7, 8, 9) },
  ...[SUB_VALUE, SUB_CONVERTED].map((instanceId) => ({ classId: 4, version: 0, instanceId, attributes: attributes(1, 2, 3, 5) })),
  { classId: 1, version: 0, instanceId: parseObis("0-0:42.0.0"), attributes: attributes(1, 2) },
  { classId: 1, version: 0, instanceId: parseObis("0-0:96.1.0"), attributes: attributes(1, 2) },
  { classId: 1, version: 0, instanceId: STATUS, attributes: attributes(1, 2) },
  { classId: 8, version: 0, instanceId: CLOCK, attributes: attributes(1, 2) },
  ...CHANNELS.map((instanceId) => ({ classId: 3, version: 0, instanceId, attributes: attributes(1, 2, 3) })),
  ...[PROFILE, LOG, SUB_PROFILE, SUB_LOG].map((instanceId) => ({
    classId: 7,
    version: 1,
    instanceId,
    attributes: [...attributes(1, 3, 4), { id: 2, access: all, selectors: [1, 2] }],
  })),
  ...[DISCONNECTOR, SUB_VALVE].map((instanceId) => ({
    classId: 70,
    version: 0,
    instanceId,
    attributes: attributes(1, 2, 3, 4),
    methods: [1, 2].map((id) => ({ id, access: { management: ACCESS.invoke } })),
  })),
];

const MODEL = compileModel({
  objects: OBJECTS,
  associations: [
    { clientSap: 1, role: "management", mechanism: "hls-gmac", ciphered: true, protection: "authenticated-encrypted", maxPduOctets: 1024 },
    { clientSap: 2, role: "reading", mechanism: "lls", ciphered: false, maxPduOctets: 1024 },
  ],
});

export interface TestMeterOptions {
  readonly meterId: string;
  readonly guek: Uint8Array;
  readonly gak: Uint8Array;
  readonly password?: Uint8Array;
}

/**
 * A meter that is little more than arithmetic: its registers are a function of time, its profile is computed on demand.
 * It is served by the real DLMS server; the test holds its faults.
 */
export class TestMeter implements CosemDevice {
  readonly options: TestMeterOptions;
  outputOn = true;
  valveOpen = true;
  /** Puts what the valve was told off until its meter listens; nothing happens where it never does. */
  whenValveListens: (move: () => void) => void = (move) => move();
  subEvents: { atMs: number; code: number }[] = [];
  switchings = 0;
  clockOffsetMs = 0;
  /** Rows that the meter lost. */
  missing = new Set<number>();
  statusAt = new Map<number, number>();
  events: { atMs: number; code: number }[] = [];
  /** Called before a method runs; may cut the line. */
  beforeInvoke: () => void = () => {};
  profileReads = 0;
  readonly #nowMs: () => number;
  readonly #received = memoryReceivedCounter();
  readonly #sent = memoryCounter();
  readonly #sessions = new Set<ServerSession>();

  constructor(options: TestMeterOptions, nowMs: () => number) {
    this.options = options;
    this.#nowMs = nowMs;
  }

  /** A register at an instant: strictly rising, different for each meter and channel. */
  register(channel: number, atMs: number): number {
    const period = Math.floor(atMs / PERIOD_MS);
    const seed = this.options.meterId.length + 7 * channel;
    return (period % 1_000_000) * (10 + channel) + ((period * (seed % 13)) % 7);
  }

  /** The gas meter's index in dm3 at the end of an hour. */
  gas(atMs: number): number {
    const hour = Math.floor(atMs / HOUR_MS);
    return (hour % 100_000) * 90 + (hour % 7) * 11;
  }

  serve(connection: Connection, world: Pick<World, "timers" | "random">): void {
    this.#sessions.add(serveDlms(wrapperLink(connection, "server"), this, world));
  }

  hangUp(): void {
    for (const session of this.#sessions) session.close();
  }

  logicalDevice(serverSap: number): LogicalDevice | undefined {
    if (serverSap !== 1) return undefined;
    const { guek, gak, password } = this.options;
    return {
      model: MODEL,
      systemTitle: new TextEncoder().encode("TST00001"),
      secret: () => password,
      security: () => ({ suite: 0, keys: { encryptionKey: guek, authenticationKey: gak }, sent: this.#sent, received: this.#received }),
      read: (attribute, selection) => this.#read(attribute, selection),
      write: () => "success",
      invoke: (method) => this.#invoke(method),
    };
  }

  #read({ instanceId, attributeId }: AttributeDescriptor, selection: AccessSelection | undefined): ReadOutcome {
    if (attributeId === 1) return value(data.octets(obisToOctets(instanceId)));
    const channel = CHANNELS.indexOf(instanceId);
    if (channel >= 0) {
      const unit = channel < 2 ? 30 : 32;
      if (attributeId === 3) return value(data.structure(data.integer(0), data.enumerated(unit)));
      return value(data.doubleLongUnsigned(this.register(channel, this.#clockMs())));
    }
    if (instanceId === PROFILE) return this.#profile(attributeId, selection);
    if (instanceId === LOG) return this.#log(this.events, attributeId, selection);
    if (SUB_OBJECTS.has(instanceId)) return this.#readGas(instanceId, attributeId, selection);
    if (instanceId === CLOCK) return value(data.octets(dateTimeOfInstant(this.#clockMs())));
    if (instanceId === DISCONNECTOR) {
      if (attributeId === 2) return value(data.boolean(this.outputOn));
      return value(data.enumerated(attributeId === 3 ? (this.outputOn ? 1 : 0) : 1));
    }
    return value(data.octets(new TextEncoder().encode(this.options.meterId)));
  }

  #readGas(instanceId: typeof CLOCK, attributeId: number, selection: AccessSelection | undefined): ReadOutcome {
    if (instanceId === SUB_LOG) return this.#log(this.subEvents, attributeId, selection);
    if (instanceId === SUB_PROFILE) return this.#gasProfile(attributeId, selection);
    if (instanceId === SUB_VALUE) return this.#gasValue(attributeId, 13, 1);
    if (instanceId === SUB_CONVERTED) return this.#gasValue(attributeId, 14, 2);
    if (instanceId === SUB_CLIENT) return this.#gasClient(attributeId);
    if (attributeId === 2) return value(data.boolean(this.valveOpen));
    return value(data.enumerated(attributeId === 3 ? (this.valveOpen ? 1 : 0) : 1));
  }

  #profile(attributeId: number, selection: AccessSelection | undefined): ReadOutcome {
    if (attributeId === 4) return value(data.doubleLongUnsigned(PERIOD_MS / 1000));
    const captured: [number, typeof CLOCK][] = [[8, CLOCK], [1, STATUS], ...CHANNELS.map((name): [number, typeof CLOCK] => [3, name])];
    if (attributeId === 3) return value(data.array(...captured.map(([classId, name]) => captureObject(classId, name))));
    this.profileReads++;
    const { fromMs, toMs } = rangeOf(selection);
    const rows: DlmsData[] = [];
    for (let atMs = Math.ceil(fromMs / PERIOD_MS) * PERIOD_MS; atMs <= Math.min(toMs, this.#clockMs()); atMs += PERIOD_MS) {
      if (this.missing.has(atMs)) continue;
      const values = CHANNELS.map((_, channel) => data.doubleLongUnsigned(this.register(channel, atMs)));
      rows.push(data.structure(data.octets(dateTimeOfInstant(atMs)), data.unsigned(this.statusAt.get(atMs) ?? 0), ...values));
    }
    return { kind: "encoded", octets: encodeData(data.array(...rows)) };
  }

  #gasProfile(attributeId: number, selection: AccessSelection | undefined): ReadOutcome {
    if (attributeId === 4) return value(data.doubleLongUnsigned(HOUR_MS / 1000));
    if (attributeId === 3)
      return value(
        data.array(captureObject(8, CLOCK), captureObject(1, STATUS), captureObject(4, SUB_VALUE), captureObject(4, SUB_CONVERTED)),
      );
    const { fromMs, toMs } = rangeOf(selection);
    const rows: DlmsData[] = [];
    for (let atMs = Math.ceil(fromMs / HOUR_MS) * HOUR_MS; atMs <= Math.min(toMs, this.#clockMs()); atMs += HOUR_MS)
      rows.push(
        data.structure(
          data.octets(dateTimeOfInstant(atMs)),
          data.unsigned(0),
          ...[1, 2].map((factor) => data.doubleLongUnsigned(factor * this.gas(atMs))),
        ),
      );
    return { kind: "encoded", octets: encodeData(data.array(...rows)) };
  }

  #gasValue(attributeId: number, unit: number, factor: number): ReadOutcome {
    const hourMs = Math.floor(this.#clockMs() / HOUR_MS) * HOUR_MS;
    if (attributeId === 3) return value(data.structure(data.integer(-3), data.enumerated(unit)));
    if (attributeId === 5) return value(data.octets(dateTimeOfInstant(hourMs)));
    return value(data.doubleLongUnsigned(factor * this.gas(hourMs)));
  }

  #gasClient(attributeId: number): ReadOutcome {
    if (attributeId === 6) return value(data.doubleLongUnsigned(0x1234_5678));
    if (attributeId === 7) return value(data.longUnsigned(0x2c2d));
    return value(data.unsigned(attributeId === 9 ? 3 : 1));
  }

  #log(events: TestMeter["events"], attributeId: number, selection: AccessSelection | undefined): ReadOutcome {
    if (attributeId === 4) return value(data.doubleLongUnsigned(0));
    if (attributeId === 3) return value(data.array(captureObject(8, CLOCK), captureObject(1, parseObis("0-0:96.11.0"))));
    const { fromMs, toMs } = rangeOf(selection);
    const found = events.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    return value(data.array(...found.map(({ atMs, code }) => data.structure(data.octets(dateTimeOfInstant(atMs)), data.unsigned(code)))));
  }

  #invoke({ instanceId, methodId }: MethodDescriptor): InvokeOutcome {
    this.beforeInvoke();
    this.switchings++;
    if (instanceId === SUB_VALVE) {
      this.whenValveListens(() => (this.valveOpen = methodId === 2));
      return { kind: "done" };
    }
    this.outputOn = methodId === 2;
    return { kind: "done" };
  }

  #clockMs(): number {
    return this.#nowMs() + this.clockOffsetMs;
  }
}

function value(content: DlmsData): ReadOutcome {
  return { kind: "data", data: content };
}

function captureObject(classId: number, name: typeof CLOCK): DlmsData {
  return data.structure(data.longUnsigned(classId), data.octets(obisToOctets(name)), data.integer(2), data.longUnsigned(0));
}

function rangeOf(selection: AccessSelection | undefined): { fromMs: number; toMs: number } {
  const [object, from, to] = selection?.parameters.type === "structure" ? selection.parameters.value : [];
  const name = object?.type === "structure" ? object.value[1] : undefined;
  if (name?.type !== "octet-string" || obisFromOctets(name.value) !== CLOCK) return { fromMs: 0, toMs: Number.POSITIVE_INFINITY };
  const instant = (bound: DlmsData | undefined) => (bound?.type === "octet-string" ? instantOfDateTime(bound.value) : undefined);
  return { fromMs: instant(from) ?? 0, toMs: instant(to) ?? Number.POSITIVE_INFINITY };
}
