import { data, obisToOctets, parseObis, type DlmsData, type InvokeOutcome, type ReadOutcome } from "@amity/dlms";
import { findVif, manufacturerCode, readRecords, recordInput, type RecordInput } from "@amity/mbus";
import { DecodeError, UsageError } from "@amity/bytes";
import { READ_REFUSED, RIGHTS, attributes, value, type MeterObject, type ObjectContext } from "../dlms/meter-object.ts";
import { localTime, registerHeaders } from "../sub-meter/telegram-records.ts";
import type { HostChannel } from "../sub-meter/sub-meter-plan.ts";
import type { MbusChannel } from "./mbus-channel.ts";
import type { HostOf, MbusHost } from "./mbus-host.ts";

const METHODS = {
  install: 1,
  deinstall: 2,
  capture: 3,
  resetAlarm: 4,
  synchronizeClock: 5,
  dataSend: 6,
  setKey: 7,
  transferKey: 8,
} as const;
const KEY_STATUS = { none: 0, set: 1, inUse: 4 } as const;
const PORT = parseObis("0-0:24.6.0");
const SECURITY_KEY = findVif("securityKey", "");
const DATE_TIME = [0x6d];
/** Octets of a key, in clear and wrapped (RFC 3394). */
const KEY_OCTETS = 16;
const WRAPPED_OCTETS = 24;
/** Octets of records that fit into one command. */
const COMMAND_OCTETS_MAX = 120;

const DONE: InvokeOutcome = { kind: "done" };
const MISTYPED: InvokeOutcome = { kind: "refused", result: "type-unmatched" };
const REFUSED: InvokeOutcome = { kind: "refused", result: "other-reason" };
const FAILED: InvokeOutcome = { kind: "refused", result: "temporary-failure" };

/** Class 72, version 1, M-Bus client `0-n:24.1.0` (IEC 62056-6-2, 4.8.3). An empty channel shows noughts. */
export function mbusClientObject(channel: HostChannel, hostOf: HostOf): MeterObject {
  return {
    definition: {
      classId: 72,
      version: 1,
      instanceId: parseObis(`0-${channel}:24.1.0`),
      attributes: attributes(RIGHTS.clientsRead, 14),
      methods: Object.values(METHODS).map((id) => ({ id, access: RIGHTS.managementInvokes })),
    },
    read(attributeId, { meter, nowMs }) {
      const found = hostOf(meter)?.channel(channel);
      return readClient(attributeId, found?.setup.isInstalled === true ? found : undefined, nowMs);
    },
    async invoke(methodId, parameters, context): Promise<InvokeOutcome> {
      const host = hostOf(context.meter);
      const found = host?.channel(channel);
      // No meter is near: installing finds none, and there is nobody to send anything to.
      if (host === undefined || found === undefined) return FAILED;
      return invokeClient(methodId, parameters ?? data.nothing, { host, channel: found, context });
    },
  };
}

function readClient(attributeId: number, channel: MbusChannel | undefined, nowMs: number): ReadOutcome {
  const address = channel?.subMeter.meter.plan.address;
  switch (attributeId) {
    case 2:
      return value(data.octets(obisToOctets(PORT)));
    case 3:
      return value(captureDefinition(channel));
    case 4:
      return value(data.doubleLongUnsigned(channel === undefined ? 0 : 3_600));
    case 5:
      return value(data.unsigned(channel?.setup.primaryAddress ?? 0));
    case 6:
      return value(data.doubleLongUnsigned(address === undefined ? 0 : Number.parseInt(address.id, 16)));
    case 7:
      return value(data.longUnsigned(address === undefined ? 0 : manufacturerCode(address.manufacturer)));
    case 8:
      return value(data.unsigned(address?.version ?? 0));
    case 9:
      return value(data.unsigned(address?.deviceType ?? 0));
    default:
      return readHeard(attributeId, channel, nowMs);
  }
}

/** What follows from the last telegram that came: its header is in clear. */
function readHeard(attributeId: number, channel: MbusChannel | undefined, nowMs: number): ReadOutcome {
  const application = channel?.lastHeader(nowMs)?.application;
  const header = application?.header;
  switch (attributeId) {
    case 10:
      return value(data.unsigned(header?.accessNumber ?? 0));
    case 11:
      return value(data.unsigned(header?.status ?? 0));
    case 12:
      return value(data.unsigned(channel?.hasNewAlarm === true ? (header?.status ?? 0) : 0));
    case 13:
      return value(data.longUnsigned(header?.configuration ?? 0));
    case 14:
      return value(data.enumerated(keyStatus(channel, application?.security.status === "decrypted")));
    default:
      return READ_REFUSED.undefined;
  }
}

function keyStatus(channel: MbusChannel | undefined, isDeciphered: boolean): number {
  if (isDeciphered) return KEY_STATUS.inUse;
  return channel === undefined || channel.setup.key === "" ? KEY_STATUS.none : KEY_STATUS.set;
}

function captureDefinition(channel: MbusChannel | undefined): DlmsData {
  const headers = channel === undefined ? [] : registerHeaders(channel.subMeter.meter.plan.medium);
  return data.array(...headers.map(({ dib, vib }) => data.structure(data.octets(dib), data.octets(vib))));
}

interface Invocation {
  readonly host: MbusHost;
  readonly channel: MbusChannel;
  readonly context: ObjectContext;
}

async function invokeClient(methodId: number, given: DlmsData, invocation: Invocation): Promise<InvokeOutcome> {
  const { host, channel, context } = invocation;
  const at = { atMs: context.nowMs, channel: channel.channel } as const;
  switch (methodId) {
    case METHODS.install:
      if (given.type !== "unsigned") return MISTYPED;
      return (await host.perform({ kind: "mbusInstall", primaryAddress: given.value, ...at })) ? DONE : REFUSED;
    case METHODS.deinstall:
      return (await host.perform({ kind: "mbusDeinstall", ...at })) ? DONE : REFUSED;
    case METHODS.capture:
      if (!channel.setup.isInstalled || channel.lastTelegram(context.nowMs) === undefined) return FAILED;
      channel.capture(context.nowMs);
      return DONE;
    case METHODS.resetAlarm:
      return (await host.perform({ kind: "mbusResetAlarm", ...at })) ? DONE : REFUSED;
    case METHODS.synchronizeClock:
      return send(invocation, [
        { coding: "int32", codes: DATE_TIME, value: localTime(context.meter.clockAt(context.nowMs), context.base.standardOffsetMs) },
      ]);
    case METHODS.dataSend: {
      const records = recordsOf(given);
      return records === undefined ? MISTYPED : send(invocation, records);
    }
    case METHODS.setKey:
      return setKey(given, invocation);
    case METHODS.transferKey:
      if (given.type !== "octet-string" || given.value.length !== WRAPPED_OCTETS) return MISTYPED;
      return send(invocation, [{ coding: "variable", codes: SECURITY_KEY, value: { kind: "octets", octets: given.value } }]);
    default:
      return { kind: "refused", result: "object-undefined" };
  }
}

async function send({ channel, context }: Invocation, records: readonly RecordInput[]): Promise<InvokeOutcome> {
  const outcome = await channel.command(records, context.nowMs);
  return outcome === "obeyed" ? DONE : outcome === "silent" ? FAILED : REFUSED;
}

/** A key in clear comes in a ciphered association only (the rights say so); wrapped it opens under the host's master key; empty takes it away. */
async function setKey(given: DlmsData, { host, channel, context }: Invocation): Promise<InvokeOutcome> {
  if (given.type !== "octet-string") return MISTYPED;
  const wrapped = given.value.length === 0 ? "" : channel.keptKey(given.value);
  if (wrapped === undefined) return given.value.length === KEY_OCTETS || given.value.length === WRAPPED_OCTETS ? REFUSED : MISTYPED;
  return (await host.perform({ kind: "mbusKey", wrapped, channel: channel.channel, atMs: context.nowMs })) ? DONE : REFUSED;
}

/** The records of data_send: DIB, VIB and data as octets, or a whole number in as many octets as the DIB has. `undefined` for what is none. */
function recordsOf(given: DlmsData): readonly RecordInput[] | undefined {
  if (given.type !== "array" || given.value.length === 0) return undefined;
  const octets: number[] = [];
  for (const entry of given.value) {
    const [dib, vib, content] = entry.type === "structure" ? entry.value : [];
    if (dib?.type !== "octet-string" || vib?.type !== "octet-string" || content === undefined) return undefined;
    const own = contentOctets(content, DATA_OCTETS[(dib.value[0] ?? 0) & 0x0f] ?? 0);
    if (own === undefined) return undefined;
    octets.push(...dib.value, ...vib.value, ...own);
    if (octets.length > COMMAND_OCTETS_MAX) return undefined;
  }
  try {
    const { records, problem } = readRecords(Uint8Array.from(octets));
    return problem === undefined && records.length === given.value.length ? records.map(recordInput) : undefined;
  } catch (error) {
    if (error instanceof DecodeError || error instanceof UsageError) return undefined;
    throw error;
  }
}

function contentOctets(content: DlmsData, octets: number): readonly number[] | undefined {
  if (content.type === "octet-string") return [...content.value];
  if (!("value" in content) || typeof content.value !== "number" || !Number.isInteger(content.value)) return undefined;
  const wide = BigInt(content.value);
  return Array.from({ length: octets }, (_, index) => Number((wide >> BigInt(8 * index)) & 0xffn));
}

/** Octets of a value by the data field of its DIF. */
const DATA_OCTETS: Readonly<Record<number, number>> = { 1: 1, 2: 2, 3: 3, 4: 4, 6: 6, 7: 8 };
