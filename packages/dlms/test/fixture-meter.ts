import { fromHex } from "@amity/bytes";
import {
  ACCESS,
  compileModel,
  data,
  memoryCounter,
  memoryReceivedCounter,
  parseObis,
  type AssociationDefinition,
  type CosemDevice,
  type DlmsData,
  type LogicalDevice,
  type ObjectDefinition,
  type ReadOutcome,
  type SecurityKeys,
  type SecuritySuite,
} from "../src/index.ts";

/** A small meter for tests: a name, a clock, an energy register, a writable text, a relay, a load profile, an echo method. */
export const SERVER_TITLE = fromHex("4752580000000001");
export const CLIENT_TITLE = fromHex("4D4D4D0000BC614E");
export const SECRET = new TextEncoder().encode("Gurux");

export const KEYS: SecurityKeys = {
  encryptionKey: fromHex("000102030405060708090A0B0C0D0E0F"),
  authenticationKey: fromHex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"),
};

export const NAME = { classId: 1, instanceId: parseObis("0-0:42.0.0.255"), attributeId: 2 };
export const ENERGY = { classId: 3, instanceId: parseObis("1-0:1.8.0.255"), attributeId: 2 };
export const TEXT = { classId: 1, instanceId: parseObis("0-0:96.1.9.255"), attributeId: 2 };
export const PROFILE = { classId: 7, instanceId: parseObis("1-0:99.1.0.255"), attributeId: 2 };
export const RELAY = { classId: 70, instanceId: parseObis("0-0:96.3.10.255"), attributeId: 2 };
export const DISCONNECT = { classId: 70, instanceId: parseObis("0-0:96.3.10.255"), methodId: 1 };
/** Gives its parameter back. */
export const ECHO = { classId: 9, instanceId: parseObis("0-0:10.0.0.255"), methodId: 1 };

const all = { public: ACCESS.read, reader: ACCESS.read, manager: ACCESS.readWrite };
const managed = { reader: ACCESS.read, manager: ACCESS.readWrite };
const attributes = (count: number, access: Record<string, number>) =>
  Array.from({ length: count }, (_, index) => ({ id: index + 1, access }));

export const OBJECTS: ObjectDefinition[] = [
  { classId: 1, version: 0, instanceId: NAME.instanceId, attributes: attributes(2, all) },
  { classId: 3, version: 0, instanceId: ENERGY.instanceId, attributes: attributes(3, managed) },
  { classId: 1, version: 0, instanceId: TEXT.instanceId, attributes: attributes(2, managed) },
  {
    classId: 7,
    version: 1,
    instanceId: PROFILE.instanceId,
    attributes: [1, 2, 3, 4, 5, 6, 7, 8].map((id) => ({ id, access: managed, ...(id === 2 ? { selectors: [1, 2] } : {}) })),
  },
  {
    classId: 70,
    version: 0,
    instanceId: RELAY.instanceId,
    attributes: attributes(4, managed),
    methods: [1, 2].map((id) => ({ id, access: { manager: ACCESS.invoke } })),
  },
  {
    classId: 9,
    version: 0,
    instanceId: ECHO.instanceId,
    attributes: attributes(1, managed),
    methods: [{ id: 1, access: { manager: ACCESS.invoke } }],
  },
];

export interface FixtureOptions {
  readonly associations?: readonly AssociationDefinition[];
  readonly keys?: SecurityKeys;
  readonly suite?: SecuritySuite;
  readonly profileRows?: number;
  readonly objects?: readonly ObjectDefinition[];
  readonly firstCounter?: number;
  readonly receivedCounter?: number;
  /** Answers each read after a turn of the event loop instead of at once. */
  readonly isSlow?: boolean;
}

export function fixtureMeter(
  options: FixtureOptions = {},
): CosemDevice & { readonly state: Map<string, DlmsData>; readonly device: LogicalDevice } {
  const associations = options.associations ?? [
    { clientSap: 16, role: "public", mechanism: "none", ciphered: false },
    { clientSap: 2, role: "reader", mechanism: "lls" },
    { clientSap: 1, role: "manager", mechanism: "hls-gmac", ciphered: true, protection: "authenticated-encrypted" },
  ];
  const model = compileModel({ associations, objects: options.objects ?? OBJECTS });
  const state = new Map<string, DlmsData>([
    [NAME.instanceId, data.octets(new TextEncoder().encode("AMY0000000000001"))],
    [ENERGY.instanceId, data.doubleLongUnsigned(123_456)],
    [TEXT.instanceId, data.octets(new Uint8Array(0))],
    [RELAY.instanceId, data.boolean(true)],
    [PROFILE.instanceId, profileBuffer(options.profileRows ?? 96)],
  ]);
  const sent = memoryCounter(options.firstCounter ?? 1);
  const received = memoryReceivedCounter(options.receivedCounter);
  const read = (instanceId: string, attributeId: number): ReadOutcome => {
    const value = attributeId === 2 ? state.get(instanceId) : undefined;
    return value === undefined ? { kind: "refused", result: "object-unavailable" } : { kind: "data", data: value };
  };
  const device: LogicalDevice = {
    model,
    systemTitle: SERVER_TITLE,
    secret: () => SECRET,
    security: () => ({ suite: options.suite ?? 0, keys: options.keys ?? KEYS, sent, received }),
    read(attribute, selection) {
      if (attribute.instanceId === PROFILE.instanceId && selection !== undefined) return { kind: "data", data: selected(state, selection) };
      const outcome = read(attribute.instanceId, attribute.attributeId);
      return options.isSlow === true ? Promise.resolve().then(() => outcome) : outcome;
    },
    write(attribute, value) {
      state.set(attribute.instanceId, value);
      return "success";
    },
    invoke(method, parameters) {
      if (method.instanceId === ECHO.instanceId) return parameters === undefined ? { kind: "done" } : { kind: "done", data: parameters };
      state.set(RELAY.instanceId, data.boolean(method.methodId === 2));
      return { kind: "done" };
    },
  };
  return { state, device, logicalDevice: (serverSap) => (serverSap === 1 ? device : undefined) };
}

export function profileBuffer(rows: number): DlmsData {
  return data.array(
    ...Array.from({ length: rows }, (_, row) =>
      data.structure(
        data.octets(
          Uint8Array.of(0x07, 0xea, 0x0a, 1 + Math.floor(row / 96), 0xff, Math.floor(row / 4) % 24, (row % 4) * 15, 0, 0xff, 0, 0, 0),
        ),
        data.unsigned(0),
        data.doubleLongUnsigned(1000 + row * 7),
        data.doubleLongUnsigned(row),
        data.doubleLongUnsigned(row * 2),
        data.doubleLongUnsigned(row * 3),
      ),
    ),
  );
}

/** By entry only: from_entry to to_entry, counted from 1. */
function selected(state: Map<string, DlmsData>, selection: { selector: number; parameters: DlmsData }): DlmsData {
  const rows = state.get(PROFILE.instanceId);
  const parameters = selection.parameters.type === "structure" ? selection.parameters.value : [];
  const [from, to] = parameters.map((item) => (item.type === "double-long-unsigned" ? item.value : 0));
  return { type: "array", value: rows?.type === "array" ? rows.value.slice((from ?? 1) - 1, to) : [] };
}
