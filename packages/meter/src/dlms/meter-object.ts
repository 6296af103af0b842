import type { Certificate, EllipticKeyPair, KeyUsage } from "@amity/crypto";
import {
  ACCESS,
  data,
  obisToOctets,
  parseObis,
  type AccessSelection,
  type DataAccessResult,
  type DataGuard,
  type DlmsData,
  type InvokeOutcome,
  type ObjectDefinition,
  type Obis,
  type ReadOutcome,
} from "@amity/dlms";
import type { Address } from "@amity/runtime";
import type { SimulatedMeter } from "../simulated-meter.ts";
import type { TimeBase } from "./civil-time.ts";
import type { MasterCandidate } from "../key-transfer.ts";
import type { MeterKeys } from "../keys.ts";
import type { MeterOperation } from "../metrology/operations.ts";
import type { TokenReading } from "../payment-token.ts";
import type { ImageTransfer } from "./image-transfer.ts";

/** What an object sees of the meter that it is asked about. */
export interface ObjectContext {
  readonly meter: SimulatedMeter;
  readonly base: TimeBase;
  readonly nowMs: number;
  readonly clientSap: number;
  /** Of the association in which the client asks; empty where the meter observes itself. */
  readonly role: string;
  /** An object with the rights that the asking association has in it; `undefined`: it is not on its list. */
  seen(name: Obis): ObjectDefinition | undefined;
  /** Where the meter is served; `undefined` where it is not, or not on a port of its own. */
  readonly servedAt: Address | undefined;
  /** The client takes differences to the row before. */
  readonly takesDeltas: boolean;
  /** Of the client, where it named one. */
  readonly clientSystemTitle: Uint8Array | undefined;
  /** Eight octets. */
  readonly systemTitle: Uint8Array;
  /** Last invocation counter taken from the first client of security setup n. */
  receivedCounter(setup: number): number;
  /** Reads what was entered as a payment token, under this meter's vending key. */
  readToken(entered: Uint8Array): TokenReading;
  /** The meter's own key pair that counts, or the newest, which may wait for its certificate; `undefined` in suite 0. */
  keyPair(usage: KeyUsage, which?: "active" | "newest"): EllipticKeyPair | undefined;
  /** A key pair to be used once: each number gives another. */
  ephemeralKeyPair(number: number): EllipticKeyPair | undefined;
  /** Whose signature certificates need; `undefined` in suite 0. */
  readonly authority: Certificate | undefined;
  /** The keys of security setup n, now; `undefined` where the meter only observes itself. */
  keysOf(setup: number): MeterKeys | undefined;
  /** The master keys that open transfers to security setup n, newest first. */
  masterKeysOf(setup: number): readonly MasterCandidate[];
  /** Protects and opens COSEM data under the keys of the management setup; `undefined` where the meter only observes itself. */
  dataGuard(): DataGuard | undefined;
  /** The image transfer of this meter. */
  readonly image: ImageTransfer;
  /** Lets something happen to the meter; false where its state does not allow it. Resolves once it is remembered. */
  perform(operation: MeterOperation): Promise<boolean>;
}

/** One COSEM object of the model: its static description and how it answers. Attribute 1 is answered for all alike. */
export interface MeterObject {
  readonly definition: ObjectDefinition;
  read(attributeId: number, context: ObjectContext, selection: AccessSelection | undefined): ReadOutcome;
  write?(attributeId: number, value: DlmsData, context: ObjectContext): Promise<DataAccessResult>;
  invoke?(methodId: number, parameters: DlmsData | undefined, context: ObjectContext): Promise<InvokeOutcome>;
}

/** Who may read: everybody; customers' and utility's clients; the utility alone may also write or invoke. */
export const RIGHTS = {
  everybodyReads: { public: ACCESS.read, reading: ACCESS.read, firmware: ACCESS.read, management: ACCESS.read },
  clientsRead: { reading: ACCESS.read, management: ACCESS.read },
  managementReads: { management: ACCESS.read },
  managementWrites: { reading: ACCESS.read, management: ACCESS.readWrite },
  managementInvokes: { management: ACCESS.invoke },
  /** Firmware has a client of its own, which may do nothing else. */
  firmwareReads: { reading: ACCESS.read, firmware: ACCESS.read, management: ACCESS.read },
  firmwareWrites: { reading: ACCESS.read, firmware: ACCESS.readWrite, management: ACCESS.readWrite },
  firmwareInvokes: { firmware: ACCESS.invoke, management: ACCESS.invoke },
} as const;

export const READ_REFUSED = {
  undefined: { kind: "refused", result: "object-undefined" },
  denied: { kind: "refused", result: "read-write-denied" },
  wrongSelection: { kind: "refused", result: "type-unmatched" },
  otherReason: { kind: "refused", result: "other-reason" },
} as const satisfies Record<string, ReadOutcome>;

export function value(content: DlmsData): ReadOutcome {
  return { kind: "data", data: content };
}

/** Class 1 Data. */
export function dataObject(
  name: string,
  access: Readonly<Record<string, number>>,
  read: (context: ObjectContext) => DlmsData,
): MeterObject {
  return {
    definition: { classId: 1, version: 0, instanceId: parseObis(name), attributes: attributes(access, 2) },
    read: (attributeId, context) => (attributeId === 2 ? value(read(context)) : READ_REFUSED.undefined),
  };
}

/** Class 3 Register with its scaler and unit (unit numbers: IEC 62056-6-2, table 4). */
export function registerObject(
  name: string,
  scalerUnit: readonly [number, number],
  read: (context: ObjectContext) => DlmsData,
): MeterObject {
  const scale = data.structure(data.integer(scalerUnit[0]), data.enumerated(scalerUnit[1]));
  return {
    definition: { classId: 3, version: 0, instanceId: parseObis(name), attributes: attributes(RIGHTS.clientsRead, 3) },
    read: (attributeId, context) => (attributeId === 2 ? value(read(context)) : attributeId === 3 ? value(scale) : READ_REFUSED.undefined),
  };
}

/** Attributes 1 to `count`, all with the same rights; the logical name is as open as the rest. */
export function attributes(
  access: Readonly<Record<string, number>>,
  count: number,
): { id: number; access: Readonly<Record<string, number>> }[] {
  return Array.from({ length: count }, (_, index) => ({ id: index + 1, access }));
}

export function logicalName(name: Obis): DlmsData {
  return data.octets(obisToOctets(name));
}

/** A capture object definition: class, logical name, attribute, data index. */
export function captureObject(classId: number, name: string, attributeId = 2): DlmsData {
  return data.structure(data.longUnsigned(classId), logicalName(parseObis(name)), data.integer(attributeId), data.longUnsigned(0));
}

export function captureKey(classId: number, name: string, attributeId = 2): string {
  return `${classId}/${obisToOctets(parseObis(name)).join(".")}/${attributeId}/0`;
}
