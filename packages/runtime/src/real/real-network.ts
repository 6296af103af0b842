import { createSocket } from "node:dgram";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { LinkError } from "@amity/bytes";
import type { Address, Connection, DatagramSocket, Listener, Network } from "../network.ts";
import { linkError, SocketConnection } from "./socket-connection.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** Of one listener. */
const CONNECTIONS_MAX = 4_096;

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
        resolve(new SocketConnection(socket, remoteOf(socket)));
      });
    });
  },

  listen: (address, accept) => listenWithLimit(address, accept, CONNECTIONS_MAX),

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

/**
 * Listens on a TCP port for so many connections at a time. For one more the oldest that has never said anything makes room: who only holds
 * connections shuts nobody out. Where each has spoken, the newcomer is closed.
 */
export function listenWithLimit(address: Address, accept: (connection: Connection) => void, connectionsMax: number): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const open = new Set<Socket>();
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
      if (open.size >= connectionsMax) {
        const silent = firstSilent(open);
        if (silent === undefined) return void socket.destroy();
        open.delete(silent);
        silent.destroy();
      }
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      accept(new SocketConnection(socket, remoteOf(socket)));
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
      });
    });
  });
}

function firstSilent(open: ReadonlySet<Socket>): Socket | undefined {
  for (const socket of open) if (socket.bytesRead === 0) return socket;
  return undefined;
}

function name({ host, port }: Address): string {
  return `${host}:${port}`;
}

function remoteOf(socket: Socket): Address {
  return { host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
}
