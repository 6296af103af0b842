import { RubbishLimit, fromHex, latin1Text, toHex } from "@amity/bytes";
import { BROADCAST_STATION, CONCENTRATOR_STATION, type Medium, type Station } from "@amity/network";
import type { Address, Timer, Timers, World } from "@amity/runtime";

/** What takes a telegram from the air. */
export type RadioHandler = (octets: Uint8Array) => void;

/** An ear for wireless M-Bus. */
export interface RadioSource {
  /** Begins to hear. Called once. @throws LinkError where it cannot. */
  listen(handler: RadioHandler): Promise<void>;
  /**
   * Sends a telegram whose beginning is due `afterMs` (machine time) after the end of the one that the handler was just given: meters
   * listen for a few milliseconds only. Absent where it only hears.
   */
  send?(octets: Uint8Array, afterMs: number): void;
  stop(): Promise<void>;
}

/** The radio of a simulated medium: every frame that reaches the concentrator's station is a telegram. It only hears without timers. */
export function mediumRadio(medium: Medium, timers?: Pick<Timers, "after">): RadioSource {
  let station: Station | undefined;
  const radio: RadioSource = {
    listen(handler) {
      station = medium.attach(CONCENTRATOR_STATION, (frame) => handler(frame));
      return Promise.resolve();
    },
    stop() {
      station?.detach();
      return Promise.resolve();
    },
  };
  if (timers === undefined) return radio;
  return { ...radio, send: (octets, afterMs) => void timers.after(afterMs, () => station?.send(BROADCAST_STATION, octets)) };
}

/**
 * Telegrams by UDP: one datagram is one telegram, its octets as they were on air. What is to be sent goes as a datagram to where the
 * telegram before it came from, at once: that bridge has to send it in the window of the meter that it names.
 */
export function datagramRadio(world: Pick<World, "network">, address: Address): RadioSource & { readonly address: Address | undefined } {
  let socket: Awaited<ReturnType<World["network"]["datagram"]>> | undefined;
  let bridge: Address | undefined;
  return {
    get address() {
      return socket?.address;
    },
    async listen(handler) {
      socket = await world.network.datagram(address, (octets, from) => {
        bridge = from;
        handler(octets);
      });
    },
    send(octets) {
      if (bridge !== undefined) socket?.send(octets, bridge);
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
 * none are left out. The connection is made again whenever it ends. What is to be sent goes back as such a line: the gateway has to
 * send it in the window of the meter that it names.
 */
export function gatewayRadio(world: Pick<World, "network" | "timers" | "random">, address: Address): RadioSource {
  let isRunning = false;
  let abort: () => void = () => {};
  let sendLine: (line: string) => void = () => {};
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
      sendLine = (line) => connection.send(new TextEncoder().encode(line));
      const rubbish = new RubbishLimit();
      let isSound = false;
      const lines = new LineReader((line) => {
        const octets = telegramOfLine(line);
        if (octets === undefined) return;
        isSound = true;
        failures = 0;
        handler(octets);
      });
      const data = (chunk: Uint8Array): void => {
        isSound = false;
        lines.push(chunk);
        const reason = rubbish.take(chunk.length, isSound, 0);
        if (reason !== undefined) connection.abort(reason);
      };
      const closed = (): void => {
        sendLine = () => {};
        again(handler);
      };
      connection.bind({ data, closed });
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
    send: (octets) => sendLine(`${toHex(octets)}\n`),
    stop() {
      isRunning = false;
      timer?.cancel();
      abort();
      return Promise.resolve();
    },
  };
}

/** Length, control, manufacturer, identification, version, type: less is no telegram. */
const TELEGRAM_OCTETS_MIN = 10;

/** The octets of a line of hexadecimal digits; `undefined` for what is no telegram. */
export function telegramOfLine(line: string): Uint8Array | undefined {
  if (line.length < 2 * TELEGRAM_OCTETS_MIN) return undefined;
  const text = line.replace(/;.*$/, "").replaceAll(/\s/g, "");
  const digits = text.length % 2 === 1 ? text.replace(/^b/i, "") : text;
  if (digits.length < 2 * TELEGRAM_OCTETS_MIN) return undefined;
  return /^(?:[0-9A-Fa-f]{2})+$/.test(digits) ? fromHex(digits) : undefined;
}

/** Cuts a stream of text into lines; one that grows too long is dropped to its end. */
class LineReader {
  readonly #take: (line: string) => void;
  #held = "";
  #isDropping = false;

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#held + latin1Text(chunk)).split("\n");
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
