import { LinkError } from "@amity/bytes";
import type { Address, Connection, ConnectionHandlers, DatagramSocket, Listener, Network } from "../network.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "./scheduler.ts";

/** How the simulated wide-area network behaves. Times in virtual ms. */
export interface NetworkConditions {
  /** One way, for every pair of nodes. */
  latencyMs: number;
  /** Up to this much more, drawn for each segment; a stream keeps its order. */
  jitterMs: number;
  /** Chance that a datagram is lost, and that it comes twice. */
  datagramLoss: number;
  datagramDuplication: number;
  /** A stream that cannot deliver for this long is reset. */
  streamTimeoutMs: number;
}

export const DEFAULT_CONDITIONS: NetworkConditions = {
  latencyMs: 20,
  jitterMs: 10,
  datagramLoss: 0,
  datagramDuplication: 0,
  streamTimeoutMs: 60_000,
};

const CONNECT_TIMEOUT_MS = 10_000;
const FIRST_EPHEMERAL_PORT = 49_152;

/** What a node shows of itself to the network. */
export interface NetworkNode {
  readonly name: string;
  readonly isAlive: () => boolean;
}

interface Socket {
  readonly node: NetworkNode;
  readonly accept: (connection: Connection) => void;
}

/** A reliable network between named nodes, with partitions: `host` in an address is the node's name. */
export class SimNetwork {
  readonly conditions: NetworkConditions = { ...DEFAULT_CONDITIONS };
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #listeners = new Map<string, Socket>();
  readonly #datagrams = new Map<string, { node: NetworkNode; receive: (data: Uint8Array, from: Address) => void }>();
  readonly #cut = new Set<string>();
  readonly #streams = new Set<SimStream>();
  #nextPort = FIRST_EPHEMERAL_PORT;

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  /** Cuts or heals the path between two nodes. Streams across a cut wait, then are reset. */
  setPartition(left: string, right: string, isCut: boolean): void {
    if (isCut) this.#cut.add(pair(left, right));
    else this.#cut.delete(pair(left, right));
  }

  /** Breaks every stream between two nodes now, as a rebooting router does. */
  resetStreams(left: string, right: string): void {
    for (const stream of this.#streams) if (stream.pairName === pair(left, right)) stream.reset("reset");
  }

  /** Forgets a crashed node: its listeners vanish, its peers see a reset. */
  dropNode(node: NetworkNode): void {
    for (const [key, socket] of this.#listeners) if (socket.node === node) this.#listeners.delete(key);
    for (const [key, socket] of this.#datagrams) if (socket.node === node) this.#datagrams.delete(key);
    for (const stream of this.#streams) if (stream.involves(node)) stream.reset("reset");
  }

  networkFor(node: NetworkNode): Network {
    return {
      connect: (address, options = {}) => this.#connect(node, address, options),
      listen: (address, accept) => this.#listen(node, address, accept),
      datagram: (address, receive) => this.#datagram(node, address, receive),
    };
  }

  isCut(left: string, right: string): boolean {
    return this.#cut.has(pair(left, right));
  }

  delayMs(): number {
    return this.conditions.latencyMs + this.#random.float() * this.conditions.jitterMs;
  }

  #connect(node: NetworkNode, address: Address, options: { timeoutMs?: number; signal?: AbortSignal }): Promise<Connection> {
    const timeoutMs = options.timeoutMs ?? CONNECT_TIMEOUT_MS;
    return new Promise((resolve, reject) => {
      const fail = (code: string, text: string): void => {
        if (node.isAlive()) reject(new LinkError(`${address.host}:${address.port} ${text}`, { code }));
      };
      if (options.signal?.aborted) return fail("aborted", "was given up");
      if (this.isCut(node.name, address.host)) {
        this.#scheduler.after(timeoutMs, () => fail("timeout", "did not answer"));
        return undefined;
      }
      this.#scheduler.after(2 * this.delayMs(), () => {
        const socket = this.#listeners.get(`${address.host}:${address.port}`);
        if (!node.isAlive()) return;
        if (socket === undefined) return fail("refused", "refused the connection");
        if (options.signal?.aborted) return fail("aborted", "was given up");
        const stream = new SimStream(this, this.#scheduler, { client: node, server: socket.node, address, port: this.#nextPort++ });
        this.#streams.add(stream);
        stream.onEnd = () => this.#streams.delete(stream);
        socket.accept(stream.serverEnd);
        resolve(stream.clientEnd);
      });
      return undefined;
    });
  }

  #listen(node: NetworkNode, address: Address, accept: (connection: Connection) => void): Promise<Listener> {
    const port = address.port === 0 ? this.#nextPort++ : address.port;
    const key = `${node.name}:${port}`;
    if (this.#listeners.has(key)) return Promise.reject(new LinkError(`${key} is already in use`, { code: "in-use" }));
    this.#listeners.set(key, { node, accept });
    return Promise.resolve({
      address: { host: node.name, port },
      close: () => {
        this.#listeners.delete(key);
        return Promise.resolve();
      },
    });
  }

  #datagram(node: NetworkNode, address: Address, receive: (data: Uint8Array, from: Address) => void): Promise<DatagramSocket> {
    const port = address.port === 0 ? this.#nextPort++ : address.port;
    const from: Address = { host: node.name, port };
    const key = `${from.host}:${from.port}`;
    this.#datagrams.set(key, { node, receive });
    const deliver = (data: Uint8Array, to: Address): void => {
      this.#scheduler.after(this.delayMs(), () => this.#datagrams.get(`${to.host}:${to.port}`)?.receive(data.slice(), from));
    };
    return Promise.resolve({
      address: from,
      send: (data, to) => {
        const copy = data.slice();
        if (!node.isAlive() || this.isCut(node.name, to.host) || this.#random.float() < this.conditions.datagramLoss) return;
        deliver(copy, to);
        if (this.#random.float() < this.conditions.datagramDuplication) deliver(copy, to);
      },
      close: () => void this.#datagrams.delete(key),
    });
  }
}

/** One stream: two ends, in-order delivery, stalls across a partition. */
class SimStream {
  readonly pairName: string;
  readonly clientEnd: StreamEnd;
  readonly serverEnd: StreamEnd;
  onEnd: () => void = () => {};
  readonly #network: SimNetwork;
  readonly #scheduler: Scheduler;
  readonly #client: NetworkNode;
  readonly #server: NetworkNode;

  constructor(
    network: SimNetwork,
    scheduler: Scheduler,
    ends: { client: NetworkNode; server: NetworkNode; address: Address; port: number },
  ) {
    this.#network = network;
    this.#scheduler = scheduler;
    this.#client = ends.client;
    this.#server = ends.server;
    this.pairName = pair(ends.client.name, ends.server.name);
    this.clientEnd = new StreamEnd(this, ends.address);
    this.serverEnd = new StreamEnd(this, { host: ends.client.name, port: ends.port });
  }

  involves(node: NetworkNode): boolean {
    return this.#client === node || this.#server === node;
  }

  /** Moves what one end sent to the other, after the latency, once the path is whole. */
  deliver(from: StreamEnd, act: (to: StreamEnd) => void): void {
    const to = from === this.clientEnd ? this.serverEnd : this.clientEnd;
    const sentMs = this.#scheduler.nowMs;
    const arriveMs = Math.max(from.lastArrivalMs, sentMs + this.#network.delayMs());
    from.lastArrivalMs = arriveMs;
    const attempt = (): void => {
      if (from.isOver && to.isOver) return;
      if (!this.#network.isCut(this.#client.name, this.#server.name)) {
        act(to);
        return;
      }
      if (this.#scheduler.nowMs - sentMs > this.#network.conditions.streamTimeoutMs) this.reset("timeout");
      else this.#scheduler.after(1_000, attempt);
    };
    this.#scheduler.at(arriveMs, attempt);
  }

  reset(code: string): void {
    this.clientEnd.end(new LinkError("the connection was reset", { code }), this.#client.isAlive());
    this.serverEnd.end(new LinkError("the connection was reset", { code }), this.#server.isAlive());
    this.onEnd();
  }
}

class StreamEnd implements Connection {
  readonly remote: Address;
  lastArrivalMs = 0;
  isOver = false;
  backlog = 0;
  readonly #stream: SimStream;
  #handlers: ConnectionHandlers | undefined;
  #waiting: Uint8Array[] = [];
  #ended: { error: LinkError | undefined } | undefined;

  constructor(stream: SimStream, remote: Address) {
    this.#stream = stream;
    this.remote = remote;
  }

  bind(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
    for (const chunk of this.#waiting.splice(0)) handlers.data(chunk);
    if (this.#ended !== undefined) queueMicrotask(() => handlers.closed(this.#ended?.error));
  }

  send(data: Uint8Array): void {
    if (this.isOver) return;
    const copy = data.slice();
    this.#stream.deliver(this, (to) => to.receive(copy));
  }

  receive(data: Uint8Array): void {
    if (this.isOver) return;
    if (this.#handlers === undefined) this.#waiting.push(data);
    else this.#handlers.data(data);
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    if (this.isOver) return;
    this.#stream.deliver(this, (to) => {
      to.end(undefined, true);
      this.end(undefined, true);
      this.#stream.onEnd();
    });
  }

  abort(reason?: LinkError): void {
    if (this.isOver) return;
    if (reason !== undefined) this.end(reason, true);
    this.#stream.reset("reset");
  }

  end(error: LinkError | undefined, tell: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    if (!tell) return;
    this.#ended = { error };
    this.#handlers?.closed(error);
  }
}

function pair(left: string, right: string): string {
  return left < right ? `${left}|${right}` : `${right}|${left}`;
}
