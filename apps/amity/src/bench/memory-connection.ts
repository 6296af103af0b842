import type { Connection, ConnectionHandlers } from "@amity/runtime";

/** Two ends of a stream in one process that hand octets over at once: what is measured is what stands on both sides of it. */
export function memoryConnections(): [Connection, Connection] {
  const handlers: (ConnectionHandlers | undefined)[] = [undefined, undefined];
  let isOpen = true;
  const end = (): void => {
    if (!isOpen) return;
    isOpen = false;
    for (const one of handlers) one?.closed(undefined);
  };
  const side = (own: 0 | 1): Connection => ({
    remote: { host: "memory", port: 0 },
    bind: (given) => void (handlers[own] = given),
    send: (octets) => {
      if (isOpen) handlers[1 - own]?.data(octets);
    },
    backlog: 0,
    drained: () => Promise.resolve(),
    close: end,
    abort: end,
  });
  return [side(0), side(1)];
}
