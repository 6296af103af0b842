import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Keeps a server's connections to so many. Past that the one that has asked nothing for longest makes room: who opens connections and says
 * nothing, or says it drop by drop, shuts nobody else out. Where every one of them waits for an answer, the newcomer is closed.
 */
export function limitConnections(server: Server, connectionsMax: number): void {
  /** Requests under way of each, the ones that asked longest ago first. */
  const open = new Map<Socket, number>();
  const count = (socket: Socket, change: number): void => {
    const underWay = open.get(socket);
    if (underWay === undefined) return;
    open.delete(socket);
    open.set(socket, underWay + change);
  };
  server.on("connection", (socket: Socket) => {
    if (open.size >= connectionsMax) {
      const idle = firstIdle(open);
      if (idle === undefined) return void socket.destroy();
      open.delete(idle);
      idle.destroy();
    }
    open.set(socket, 0);
    socket.once("close", () => open.delete(socket));
  });
  server.on("request", ({ socket }, answer) => {
    count(socket, 1);
    answer.once("close", () => count(socket, -1));
  });
}

function firstIdle(open: ReadonlyMap<Socket, number>): Socket | undefined {
  for (const [socket, underWay] of open) if (underWay === 0) return socket;
  return undefined;
}
