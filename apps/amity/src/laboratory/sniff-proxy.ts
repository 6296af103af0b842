import type { Address, Connection, Listener, Network } from "@amity/runtime";
import { SniffedSession, type SniffedItem, type SniffedSide, type SniffOptions } from "./sniffed-session.ts";

/** What a proxy tells of one connection. */
export type SniffEvent =
  | { readonly kind: "opened"; readonly connection: number; readonly remote: Address }
  | { readonly kind: "said"; readonly connection: number; readonly item: SniffedItem }
  | { readonly kind: "closed"; readonly connection: number; readonly by: SniffedSide; readonly error: string | undefined };

export interface SniffProxyOptions extends SniffOptions {
  readonly listen: Address;
  readonly to: Address;
}

/**
 * Listens, connects each client that comes through to the meter, and tells what both say. Octets are passed on unchanged
 * before they are looked at. @throws LinkError `in-use`.
 */
export function openSniffProxy(network: Network, options: SniffProxyOptions, tell: (event: SniffEvent) => void): Promise<Listener> {
  let connections = 0;
  return network.listen(options.listen, (client) => {
    const connection = ++connections;
    tell({ kind: "opened", connection, remote: client.remote });
    network.connect(options.to).then(
      (meter) => join({ client, meter }, new SniffedSession(options), (event) => tell({ ...event, connection })),
      (error: unknown) => {
        tell({ kind: "closed", connection, by: "meter", error: error instanceof Error ? error.message : String(error) });
        client.abort();
      },
    );
  });
}

type OwnEvent = { readonly kind: "said"; readonly item: SniffedItem } | Omit<Extract<SniffEvent, { kind: "closed" }>, "connection">;

function join(ends: Readonly<Record<SniffedSide, Connection>>, session: SniffedSession, tell: (event: OwnEvent) => void): void {
  let isOver = false;
  const bind = (from: SniffedSide, to: SniffedSide): void =>
    ends[from].bind({
      data(chunk) {
        ends[to].send(chunk);
        for (const item of session.feed(from, chunk)) tell({ kind: "said", item });
      },
      closed(error) {
        if (isOver) return;
        isOver = true;
        if (error === undefined) ends[to].close();
        else ends[to].abort();
        tell({ kind: "closed", by: from, error: error?.message });
      },
    });
  bind("client", "meter");
  bind("meter", "client");
}
