import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Keeps a server's connections to so many. Past that the one that has asked nothing for longest makes room: who opens connections and says
 * nothing, or says it drop by drop, shuts nobody else out. Where every one of them waits for an answer, the newcomer is closed.
 */
export function limitConnections(server: Server, connectionsMax: number): void {
  /** The request that each is at, those that asked longest ago first. */
  const open = new Map<Socket, IncomingMessage | undefined>();
  const now = (socket: Socket, request: IncomingMessage | undefined): void => {
    if (open.delete(socket)) open.set(socket, request);
  };
  server.on("connection", (socket: Socket) => {
    if (open.size >= connectionsMax) {
      const idle = firstIdle(open);
      if (idle === undefined) return void socket.destroy();
      open.delete(idle);
      idle.destroy();
    }
    open.set(socket, undefined);
    socket.once("close", () => open.delete(socket));
  });
  server.on("request", (request, answer) => {
    const { socket } = request;
    now(socket, request);
    answer.once("close", () => {
      if (open.get(socket) === request) now(socket, undefined);
    });
  });
}

/** Without a request, or with one whose end has not come. */
function firstIdle(open: ReadonlyMap<Socket, IncomingMessage | undefined>): Socket | undefined {
  for (const [socket, request] of open) if (request?.complete !== true) return socket;
  return undefined;
}
