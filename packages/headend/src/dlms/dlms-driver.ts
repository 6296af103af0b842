import { DecodeError, LinkError } from "@amity/bytes";
import {
  connectDlms,
  ExceptionResponseError,
  openHdlcLink,
  wrapperLink,
  type ApduTrace,
  type Authentication,
  type MechanismName,
  type PduLink,
  type SecurityOptions,
  type SecuritySuite,
} from "@amity/dlms";
import { decodeDeliveryPayload, PUSH_OBJECT } from "@amity/concentrator";
import type {
  CollectedObject,
  CollectedReadings,
  DeviceSource,
  MeterCapability,
  MeterDriver,
  MeterLink,
  MeterSession,
  PushContext,
  SessionRequest,
} from "../driver.ts";
import { checkRoute } from "../check-route.ts";
import { mediumSettingOf } from "../medium.ts";
import type { CounterLease } from "../invocation-counters.ts";
import type { Device } from "../registry.ts";
import { DlmsExchange } from "./dlms-exchange.ts";
import { DlmsKeys, type CertificationAuthority } from "./dlms-keys.ts";
import { DlmsSession } from "./dlms-session.ts";
import { associationFor, dlmsSettingsOf, type DlmsSettings } from "./dlms-settings.ts";
import { eventsOfBuffer, isEventLog } from "./event-rows.ts";
import { listenHan, pushReceiverOf, readingsOfPush } from "./han-push.ts";
import { HEARD_PROFILE } from "../listening/heard.ts";
import { eventsOfPush } from "./push-events.ts";
import { intervalsOfRows } from "./interval-runs.ts";
import { KeyTrials, promoteKeys } from "./key-sets.ts";
import { checkSystemTitle, SigningTrials, type SigningKeys } from "./signing-keys.ts";
import { LayoutCache } from "./layout-cache.ts";
import {
  assignToSubMeters,
  channelOf,
  channelOfObject,
  HOST_MBUS_LOG,
  rowsOfSubMeter,
  subMeterObjects,
  withOwnCodes,
  ownEventCodes,
} from "./sub-meter.ts";
import { readProfileBuffer } from "./profile-buffer.ts";
import { layoutOfDescription } from "./profile-layout.ts";

export interface DlmsDriverOptions {
  /** Eight octets; one head-end, one title: the invocation counters of all its keys belong to it. */
  readonly systemTitle: Uint8Array;
  /** Issues certificates for meters of suites 1 and 2; without it keys are transferred only. */
  readonly authority?: CertificationAuthority;
  /** Machine ms that one session sends blocks of a firmware for before others have their turn. Default ten minutes. */
  readonly firmwareSliceMs?: number;
}

const CAPABILITIES: ReadonlySet<MeterCapability> = new Set<MeterCapability>([
  "identify",
  "readRegisters",
  "readProfile",
  "readEvents",
  "readClock",
  "setClock",
  "switchSupply",
  "limit",
  "tariff",
  "message",
  "billing",
  "payment",
  "keys",
  "firmware",
  "push",
]);

/** Numbers in hand before an association: AARQ, challenge, the first requests, release. */
const COUNTERS_FOR_OPENING = 64;

/**
 * The DLMS/COSEM driver: logical names, wrapper or HDLC over TCP, or relayed by a concentrator; consumer ports that push lists are
 * listened to (route `listen`).
 */
export function dlmsDriver(options: DlmsDriverOptions): MeterDriver {
  const layouts = new LayoutCache();
  const trials = new KeyTrials();
  const signing = new SigningTrials();
  return {
    protocol: "dlms",
    capabilities: CAPABILITIES,
    checkDevice(device) {
      checkRoute(device, ["direct", "concentrator", "behind", "listen"]);
      if (device.route.kind === "behind") {
        mediumSettingOf(device);
        ownEventCodes(device);
      } else dlmsSettingsOf(device);
    },
    open: (link, request) => openSession(link, request, { ...options, layouts, trials, signing }),
    capabilitiesOf,
    sourcesOf,
    subjectOf,
    interpretDelivery,
    listen: (link, request) => void listenHan(link, request),
    interpretPush: async (device, apdu, { keys, receivedAtMs }) => {
      const push = (await pushReceiverOf(keys, device.meterId)).receive(apdu);
      if (push === undefined) throw new DecodeError("a push in blocks is taken on a line of its own", { offset: 0, code: "blocks" });
      const hasKey = await keys.has({ owner: device.meterId, purpose: "guek" });
      return readingsOfPush(device.meterId, push, { receivedAtMs, hasKey });
    },
  };
}

/** What the sessions of one driver share. */
interface SessionMeans extends DlmsDriverOptions {
  readonly layouts: LayoutCache;
  readonly trials: KeyTrials;
  readonly signing: SigningTrials;
}

async function openSession(link: MeterLink, request: SessionRequest, means: SessionMeans): Promise<MeterSession> {
  const { device, world, counters, timeoutMs } = request;
  let pdus: PduLink | undefined;
  let credentials: Credentials | undefined;
  try {
    const settings = dlmsSettingsOf(device);
    const { clientSap, mechanism } = associationFor(settings, request.purpose);
    pdus = await pduLinkOf(link, settings, clientSap, request);
    const lease = counters.lease(device.meterId);
    credentials = await credentialsOf(request, means, mechanism);
    const { keys, authentication } = credentials;
    const security = keys === undefined ? undefined : securityOf(keys, settings, means.systemTitle, lease);
    if (security !== undefined) await lease.ensure(COUNTERS_FOR_OPENING);
    const trace = traceOf(request);
    const client = await connectDlms(
      pdus,
      {
        clientSap,
        serverSap: settings.serverSap,
        authentication,
        timeoutMs,
        ...(security === undefined ? {} : { security }),
        ...(trace === undefined ? {} : { trace }),
      },
      world,
    );
    await confirmCredentials(credentials, client.association.serverSystemTitle, request, means);
    const exchange = new DlmsExchange({
      client,
      holder: device.meterId,
      clock: world.clock,
      layouts: means.layouts,
      lease: security === undefined ? undefined : lease,
    });
    const keyring = keyringOf(exchange, request, { means, suite: settings.suite, isOpenedWithNext: credentials.isNext });
    const { firmwareSliceMs } = means;
    return new DlmsSession({ exchange, device, behind: request.behind ?? [], keyring, timers: world.timers, firmwareSliceMs });
  } catch (error) {
    if (pdus !== undefined) pdus.abort();
    else if (link.kind === "stream") link.connection.abort();
    await learnCounter(error, counters.lease(device.meterId));
    // A link that failed tells nothing about keys.
    if (!(error instanceof LinkError)) await doubtCredentials(credentials, request, means);
    throw error;
  }
}

/** What an association is opened with. */
interface Credentials {
  readonly authentication: Authentication;
  /** Absent where nothing is ciphered. */
  readonly keys: SecurityOptions["keys"] | undefined;
  /** Whether the keys are those that were sent last; absent where nothing is ciphered. */
  readonly isNext: boolean | undefined;
  /** Present where it is by signature. */
  readonly signed: SigningKeys | undefined;
}

async function credentialsOf(request: SessionRequest, means: SessionMeans, mechanism: MechanismName): Promise<Credentials> {
  const { device, keys: vault, world } = request;
  const authentication = await authenticationOf(request, mechanism);
  if (mechanism !== "hls-gmac" && mechanism !== "hls-ecdsa")
    return { authentication, keys: undefined, isNext: undefined, signed: undefined };
  const { keys, isNext } = await means.trials.choose(vault, device.meterId);
  if (mechanism === "hls-gmac") return { authentication, keys, isNext, signed: undefined };
  const authority = means.authority?.certificate;
  const signed = await means.signing.choose(vault, device.meterId, { authority, nowMs: world.clock.nowMs() });
  return { authentication, keys: { ...keys, elliptic: signed.elliptic }, isNext, signed };
}

/** Keys and certificates that open the meter are the meter's. */
async function confirmCredentials(
  { isNext, signed }: Credentials,
  serverTitle: Uint8Array | undefined,
  { device, keys: vault }: SessionRequest,
  { trials, signing }: SessionMeans,
): Promise<void> {
  if (signed !== undefined) {
    checkSystemTitle(serverTitle, signed);
    await signing.opened(vault, device.meterId);
  }
  if (isNext === true) await promoteKeys(vault, device.meterId);
  else if (isNext === false) await trials.openedWithCurrent(vault, device.meterId);
}

/** Others are tried next time: first the other certificate, then, with each, the other keys. */
async function doubtCredentials(
  credentials: Credentials | undefined,
  { device, keys: vault }: SessionRequest,
  { trials, signing }: SessionMeans,
): Promise<void> {
  const isExhausted = credentials?.signed === undefined || (await signing.failed(vault, device.meterId));
  if (isExhausted) await trials.failed(vault, device.meterId);
}

/** Messages over the link: as they are from a concentrator, else in the transport that the meter speaks. */
async function pduLinkOf(link: MeterLink, settings: DlmsSettings, clientSap: number, { world }: SessionRequest): Promise<PduLink> {
  if (link.kind === "relay") return link.messages;
  if (settings.transport === "wrapper") return wrapperLink(link.connection, "client");
  const { serverSap, physicalDevice } = settings;
  return openHdlcLink(link.connection, world.timers, { clientSap, serverSap, ...(physicalDevice === undefined ? {} : { physicalDevice }) });
}

/** A meter that has seen more of our counter than we remember says so: go on above it next time. */
async function learnCounter(error: unknown, lease: CounterLease): Promise<void> {
  if (!(error instanceof ExceptionResponseError)) return;
  const { invocationCounter } = error.response;
  if (invocationCounter !== undefined) await lease.raise(invocationCounter + 1);
}

/** `undefined` where the association is not one that manages under keys. */
function keyringOf(
  exchange: DlmsExchange,
  { device, purpose, keys: vault, world: { random } }: SessionRequest,
  { means, suite, isOpenedWithNext }: { means: SessionMeans; suite: SecuritySuite; isOpenedWithNext: boolean | undefined },
): DlmsKeys | undefined {
  if (purpose !== "manage" || isOpenedWithNext === undefined) return undefined;
  const { systemTitle, authority } = means;
  const { meterId } = device;
  const sent = (): void => means.trials.sent(meterId);
  return new DlmsKeys({ exchange, meterId, vault, random, suite, systemTitle, authority, isOpenedWithNext, sent });
}

function securityOf(keys: SecurityOptions["keys"], settings: DlmsSettings, systemTitle: Uint8Array, lease: CounterLease): SecurityOptions {
  return {
    suite: settings.suite,
    systemTitle,
    keys,
    protection: "authenticated-encrypted",
    ciphering: settings.ciphering,
    sent: lease,
  };
}

async function authenticationOf(request: SessionRequest, mechanism: MechanismName): Promise<Authentication> {
  if (mechanism === "none" || mechanism === "hls-gmac" || mechanism === "hls-ecdsa") return { mechanism };
  const secret = await request.keys.secret({ owner: request.device.meterId, purpose: "password" });
  return mechanism === "lls" ? { mechanism, password: secret } : { mechanism, secret };
}

function traceOf(request: SessionRequest): ApduTrace | undefined {
  const { trace, world } = request;
  if (trace === undefined) return undefined;
  return ({ direction, plain, ciphered }) => {
    const atMs = world.clock.nowMs();
    trace(ciphered === undefined ? { atMs, direction, wire: plain } : { atMs, direction, wire: ciphered, plain });
  };
}

/** The device that a collected object is about: the sender, or the one on the channel that the object names. */
function subjectOf(device: Device, object: string, behind: readonly Device[]): Device | undefined {
  const channel = channelOfObject(object);
  return channel === undefined ? device : behind.find((one) => channelOf(one) === channel);
}

function interpretDelivery(device: Device, delivery: CollectedObject, { behind }: PushContext): CollectedReadings {
  if (delivery.object === PUSH_OBJECT) {
    const events = eventsOfPush(device.meterId, delivery.payload, { receivedAtMs: delivery.collectedAtMs, isAuthentic: false });
    return { intervals: [], registers: [], events };
  }
  const { description, buffer } = decodeDeliveryPayload(delivery.payload);
  if (isEventLog(delivery.object)) {
    const { events } = eventsOfBuffer(device.meterId, delivery.object, buffer);
    const own = device.route.kind === "behind" ? withOwnCodes(events, device) : assignToSubMeters(events, behind);
    return { intervals: [], registers: [], events: own };
  }
  const rows = readProfileBuffer(buffer, layoutOfDescription(description));
  return intervalsOfRows(device.meterId, device.route.kind === "behind" ? rowsOfSubMeter(device, rows) : rows);
}

/** A meter behind another is what its host says of it; a host with such meters keeps one more log. */
function sourcesOf(device: Device, usual: readonly DeviceSource[], behind: readonly Device[]): readonly DeviceSource[] {
  if (device.route.kind === "listen") return [{ profile: HEARD_PROFILE, kind: "intervals", captureMs: QUARTER_MS }];
  const channel = channelOf(device);
  if (channel === undefined)
    return behind.length === 0 ? usual : [...usual, { profile: HOST_MBUS_LOG, kind: "events", captureMs: LOG_GRID_MS }];
  const { profile, log } = subMeterObjects(channel);
  return [
    { profile, kind: "intervals", captureMs: HOUR_MS },
    { profile: log, kind: "events", captureMs: LOG_GRID_MS },
  ];
}

const LOG_GRID_MS = 1_000;
const QUARTER_MS = 900_000;
const HOUR_MS = 3_600_000;
const NOTHING: ReadonlySet<MeterCapability> = new Set();
/** A concentrator that collects under the meter's keys would be locked out by new ones. */
const OFFERED_BEHIND_KEY_HOLDER: ReadonlySet<MeterCapability> = new Set([...CAPABILITIES].filter((capability) => capability !== "keys"));

/** A meter behind another has a valve unless its setting `valve` says that it has none. */
function capabilitiesOf({ route, settings }: Device): ReadonlySet<MeterCapability> {
  if (route.kind === "listen") return NOTHING;
  if (route.kind === "concentrator") return settings["concentratorAuth"] === "lls" ? CAPABILITIES : OFFERED_BEHIND_KEY_HOLDER;
  if (route.kind !== "behind") return CAPABILITIES;
  return settings["valve"] === false ? OFFERED_BEHIND : OFFERED_WITH_VALVE;
}

/** Behind another there is no clock to set. */
const OFFERED_BEHIND: ReadonlySet<MeterCapability> = new Set(["identify", "readRegisters", "readProfile", "readEvents"]);
const OFFERED_WITH_VALVE: ReadonlySet<MeterCapability> = new Set([...OFFERED_BEHIND, "switchSupply"]);
