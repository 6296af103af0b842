import { createSocket } from "node:dgram";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { LinkError } from "@amity/bytes";
import type { Address, Connection, ConnectionHandlers, DatagramSocket, Listener, Network } from "../network.ts";

/** A connection whose peer does not read is ended when this many octets wait. */
const BACKLOG_MAX = 16 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;

/** TCP and UDP of the platform. */
export const realNetwork: Network = {
  connect(address, options = {}) {
    return new Promise((resolve, reject) => {
      const socket = connectTcp({ host: address.host, port: address.port, noDelay: true });
      const timeoutMs = options.timeoutMs ?? CONNECT_TIMEOUT_MS;
      const timer = setTimeout(
        () => fail(new LinkError(`no answer from ${name(address)} in ${timeoutMs} ms`, { code: "timeout" })),
        timeoutMs,
      );
      const onAbort = (): void => fail(new LinkError(`connecting to ${name(address)} was given up`, { code: "aborted" }));
      const settle = (): void => {
        clearTimeout(timer);
        options.signal?.removeEventListener("abort", onAbort);
      };
      const fail = (error: LinkError): void => {
        settle();
        socket.destroy();
        reject(error);
      };
      options.signal?.addEventListener("abort", onAbort, { once: true });
      socket.once("error", (error) => fail(linkError(address, error)));
      socket.once("connect", () => {
        settle();
        socket.removeAllListeners("error");
        resolve(new TcpConnection(socket));
      });
    });
  },

  listen(address, accept) {
    return new Promise((resolve, reject) => {
      const open = new Set<Socket>();
      const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
        open.add(socket);
        socket.once("close", () => open.delete(socket));
        accept(new TcpConnection(socket));
      });
      server.once("error", (error) => reject(linkError(address, error)));
      server.listen({ host: address.host, port: address.port, backlog: 511 }, () => {
        const bound = server.address();
        const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
        resolve({
          address: { host: address.host, port },
          close: () =>
            new Promise<void>((done) => {
              server.close(() => done());
              for (const socket of open) socket.destroy();
            }),
        } satisfies Listener);
      });
    });
  },

  datagram(address, receive) {
    return new Promise((resolve, reject) => {
      const socket = createSocket(address.host.includes(":") ? "udp6" : "udp4");
      socket.once("error", (error) => reject(linkError(address, error)));
      socket.on("message", (data, from) => receive(new Uint8Array(data), { host: from.address, port: from.port }));
      socket.bind(address.port, address.host, () => {
        resolve({
          address: { host: address.host, port: socket.address().port },
          send: (data, to) => socket.send(data, to.port, to.host),
          close: () => socket.close(),
        } satisfies DatagramSocket);
      });
    });
  },
};

class TcpConnection implements Connection {
  readonly remote: Address;
  readonly #socket: Socket;
  #error: LinkError | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.remote = { host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
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

  abort(): void {
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

function linkError(address: Address, cause: Error): LinkError {
  const known = CODES["code" in cause ? String(cause.code) : ""];
  if (known === undefined) return new LinkError(`${name(address)}: ${cause.message}`, { code: "link", cause });
  return new LinkError(`${name(address)} ${known.text}`, {
    code: known.code,
    cause,
    ...(known.advice === undefined ? {} : { advice: known.advice }),
  });
}
