import type { LinkError } from "@amity/bytes";
import type { Address, DatagramSocket, Network } from "@amity/runtime";
import type { PduLink, PduLinkHandlers, SapPair } from "./pdu-link.ts";
import { WrapperReader, encodeWrapper, type WrapperPdu } from "./wrapper.ts";

/** Peers of one UDP port that are remembered at a time: the one heard of longest ago makes room. */
const PEERS_MAX = 10_000;

/**
 * The wrapper over UDP (IEC 62056-4-7), as the client of one server: one PDU a datagram. What is lost is lost: the
 * client's time-out finds it out. @throws LinkError `in-use`.
 */
export async function openDatagramLink(network: Network, local: Address, server: Address): Promise<PduLink> {
  const link = new DatagramLink(
    "client",
    (apdu) => socket.send(apdu, server),
    () => socket.close(),
  );
  const socket = await network.datagram(local, (datagram, from) => {
    if (from.port === server.port && from.host === server.host) link.receive(datagram);
  });
  return link;
}

/** Serves the wrapper on a UDP port: `accept` is given a link for every peer that is heard of for the first time. @throws LinkError `in-use`. */
export async function listenDatagrams(
  network: Network,
  local: Address,
  accept: (link: PduLink, from: Address) => void,
): Promise<DatagramSocket> {
  const peers = new Map<string, DatagramLink>();
  const socket = await network.datagram(local, (datagram, from) => {
    const key = `${from.host} ${from.port}`;
    let link = peers.get(key);
    if (link === undefined) {
      link = new DatagramLink(
        "server",
        (apdu) => socket.send(apdu, from),
        () => void peers.delete(key),
      );
      const [oldest] = peers.values();
      if (peers.size >= PEERS_MAX) oldest?.abort();
      peers.set(key, link);
      accept(link, from);
    }
    link.receive(datagram);
  });
  return socket;
}

class DatagramLink implements PduLink {
  /** Datagrams are handed over at once: nothing waits here. */
  readonly backlog = 0;
  readonly isUnreliable = true;
  readonly #side: "client" | "server";
  readonly #send: (datagram: Uint8Array) => void;
  readonly #ended: () => void;
  #handlers: PduLinkHandlers | undefined;
  #isOpen = true;

  constructor(side: "client" | "server", send: (datagram: Uint8Array) => void, ended: () => void) {
    this.#side = side;
    this.#send = send;
    this.#ended = ended;
  }

  bind(handlers: PduLinkHandlers): void {
    this.#handlers = handlers;
  }

  /** A datagram that is no whole PDU is dropped: there is no stream that it could break. */
  receive(datagram: Uint8Array): void {
    if (!this.#isOpen) return;
    for (const { source, destination, apdu } of pdusOf(datagram)) {
      const saps = this.#side === "client" ? { clientSap: destination, serverSap: source } : { clientSap: source, serverSap: destination };
      this.#handlers?.apdu(apdu, saps);
    }
  }

  send(apdu: Uint8Array, saps: SapPair): void {
    if (!this.#isOpen) return;
    const [source, destination] = this.#side === "client" ? [saps.clientSap, saps.serverSap] : [saps.serverSap, saps.clientSap];
    this.#send(encodeWrapper(source, destination, apdu));
  }

  close(): void {
    this.#end(undefined);
  }

  abort(): void {
    this.#end(undefined);
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  #end(error: LinkError | undefined): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#ended();
    this.#handlers?.closed(error);
  }
}

function pdusOf(datagram: Uint8Array): WrapperPdu[] {
  try {
    return new WrapperReader().push(datagram);
  } catch {
    // Not the wrapper: whoever sent it is not ours.
    return [];
  }
}
