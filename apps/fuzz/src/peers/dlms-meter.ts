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
} from "@amity/dlms";

/** What client and meter of the fuzzed exchanges share. */
export const METER = {
  keys: {
    encryptionKey: Uint8Array.from({ length: 16 }, (_, index) => index),
    authenticationKey: Uint8Array.from({ length: 16 }, (_, index) => 0xd0 + index),
  },
  title: Uint8Array.from([0x41, 0x4d, 0x54, 0, 0, 0, 0, 1]),
  clientTitle: Uint8Array.from([0x41, 0x4d, 0x43, 0, 0, 0, 0, 2]),
  password: Uint8Array.from([0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38]),
} as const;

export const ENERGY = { classId: 3, instanceId: parseObis("1-0:1.8.0.255"), attributeId: 2 };
export const TEXT = { classId: 1, instanceId: parseObis("0-0:96.1.9.255"), attributeId: 2 };
export const PROFILE = { classId: 7, instanceId: parseObis("1-0:99.1.0.255"), attributeId: 2 };
export const ECHO = { classId: 9, instanceId: parseObis("0-0:10.0.0.255"), methodId: 1 };

const access = { manager: ACCESS.readWrite };
const attributes = (count: number, selected: readonly number[] = []): ObjectDefinition["attributes"] =>
  Array.from({ length: count }, (_, index) => ({ id: index + 1, access, ...(selected.includes(index + 1) ? { selectors: [1, 2] } : {}) }));

const OBJECTS: readonly ObjectDefinition[] = [
  { classId: 3, version: 0, instanceId: ENERGY.instanceId, attributes: attributes(3), baseName: 0x1000 },
  { classId: 1, version: 0, instanceId: TEXT.instanceId, attributes: attributes(2), baseName: 0x1100 },
  { classId: 7, version: 1, instanceId: PROFILE.instanceId, attributes: attributes(8, [2]), baseName: 0x1200 },
  {
    classId: 9,
    version: 0,
    instanceId: ECHO.instanceId,
    attributes: attributes(1),
    methods: [{ id: 1, access: { manager: ACCESS.invoke } }],
    baseName: 0x1300,
  },
];

/** One association for each way in: without a secret, by password, ciphered. All may do all. */
const ASSOCIATIONS: readonly AssociationDefinition[] = [
  { clientSap: 16, role: "manager", mechanism: "none", maxPduOctets: 160 },
  { clientSap: 2, role: "manager", mechanism: "lls", maxPduOctets: 160 },
  { clientSap: 1, role: "manager", mechanism: "hls-gmac", ciphered: true, maxPduOctets: 160 },
];

/** A small meter, new at each call: an energy register, a text, a profile, a method that gives its parameter back. */
export function dlmsMeter(): CosemDevice {
  const values = new Map<string, DlmsData>([
    [ENERGY.instanceId, data.doubleLongUnsigned(123_456)],
    [TEXT.instanceId, data.octets(new Uint8Array(0))],
    [
      PROFILE.instanceId,
      data.array(...Array.from({ length: 12 }, (_, row) => data.structure(data.octets(stamp(row)), data.unsigned(row)))),
    ],
  ]);
  const [sent, received] = [memoryCounter(1), memoryReceivedCounter()];
  const device: LogicalDevice = {
    model: compileModel({ associations: ASSOCIATIONS, objects: OBJECTS }),
    systemTitle: METER.title,
    secret: () => METER.password,
    security: () => ({ suite: 0, keys: METER.keys, sent, received }),
    read({ instanceId, attributeId }) {
      const value = attributeId === 2 ? values.get(instanceId) : undefined;
      return value === undefined ? { kind: "refused", result: "object-unavailable" } : { kind: "data", data: value };
    },
    write({ instanceId }, value) {
      values.set(instanceId, value);
      return "success";
    },
    invoke: (_method, parameters) => (parameters === undefined ? { kind: "done" } : { kind: "done", data: parameters }),
  };
  return { logicalDevice: (serverSap) => (serverSap === 1 ? device : undefined) };
}

function stamp(row: number): Uint8Array {
  return Uint8Array.of(0x07, 0xea, 11, 21, 0xff, 0, row, 0, 0, 0x80, 0, 0);
}
