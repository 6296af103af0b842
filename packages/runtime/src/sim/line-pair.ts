import type { Connection, ConnectionHandlers } from "../network.ts";

/** Two ends of a line without network: what one sends the other gets in the next microtask. */
export function linePair(): [Connection, Connection] {
  const ends = [new End(), new End()] as const;
  ends[0].peer = ends[1];
  ends[1].peer = ends[0];
  return [ends[0], ends[1]];
}

class End implements Connection {
  readonly remote = { host: "pair", port: 0 };
  readonly backlog = 0;
  peer: End | undefined;
  #handlers: ConnectionHandlers | undefined;

  bind(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
  }
  send(data: Uint8Array): void {
    const copy = data.slice();
    queueMicrotask(() => this.peer?.deliver(copy));
  }
  deliver(data: Uint8Array): void {
    this.#handlers?.data(data);
  }
  drained(): Promise<void> {
    return Promise.resolve();
  }
  close(): void {
    queueMicrotask(() => {
      this.#handlers?.closed(undefined);
      this.peer?.end();
    });
  }
  abort(): void {
    this.close();
  }
  end(): void {
    this.#handlers?.closed(undefined);
  }
}
