import type { Socket } from "node:net";
import { LinkError } from "@amity/bytes";
import type { Address, Connection, ConnectionHandlers } from "../network.ts";

/** A connection whose peer does not read is ended when this many octets wait. */
const BACKLOG_MAX = 4 * 1024 * 1024;

/** A connection over a socket of the platform: TCP, or a terminal line. */
export class SocketConnection implements Connection {
  readonly remote: Address;
  readonly #socket: Socket;
  #error: LinkError | undefined;

  constructor(socket: Socket, remote: Address) {
    this.#socket = socket;
    this.remote = remote;
    socket.pause();
    // Without a listener an error before `bind` would end the process.
    socket.on("error", (error) => (this.#error ??= linkError(this.remote, error)));
  }

  get backlog(): number {
    return this.#socket.writableLength;
  }

  bind(handlers: ConnectionHandlers): void {
    const socket = this.#socket;
    if (socket.destroyed) {
      queueMicrotask(() => handlers.closed(this.#error));
      return;
    }
    socket.on("data", (chunk: Buffer) => handlers.data(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)));
    socket.once("close", () => handlers.closed(this.#error));
    socket.resume();
  }

  send(data: Uint8Array): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    socket.write(data);
    if (socket.writableLength > BACKLOG_MAX) {
      this.#error = new LinkError(`${name(this.remote)} does not read: ${BACKLOG_MAX} octets wait`, { code: "backlog" });
      socket.destroy();
    }
  }

  drained(): Promise<void> {
    const socket = this.#socket;
    if (!socket.writableNeedDrain || socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off("drain", done);
        socket.off("close", done);
        resolve();
      };
      socket.once("drain", done);
      socket.once("close", done);
    });
  }

  close(): void {
    this.#socket.end();
  }

  abort(reason?: LinkError): void {
    this.#error ??= reason;
    this.#socket.destroy();
  }
}

function name(address: Address): string {
  return `${address.host}:${address.port}`;
}

const CODES: Readonly<Record<string, { code: string; text: string; advice?: string }>> = {
  ECONNREFUSED: { code: "refused", text: "refused the connection", advice: "is anything listening there?" },
  EADDRINUSE: { code: "in-use", text: "is already in use", advice: "stop the program that listens there or choose another port" },
  EACCES: { code: "denied", text: "may not be used by this user" },
  ECONNRESET: { code: "reset", text: "reset the connection" },
  EPIPE: { code: "reset", text: "closed the connection" },
  ETIMEDOUT: { code: "timeout", text: "did not answer" },
  EHOSTUNREACH: { code: "unreachable", text: "cannot be reached" },
  ENETUNREACH: { code: "unreachable", text: "cannot be reached" },
  ENOTFOUND: { code: "unreachable", text: "is not a known host" },
};

/** What the platform says, in the words of a link. */
export function linkError(address: Address, cause: Error): LinkError {
  const known = CODES["code" in cause ? String(cause.code) : ""];
  if (known === undefined) return new LinkError(`${name(address)}: ${cause.message}`, { code: "link", cause });
  return new LinkError(`${name(address)} ${known.text}`, {
    code: known.code,
    cause,
    ...(known.advice === undefined ? {} : { advice: known.advice }),
  });
}
