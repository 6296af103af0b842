import { DecodeError } from "@amity/bytes";
import {
  decodeInstant,
  encodeWrapper,
  obisFromOctets,
  PushReceiver,
  senderOfPush,
  WrapperReader,
  type DlmsData,
  type Push,
  type PushSender,
  type WrapperPdu,
} from "@amity/dlms";
import { kindsOfAlarm } from "@amity/headend";
import type { EndDeviceEvent, MeterId } from "@amity/model";
import type { Address, Connection, Network, Timers } from "@amity/runtime";

/** What the receiver does with a push. */
export interface PushReceiverParts {
  readonly network: Network;
  readonly timers: Timers;
  readonly host: string;
  /** For datagrams and connections alike; 0: a free one. */
  readonly port: number;
  /** The meter behind a logical device name; `undefined` for strangers. */
  readonly meterOf: (logicalDeviceName: string) => MeterId | undefined;
  /** The keys of a sender by its system title, for protected pushes; without it, or `undefined`, they are refused. */
  readonly senderOf?: (systemTitle: Uint8Array) => Promise<PushSender | undefined>;
  /** Our system title: confirmations go out under the protection of their push where the sender's counter is known, too. */
  readonly systemTitle?: Uint8Array;
  /** Takes alarms that nobody waits for: hints, quickly shown. */
  readonly onEvent: (event: EndDeviceEvent) => void;
  /** Takes every other push (values, profiles, and all that must be confirmed) as it came; resolves when it is safe. */
  readonly onPush?: (meterId: MeterId, apdu: Uint8Array) => Promise<void>;
  /** What is no push of ours, with the reason: counted, never fatal. */
  readonly onRefused: (reason: string) => void;
}

/** Where pushes are listened for. */
export interface ListeningForPushes {
  readonly address: Address;
  close(): Promise<void>;
}

/** Last gasps have a code of their own, as in the event log. */
const LAST_GASP_CODE = 82;
/** Meters that hold a connection at the same time; for one more the oldest makes room: a push takes no time. */
const CONNECTIONS_MAX = 1_024;
/** Pushes that are being kept at the same time: more are refused, and sent again by meters that want them confirmed. */
const UNDER_WAY_MAX = 1_024;
/** Machine time for a push and its confirmation: who only holds a connection loses it. */
const CONNECTION_MS = 60_000;

/**
 * Takes Data-Notifications over UDP and TCP with the wrapper (IEC 62056-4-7): last gasps, alarms and values of meters, sent by themselves
 * or passed on by a concentrator, in the clear or protected, and confirms those that ask for it once they are safe. What is not
 * authenticated is a hint: an alarm to look at, never a fact to bill by.
 */
export async function listenForPushes(parts: PushReceiverParts): Promise<ListeningForPushes> {
  const { network, host } = parts;
  let underWay = 0;
  const take = async (pdu: WrapperPdu, answer: (pdu: Uint8Array) => void): Promise<void> => {
    if (underWay >= UNDER_WAY_MAX) return parts.onRefused(`${UNDER_WAY_MAX} pushes are under way`);
    underWay++;
    await takePush(pdu, answer, parts);
    underWay--;
  };
  const socket = await network.datagram({ host, port: parts.port }, (datagram, from) => {
    const answer = (pdu: Uint8Array): void => socket.send(pdu, from);
    for (const pdu of pdusOf(new WrapperReader(), datagram, parts)) void take(pdu, answer);
  });
  const connections = new Set<Connection>();
  try {
    const listener = await network.listen({ host, port: socket.address.port }, (connection) => {
      const [oldest] = connections;
      if (connections.size >= CONNECTIONS_MAX) oldest?.abort();
      connections.add(connection);
      const timer = parts.timers.after(CONNECTION_MS, () => connection.abort());
      const reader = new WrapperReader();
      connection.bind({
        data(chunk) {
          for (const pdu of pdusOf(reader, chunk, parts, () => connection.abort()))
            void take(pdu, (answer) => connections.has(connection) && connection.send(answer));
        },
        closed() {
          timer.cancel();
          connections.delete(connection);
        },
      });
    });
    const close = async (): Promise<void> => {
      socket.close();
      for (const connection of connections) connection.abort();
      await listener.close();
    };
    return { address: socket.address, close };
  } catch (error) {
    socket.close();
    throw error;
  }
}

function pdusOf(reader: WrapperReader, octets: Uint8Array, parts: PushReceiverParts, broken?: () => void): readonly WrapperPdu[] {
  try {
    return reader.push(octets);
  } catch (error) {
    parts.onRefused(error instanceof Error ? error.message : String(error));
    broken?.();
    return [];
  }
}

/** Whatever a push does, or the database below, it ends neither the receiver nor the program. */
async function takePush(
  { apdu, source, destination }: WrapperPdu,
  answer: (pdu: Uint8Array) => void,
  parts: PushReceiverParts,
): Promise<void> {
  try {
    const push = await opened(apdu, parts);
    const isTaken = await keep(push, apdu, parts);
    if (!isTaken) return parts.onRefused("from a meter that is not registered");
    if (push.confirmation !== undefined) answer(encodeWrapper(destination, source, push.confirmation));
  } catch (error) {
    parts.onRefused(error instanceof Error ? error.message : String(error));
  }
}

/** Pushes of many senders share this port: each is one by itself, never a block of another. */
async function opened(apdu: Uint8Array, { senderOf, systemTitle }: PushReceiverParts): Promise<Push> {
  const title = senderOfPush(apdu);
  const sender = title === undefined ? undefined : await senderOf?.(title);
  const push = new PushReceiver({ senderOf: () => sender, ...(systemTitle === undefined ? {} : { systemTitle }) }).receive(apdu);
  if (push?.notification === undefined) throw new DecodeError("not a notification", { offset: 0 });
  return push;
}

/** @returns false for a push of a stranger. */
async function keep(push: Push, apdu: Uint8Array, parts: PushReceiverParts): Promise<boolean> {
  const body = push.notification?.body;
  const [setup, name, stamp, alarm] = body?.type === "structure" ? body.value : [];
  const meterId = parts.meterOf(new TextDecoder().decode(octetsOf(name, "logical device name")));
  const atMs = decodeInstant(octetsOf(stamp, "time"));
  if (meterId === undefined || atMs === undefined) return false;
  const log = obisFromOctets(octetsOf(setup, "push setup"));
  if (parts.onPush !== undefined && (push.confirmation !== undefined || !log.startsWith(ALARM_SETUP))) await parts.onPush(meterId, apdu);
  else if (log.startsWith(ALARM_SETUP) && alarm?.type === "double-long-unsigned") {
    const detail = `alarm descriptor ${alarm.value}${isAuthentic(push) ? ", authenticated" : ""}`;
    for (const { kind, bit } of kindsOfAlarm(alarm.value))
      parts.onEvent({ meterId, atMs, kind, log, code: kind === "lastGasp" ? LAST_GASP_CODE : bit, detail });
  }
  return true;
}

/** Push setup on alarm: other setups say who is there, or what was measured. */
const ALARM_SETUP = "0-4:25.9.0";

function isAuthentic({ protection, isSigned }: Push): boolean {
  return protection === "authenticated" || protection === "authenticated-encrypted" || isSigned === true;
}

function octetsOf(data: DlmsData | undefined, what: string): Uint8Array {
  if (data?.type === "octet-string") return data.value;
  throw new DecodeError(`the push has no ${what}`, { offset: 0 });
}
