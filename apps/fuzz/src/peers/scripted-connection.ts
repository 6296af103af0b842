import type { LinkError } from "@amity/bytes";
import type { Connection, ConnectionHandlers } from "@amity/runtime";

/** A line whose other end says, whatever it is asked, what an input says next; when the input is used up it stays silent or hangs up. */
export class ScriptedConnection implements Connection {
  readonly remote = { host: "script", port: 0 };
  readonly backlog = 0;
  readonly #answers: Uint8Array[];
  readonly #hangsUp: boolean;
  #handlers: ConnectionHandlers | undefined;
  #isOpen = true;

  constructor(answers: readonly Uint8Array[], hangsUp = true) {
    this.#answers = [...answers];
    this.#hangsUp = hangsUp;
  }

  bind(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
  }

  send(): void {
    queueMicrotask(() => this.next());
  }

  /** The next answer, unasked. */
  next(): void {
    if (!this.#isOpen) return;
    const answer = this.#answers.shift();
    if (answer !== undefined) this.#handlers?.data(answer.slice());
    else if (this.#hangsUp) this.#end(undefined);
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    queueMicrotask(() => this.#end(undefined));
  }

  abort(): void {
    this.close();
  }

  #end(error: LinkError | undefined): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#handlers?.closed(error);
  }
}

/** Both ends of a pair as they are, with all that the second one sends kept in `said`. */
export function overheard(connection: Connection, said: Uint8Array[]): Connection {
  return {
    remote: connection.remote,
    bind: (handlers) => connection.bind(handlers),
    send(octets) {
      said.push(octets.slice());
      connection.send(octets);
    },
    get backlog() {
      return connection.backlog;
    },
    drained: () => connection.drained(),
    close: () => connection.close(),
    abort: () => connection.abort(),
  };
}
