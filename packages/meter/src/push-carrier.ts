import { LinkError } from "@amity/bytes";
import { encodeWrapper } from "@amity/dlms";
import type { Network } from "@amity/runtime";
import { addressOf } from "./dlms/push-objects.ts";

/** A push on its way out. */
export interface OutgoingPush {
  readonly meterId: string;
  /** n of 0-n:25.9.0. */
  readonly setup: number;
  /** `tcp` or `udp`. */
  readonly transport: string;
  /** `host:port`; empty: wherever the meter's network takes it. */
  readonly destination: string;
  /** The client's service access point that it is for. */
  readonly clientSap: number;
  /** Protected as the push setup says. */
  readonly apdu: Uint8Array;
}

/** Takes a push to its destination. Rejects where it could not: the meter tries again. */
export type PushCarrier = (push: OutgoingPush) => Promise<void>;

const MANAGEMENT_SAP = 1;
const CONNECT_TIMEOUT_MS = 10_000;

/** Carries pushes over TCP or UDP with the wrapper (IEC 62056-4-7): a connection for each, closed after it. */
export function networkCarrier(network: Network, localHost = "127.0.0.1"): PushCarrier {
  return async ({ destination, transport, clientSap, apdu }) => {
    const address = addressOf(destination);
    if (address === undefined) throw new LinkError("the push setup names no destination", { code: "unreachable" });
    const message = encodeWrapper(MANAGEMENT_SAP, clientSap, apdu);
    if (transport === "udp") {
      const socket = await network.datagram({ host: localHost, port: 0 }, () => {});
      socket.send(message, address);
      socket.close();
      return;
    }
    const connection = await network.connect(address, { timeoutMs: CONNECT_TIMEOUT_MS });
    connection.bind({ data() {}, closed() {} });
    connection.send(message);
    await connection.drained();
    connection.close();
  };
}
