import type { LinkError } from "@amity/bytes";

/** Where to connect or listen. Port 0 asks for a free one when listening. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What the owner of a connection is told. */
export interface ConnectionHandlers {
  /** Octets arrived; the view is the receiver's to keep. */
  data(chunk: Uint8Array): void;
  /** The connection ended: orderly (`undefined`) or with the error. Called once; nothing follows. */
  closed(error: LinkError | undefined): void;
}

/** A reliable stream of octets (TCP, or its simulation). */
export interface Connection {
  readonly remote: Address;
  /** Must be called once; until then arriving octets wait. */
  bind(handlers: ConnectionHandlers): void;
  /** Queues octets. A connection whose backlog passes its limit is aborted with a LinkError. */
  send(data: Uint8Array): void;
  /** Octets queued and not yet taken by the peer's side of the link. */
  readonly backlog: number;
  /** Resolves when the backlog is small again, or the connection has ended. */
  drained(): Promise<void>;
  /** Orderly end after what is queued. */
  close(): void;
  /** Immediate end; whoever is bound is told the reason. */
  abort(reason?: LinkError): void;
}

export interface Listener {
  readonly address: Address;
  /** Stops accepting and aborts what was accepted. */
  close(): Promise<void>;
}

/** Unreliable datagrams (UDP, or its simulation). */
export interface DatagramSocket {
  readonly address: Address;
  send(data: Uint8Array, to: Address): void;
  close(): void;
}

export interface Network {
  /** @throws LinkError (`refused`, `unreachable`, `timeout`). */
  connect(address: Address, options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<Connection>;
  /** @throws LinkError (`in-use`). */
  listen(address: Address, accept: (connection: Connection) => void): Promise<Listener>;
  datagram(address: Address, receive: (data: Uint8Array, from: Address) => void): Promise<DatagramSocket>;
}
