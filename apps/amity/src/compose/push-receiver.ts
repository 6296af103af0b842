import { ByteReader, DecodeError } from "@amity/bytes";
import { decodeInstant, obisFromOctets, PushReceiver, type DlmsData, type PushSender, type Push } from "@amity/dlms";
import { kindsOfAlarm } from "@amity/headend";
import type { EndDeviceEvent, MeterId } from "@amity/model";
import type { DatagramSocket, Network } from "@amity/runtime";

/** What the receiver does with a push. */
export interface PushReceiverParts {
  readonly network: Network;
  readonly host: string;
  readonly port: number;
  /** The meter behind a logical device name; `undefined` for strangers. */
  readonly meterOf: (logicalDeviceName: string) => MeterId | undefined;
  /** The keys of a sender by its system title, for ciphered pushes; without it, or `undefined`, they are refused. */
  readonly senderOf?: (systemTitle: Uint8Array) => Promise<PushSender | undefined>;
  readonly onEvent: (event: EndDeviceEvent) => void;
  /** A datagram that is no push of ours, with the reason: counted, never fatal. */
  readonly onRefused: (reason: string) => void;
}

const WRAPPER_HEADER_OCTETS = 8;
/** Its tag; the sender's title of eight octets follows, with its length. */
const GENERAL_GLO_CIPHERING = 0xdb;
/** Last gasps have a code of their own, as in the event log. */
const LAST_GASP_CODE = 82;

/**
 * Takes Data-Notifications over UDP with the wrapper (IEC 62056-4-7): last gasps and alarms of meters, sent by themselves
 * or passed on by a concentrator, in the clear or ciphered. What is not authenticated is a hint: an alarm to look at,
 * never a fact to bill by.
 */
export function listenForPushes(parts: PushReceiverParts): Promise<DatagramSocket> {
  return parts.network.datagram({ host: parts.host, port: parts.port }, (data) => void take(data, parts));
}

async function take(datagram: Uint8Array, parts: PushReceiverParts): Promise<void> {
  try {
    const events = await eventsOf(datagram, parts);
    if (events === undefined) parts.onRefused("from a meter that is not registered");
    for (const event of events ?? []) parts.onEvent(event);
  } catch (error) {
    parts.onRefused(error instanceof Error ? error.message : String(error));
  }
}

async function eventsOf(datagram: Uint8Array, parts: PushReceiverParts): Promise<EndDeviceEvent[] | undefined> {
  const reader = new ByteReader(datagram);
  reader.skip(WRAPPER_HEADER_OCTETS - 2);
  const apdu = reader.bytes(reader.u16());
  const sender = apdu[0] === GENERAL_GLO_CIPHERING ? await parts.senderOf?.(apdu.slice(2, 10)) : undefined;
  // Datagrams of many senders share this port: each is a push of its own, never a block of another.
  const push = new PushReceiver({ senderOf: () => sender }).receive(apdu);
  if (push?.notification === undefined) throw new DecodeError("not a notification", { offset: WRAPPER_HEADER_OCTETS });
  const { body } = push.notification;
  const [setup, name, stamp, alarm] = body.type === "structure" ? body.value : [];
  const meterId = parts.meterOf(new TextDecoder().decode(octetsOf(name, "logical device name")));
  const atMs = decodeInstant(octetsOf(stamp, "time"));
  if (meterId === undefined || atMs === undefined) return undefined;
  const log = obisFromOctets(octetsOf(setup, "push setup"));
  if (alarm?.type !== "double-long-unsigned" || !log.startsWith(ALARM_SETUP)) return [];
  const detail = `alarm descriptor ${alarm.value}${isAuthentic(push) ? ", authenticated" : ""}`;
  return kindsOfAlarm(alarm.value).map(({ kind, bit }) => ({
    meterId,
    atMs,
    kind,
    log,
    code: kind === "lastGasp" ? LAST_GASP_CODE : bit,
    detail,
  }));
}

/** Push setup on alarm: other setups say who is there, or what was measured. */
const ALARM_SETUP = "0-4:25.9.0";

function isAuthentic({ protection }: Push): boolean {
  return protection === "authenticated" || protection === "authenticated-encrypted";
}

function octetsOf(data: DlmsData | undefined, what: string): Uint8Array {
  if (data?.type === "octet-string") return data.value;
  throw new DecodeError(`the push has no ${what}`, { offset: WRAPPER_HEADER_OCTETS });
}
