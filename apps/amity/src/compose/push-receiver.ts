import { AmityError, ByteReader, DecodeError } from "@amity/bytes";
import { decodeInstant, isNotification, obisFromOctets, readNotification, type DlmsData } from "@amity/dlms";
import type { EndDeviceEvent, MeterId } from "@amity/model";
import type { DatagramSocket, Network } from "@amity/runtime";

/** What the receiver does with a push. */
export interface PushReceiverParts {
  readonly network: Network;
  readonly host: string;
  readonly port: number;
  /** The meter behind a logical device name; `undefined` for strangers. */
  readonly meterOf: (logicalDeviceName: string) => MeterId | undefined;
  readonly onEvent: (event: EndDeviceEvent) => void;
  /** A datagram that is no push of ours, with the reason: counted, never fatal. */
  readonly onRefused: (reason: string) => void;
}

const WRAPPER_HEADER_OCTETS = 8;
const LAST_GASP_CODE = 82;

/**
 * Takes Data-Notifications over UDP with the wrapper (IEC 62056-4-7): last gasps of meters, sent by themselves or passed on
 * by a concentrator. They are not authenticated, so they are hints: an alarm to look at, never a fact to bill by.
 */
export function listenForPushes(parts: PushReceiverParts): Promise<DatagramSocket> {
  return parts.network.datagram({ host: parts.host, port: parts.port }, (data) => {
    try {
      const event = eventOf(data, parts);
      if (event === undefined) parts.onRefused("from a meter that is not registered");
      else parts.onEvent(event);
    } catch (error) {
      if (!(error instanceof AmityError)) throw error;
      parts.onRefused(error.message);
    }
  });
}

function eventOf(datagram: Uint8Array, parts: PushReceiverParts): EndDeviceEvent | undefined {
  const reader = new ByteReader(datagram);
  reader.skip(WRAPPER_HEADER_OCTETS - 2);
  const apdu = reader.bytes(reader.u16());
  if (!isNotification(apdu)) throw new DecodeError("not a notification", { offset: WRAPPER_HEADER_OCTETS });
  const { body } = readNotification(apdu);
  const [setup, name, stamp, alarm] = body.type === "structure" ? body.value : [];
  const meterId = parts.meterOf(new TextDecoder().decode(octetsOf(name, "logical device name")));
  const atMs = decodeInstant(octetsOf(stamp, "time"));
  if (meterId === undefined || atMs === undefined) return undefined;
  const log = obisFromOctets(octetsOf(setup, "push setup"));
  const detail = alarm?.type === "double-long-unsigned" ? `alarm descriptor ${alarm.value}` : "";
  return { meterId, atMs, kind: "lastGasp", log, code: LAST_GASP_CODE, detail };
}

function octetsOf(data: DlmsData | undefined, what: string): Uint8Array {
  if (data?.type === "octet-string") return data.value;
  throw new DecodeError(`the push has no ${what}`, { offset: WRAPPER_HEADER_OCTETS });
}
