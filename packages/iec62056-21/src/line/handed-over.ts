import type { LinkError } from "@amity/bytes";
import type { Connection, ConnectionHandlers } from "@amity/runtime";

/** What may wait for the new owner (octets): a frame and more. */
const WAITING_OCTETS_MAX = 8192;

/** A connection after mode E: the local port delivers what arrives, the new owner (HDLC) has everything else. */
export class HandedOver implements Connection {
  readonly #connection: Connection;
  #owner: ConnectionHandlers | undefined;
  #waiting: Uint8Array[] = [];
  #waitingOctets = 0;
  #end: { readonly error: LinkError | undefined } | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  deliver(chunk: Uint8Array): void {
    if (this.#owner !== undefined) this.#owner.data(chunk);
    else if (this.#waitingOctets + chunk.length <= WAITING_OCTETS_MAX) {
      this.#waitingOctets += chunk.length;
      this.#waiting.push(chunk);
    }
  }

  ended(error: LinkError | undefined): void {
    this.#end = { error };
    this.#owner?.closed(error);
  }

  bind(handlers: ConnectionHandlers): void {
    this.#owner = handlers;
    for (const chunk of this.#waiting.splice(0)) handlers.data(chunk);
    if (this.#end !== undefined) handlers.closed(this.#end.error);
  }

  get remote(): Connection["remote"] {
    return this.#connection.remote;
  }
  send(data: Uint8Array): void {
    this.#connection.send(data);
  }
  get backlog(): number {
    return this.#connection.backlog;
  }
  drained(): Promise<void> {
    return this.#connection.drained();
  }
  close(): void {
    this.#connection.close();
  }
  abort(reason?: LinkError): void {
    this.#connection.abort(reason);
  }
}
