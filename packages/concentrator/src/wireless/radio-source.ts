import { fromHex } from "@amity/bytes";
import { CONCENTRATOR_STATION, type Medium } from "@amity/network";
import type { Address, Timer, World } from "@amity/runtime";

/** What takes a telegram from the air. */
export type RadioHandler = (octets: Uint8Array) => void;

/** An ear for wireless M-Bus. */
export interface RadioSource {
  /** Begins to hear. Called once. @throws LinkError where it cannot. */
  listen(handler: RadioHandler): Promise<void>;
  stop(): Promise<void>;
}

/** The radio of a simulated medium: every frame that reaches the concentrator's station is a telegram. */
export function mediumRadio(medium: Medium): RadioSource {
  let detach: (() => void) | undefined;
  return {
    listen(handler) {
      const station = medium.attach(CONCENTRATOR_STATION, (frame) => handler(frame));
      detach = () => station.detach();
      return Promise.resolve();
    },
    stop() {
      detach?.();
      return Promise.resolve();
    },
  };
}

/** Telegrams by UDP: one datagram is one telegram, its octets as they were on air. */
export function datagramRadio(world: Pick<World, "network">, address: Address): RadioSource & { readonly address: Address | undefined } {
  let socket: Awaited<ReturnType<World["network"]["datagram"]>> | undefined;
  return {
    get address() {
      return socket?.address;
    },
    async listen(handler) {
      socket = await world.network.datagram(address, (octets) => handler(octets));
    },
    stop() {
      socket?.close();
      return Promise.resolve();
    },
  };
}

const LINE_CHARACTERS_MAX = 2_048;
const RECONNECT_FIRST_MS = 1_000;
const RECONNECT_MS_MAX = 60_000;

/**
 * Telegrams of a gateway by TCP, to which this connects: one line is one telegram in hexadecimal, its octets as they were on air.
 * Spaces, a leading `b` (other receivers mark frame format B so) and what stands behind a semicolon are passed over; lines that are
 * none are left out. The connection is made again whenever it ends.
 */
export function gatewayRadio(world: Pick<World, "network" | "timers" | "random">, address: Address): RadioSource {
  let isRunning = false;
  let abort: () => void = () => {};
  let timer: Timer | undefined;
  let failures = 0;
  const again = (handler: RadioHandler): void => {
    if (!isRunning) return;
    const ceilingMs = Math.min(RECONNECT_MS_MAX, RECONNECT_FIRST_MS * 2 ** Math.min(failures, 10));
    timer = world.timers.after(ceilingMs * (0.5 + 0.5 * world.random.float()), () => void connect(handler));
  };
  const connect = async (handler: RadioHandler): Promise<void> => {
    try {
      const connection = await world.network.connect(address);
      if (!isRunning) return connection.abort();
      abort = () => connection.abort();
      const lines = new LineReader((line) => {
        const octets = telegramOfLine(line);
        if (octets === undefined) return;
        failures = 0;
        handler(octets);
      });
      connection.bind({ data: (chunk) => lines.push(chunk), closed: () => again(handler) });
    } catch {
      // The next attempt comes; a concentrator without its radio hears nothing, which shows by itself.
      again(handler);
    }
    failures++;
    return undefined;
  };
  return {
    listen(handler) {
      isRunning = true;
      return connect(handler);
    },
    stop() {
      isRunning = false;
      timer?.cancel();
      abort();
      return Promise.resolve();
    },
  };
}

/** The octets of a line of hexadecimal digits; `undefined` for what is none. */
export function telegramOfLine(line: string): Uint8Array | undefined {
  const text = line.replace(/;.*$/, "").replaceAll(/\s/g, "");
  const digits = text.length % 2 === 1 ? text.replace(/^b/i, "") : text;
  return /^(?:[0-9A-Fa-f]{2})+$/.test(digits) ? fromHex(digits) : undefined;
}

/** Cuts a stream of text into lines; one that grows too long is dropped to its end. */
class LineReader {
  readonly #take: (line: string) => void;
  readonly #decoder = new TextDecoder("latin1");
  #held = "";
  #isDropping = false;

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#held + this.#decoder.decode(chunk)).split("\n");
    this.#held = lines.pop() ?? "";
    for (const line of lines) {
      if (!this.#isDropping) this.#take(line);
      this.#isDropping = false;
    }
    if (this.#held.length <= LINE_CHARACTERS_MAX) return;
    this.#held = "";
    this.#isDropping = true;
  }
}
