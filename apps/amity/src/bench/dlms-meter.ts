import {
  ACCESS,
  compileModel,
  data,
  encodeData,
  encodeInstant,
  memoryCounter,
  memoryReceivedCounter,
  parseObis,
  type AssociationSecurity,
  type CosemDevice,
  type LogicalDevice,
  type ReadOutcome,
  type SecurityKeys,
} from "@amity/dlms";

/** Attributes that `amity bench dlms` reads. */
export const BENCH_ENERGY = { classId: 3, instanceId: parseObis("1-0:1.8.0"), attributeId: 2 };
export const BENCH_PROFILE = { classId: 7, instanceId: parseObis("1-0:99.1.0"), attributeId: 2 };

export const BENCH_CLIENTS = { management: 1, public: 16 } as const;
export const BENCH_KEYS: SecurityKeys = {
  encryptionKey: Uint8Array.from({ length: 16 }, (_, index) => index),
  authenticationKey: Uint8Array.from({ length: 16 }, (_, index) => 0xd0 + index),
};
export const BENCH_CLIENT_TITLE = new TextEncoder().encode("AMIBENCH");
export const PROFILE_ROWS = 96;
export const PROFILE_COLUMNS = 6;
const METER_TITLE = new TextEncoder().encode("AMT00001");
const MAX_PDU_OCTETS = 65_535;

/** A day of quarter-hours as A-XDR octets: clock, status and four registers. */
export function benchProfile(): Uint8Array {
  const dayMs = Date.UTC(2026, 9, 5);
  const rows = Array.from({ length: PROFILE_ROWS }, (_, row) =>
    data.structure(
      data.octets(encodeInstant(dayMs + row * 900_000, { deviationMinutes: 0 })),
      data.unsigned(0),
      ...[1_009_600, 98_700, 423_000, 26_400].map((start, channel) => data.doubleLongUnsigned(start + row * (114 - 27 * channel))),
    ),
  );
  return encodeData(data.array(...rows));
}

/** A meter that costs next to nothing behind the protocol: one register, one profile held ready as octets. */
export function benchMeter(): CosemDevice {
  const everybody = { public: ACCESS.read, management: ACCESS.read };
  const read = (...ids: number[]): { id: number; access: typeof everybody }[] => ids.map((id) => ({ id, access: everybody }));
  const model = compileModel({
    associations: [
      { clientSap: BENCH_CLIENTS.public, role: "public", mechanism: "none", maxPduOctets: MAX_PDU_OCTETS },
      { clientSap: BENCH_CLIENTS.management, role: "management", mechanism: "hls-gmac", ciphered: true, maxPduOctets: MAX_PDU_OCTETS },
    ],
    objects: [
      { classId: 3, version: 0, instanceId: BENCH_ENERGY.instanceId, attributes: read(1, 2) },
      { classId: 7, version: 1, instanceId: BENCH_PROFILE.instanceId, attributes: read(1, 2) },
    ],
  });
  const energy: ReadOutcome = { kind: "data", data: data.doubleLongUnsigned(1_009_600) };
  const profile: ReadOutcome = { kind: "encoded", octets: benchProfile() };
  const security: AssociationSecurity = { suite: 0, keys: BENCH_KEYS, sent: memoryCounter(), received: memoryReceivedCounter() };
  const meter: LogicalDevice = {
    model,
    systemTitle: METER_TITLE,
    security: (clientSap) => (clientSap === BENCH_CLIENTS.management ? security : undefined),
    read: ({ classId }) => (classId === BENCH_PROFILE.classId ? profile : energy),
    write: () => "read-write-denied",
    invoke: () => ({ kind: "refused", result: "object-undefined" }),
  };
  return { logicalDevice: (serverSap) => (serverSap === 1 ? meter : undefined) };
}
