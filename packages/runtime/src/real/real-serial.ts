import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, realpathSync } from "node:fs";
import { ReadStream } from "node:tty";
import { LinkError } from "@amity/bytes";
import type { Address, ConnectionHandlers } from "../network.ts";
import type { SerialFraming, SerialLine, SerialSettings } from "../serial.ts";
import { SocketConnection } from "./socket-connection.ts";

/**
 * Opens a serial line of the platform (`/dev/ttyUSB0`), set by the program `stty`. A pseudo-terminal has neither parity nor seven bits: octets
 * pass as they are there. @throws LinkError (`no-line`, `denied`, `settings`).
 */
export function openSerialLine(path: string, settings: SerialSettings): SerialLine {
  const device = existing(path);
  const framing = PSEUDO_TERMINAL.test(device) ? "8N1" : settings.framing;
  configure(device, [String(settings.baud), ...FRAMINGS[framing], ...RAW]);
  return new TerminalLine(device, opened(device));
}

const PSEUDO_TERMINAL = /^\/dev\/pts\//;
const FRAMINGS: Readonly<Record<SerialFraming, readonly string[]>> = {
  "8N1": ["cs8", "-parenb", "-cstopb"],
  "8E1": ["cs8", "parenb", "-parodd", "-cstopb"],
  "7E1": ["cs7", "parenb", "-parodd", "-cstopb"],
};
/** Octets as they are, no control lines. */
const RAW = ["raw", "-echo", "clocal", "-crtscts", "-hupcl", "min", "1", "time", "0"] as const;
const STTY_MS_MAX = 5_000;

class TerminalLine implements SerialLine {
  readonly remote: Address;
  readonly #device: string;
  readonly #connection: SocketConnection;

  constructor(device: string, socket: ReadStream) {
    this.remote = { host: device, port: 0 };
    this.#device = device;
    this.#connection = new SocketConnection(socket, this.remote);
  }

  get backlog(): number {
    return this.#connection.backlog;
  }

  setBaud(baud: number): void {
    configure(this.#device, [String(baud)]);
  }

  bind(handlers: ConnectionHandlers): void {
    this.#connection.bind(handlers);
  }

  send(data: Uint8Array): void {
    this.#connection.send(data);
  }

  drained(): Promise<void> {
    return this.#connection.drained();
  }

  /** A terminal has no other end to tell: what is queued goes out, then the line is left. */
  close(): void {
    void this.#connection.drained().then(() => this.#connection.abort());
  }

  abort(reason?: LinkError): void {
    this.#connection.abort(reason);
  }
}

function existing(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw new LinkError(`there is no serial line ${path}`, { code: "no-line", cause: error, advice: "is the adapter plugged in?" });
  }
}

function opened(device: string): ReadStream {
  let descriptor: number;
  try {
    descriptor = openSync(device, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch (error) {
    const advice = "serial lines belong to a group, often dialout";
    throw new LinkError(`${device} cannot be opened by this user`, { code: "denied", cause: error, advice });
  }
  try {
    return new ReadStream(descriptor);
  } catch (error) {
    closeSync(descriptor);
    throw new LinkError(`${device} is no serial line`, { code: "no-line", cause: error });
  }
}

function configure(device: string, settings: readonly string[]): void {
  try {
    execFileSync("stty", ["-F", device, ...settings], { timeout: STTY_MS_MAX, stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    throw new LinkError(`${device} cannot be set to ${settings.slice(0, 2).join(" ")}`, {
      code: "settings",
      cause: error,
      advice: "stty has to be installed, and the line to know this rate",
    });
  }
}
