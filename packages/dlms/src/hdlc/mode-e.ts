import { LinkError, type AmityError } from "@amity/bytes";
import type { Connection, ConnectionHandlers, Timer, Timers } from "@amity/runtime";

/** Baud rates by the identification's rate character (IEC 62056-21 6.3.14, modes C and E). */
export const MODE_E_BAUD_RATES = { "0": 300, "1": 600, "2": 1200, "3": 2400, "4": 4800, "5": 9600, "6": 19_200 } as const;

/** What the meter says of itself: `/XXXZ\2IDENT`. */
export interface ModeEIdentification {
  readonly manufacturer: string;
  readonly rate: keyof typeof MODE_E_BAUD_RATES;
  /** Whether `\2` offers HDLC; some meters leave it out and speak it nevertheless. */
  readonly offersHdlc: boolean;
  readonly identifier: string;
}

/** @returns `undefined` for what is no identification with a known rate. Without its line end. */
export function parseIdentification(line: string): ModeEIdentification | undefined {
  const match = /^\/([A-Za-z]{3})([0-6])((?:\\.)*)(.{0,32})$/.exec(line);
  if (match === null) return undefined;
  const [, manufacturer = "", rate = "0", sequences = "", identifier = ""] = match;
  return { manufacturer, rate: rate as keyof typeof MODE_E_BAUD_RATES, offersHdlc: sequences.includes("\\2"), identifier };
}

/** Option select: ACK, protocol control 2 (HDLC), the rate, mode control 2 (binary), CR LF. */
export function optionSelect(rate: keyof typeof MODE_E_BAUD_RATES): Uint8Array {
  return ascii(`${ACK}2${rate}2\r\n`);
}

export interface ModeEOptions {
  /** Of the meter on a line with several, up to 32 characters. */
  readonly deviceAddress?: string;
  readonly timeoutMs?: number;
  /** A serial line changes from 300 7E1 to this rate, 8N1, here; nothing to do on TCP. */
  readonly setBaudRate?: (baudRate: number) => void;
}

/**
 * Signs on by IEC 62056-21 mode E and hands the line over to HDLC: resolves with a connection that carries HDLC.
 * @throws LinkError `timeout`, `not-mode-e`, or what ended the connection.
 */
export function openModeE(connection: Connection, timers: Timers, options: ModeEOptions = {}): Promise<Connection> {
  const handOver = new HandOver(connection);
  return new Promise((resolve, reject) => {
    const timer: Timer = timers.after(options.timeoutMs ?? 5_000, () =>
      fail(new LinkError("no answer to the mode E sign-on", { code: "timeout" })),
    );
    const fail = (error: AmityError): void => {
      timer.cancel();
      // First the reason: aborting ends the connection, which would become the reason otherwise.
      reject(error);
      connection.abort();
    };
    let rate: keyof typeof MODE_E_BAUD_RATES | undefined;
    handOver.listen({
      line(line) {
        if (rate !== undefined) {
          // The meter confirms the option select in its own words; what matters is that it is done.
          timer.cancel();
          options.setBaudRate?.(MODE_E_BAUD_RATES[rate]);
          handOver.release();
          resolve(handOver);
          return;
        }
        // A line may echo what we sent.
        if (line.startsWith("/?")) return;
        const identification = parseIdentification(line);
        if (identification === undefined)
          return fail(new LinkError(`"${printable(line)}" is no identification of mode E`, { code: "not-mode-e" }));
        rate = identification.rate;
        connection.send(optionSelect(rate));
      },
      closed: (error) => fail(error ?? new LinkError("the connection ended during sign-on", { code: "closed" })),
    });
    connection.send(ascii(`/?${options.deviceAddress ?? ""}!\r\n`));
  });
}

/**
 * The meter's side: answers sign-on and option select, and hands over to HDLC. A client that begins with HDLC at once
 * is let through. The connection can be served without waiting.
 */
export function acceptModeE(
  connection: Connection,
  identification: { manufacturer: string; rate: keyof typeof MODE_E_BAUD_RATES; identifier: string },
): Connection {
  const handOver = new HandOver(connection);
  const { manufacturer, rate, identifier } = identification;
  handOver.listen({
    line(line) {
      if (line.startsWith("/?")) connection.send(ascii(`/${manufacturer}${rate}\\2${identifier}\r\n`));
      else if (line.startsWith(ACK) && /^\d[0-6]2$/.test(line.slice(1))) {
        connection.send(ascii(`${line}\r\n`));
        handOver.release();
      }
    },
    closed: () => handOver.release(),
  });
  return handOver;
}

interface LineHandlers {
  line(line: string): void;
  closed(error: LinkError | undefined): void;
}

const ACK = "\u0006";
/** Longest line of a sign-on (octets). */
const LINE_OCTETS_MAX = 128;
/** What may wait for the owner of the connection after the hand-over (octets): one frame and more. */
const WAITING_OCTETS_MAX = 8_192;
const FLAG = 0x7e;

/** A connection whose first octets are lines of text; after `release` it is its owner's. */
class HandOver implements Connection {
  readonly #connection: Connection;
  #lines: LineHandlers | undefined;
  #line: number[] = [];
  #owner: ConnectionHandlers | undefined;
  #waiting: Uint8Array[] = [];
  #waitingOctets = 0;
  #ended: { readonly error: LinkError | undefined } | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  listen(lines: LineHandlers): void {
    this.#lines = lines;
    this.#connection.bind({
      data: (chunk) => this.#take(chunk),
      closed: (error) => {
        this.#ended = { error };
        this.#lines?.closed(error);
        this.#owner?.closed(error);
      },
    });
  }

  release(): void {
    this.#lines = undefined;
  }

  bind(handlers: ConnectionHandlers): void {
    this.#owner = handlers;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const chunk of waiting) handlers.data(chunk);
    if (this.#ended !== undefined) handlers.closed(this.#ended.error);
  }

  #take(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && this.#lines !== undefined) {
      const octet = (chunk[at] ?? 0) & 0x7f;
      if (this.#line.length === 0 && chunk[at] === FLAG) this.release();
      else {
        at += 1;
        this.#character(octet);
      }
    }
    if (at >= chunk.length) return;
    const rest = chunk.subarray(at);
    if (this.#owner !== undefined) this.#owner.data(rest);
    else if (this.#waitingOctets + rest.length <= WAITING_OCTETS_MAX) {
      this.#waitingOctets += rest.length;
      this.#waiting.push(rest);
    }
  }

  /** Octets come with parity on a real line: seven bits count. */
  #character(octet: number): void {
    if (octet === 0x0d || octet === 0x0a) {
      const line = String.fromCharCode(...this.#line);
      this.#line = [];
      if (line !== "") this.#lines?.line(line);
    } else if (this.#line.length < LINE_OCTETS_MAX) this.#line.push(octet);
  }

  get remote(): Connection["remote"] {
    return this.#connection.remote;
  }
  send(data: Uint8Array): void {
    this.#connection.send(data);
  }
  get backlog(): number {
    return this.#connection.backlog;
  }
  drained(): Promise<void> {
    return this.#connection.drained();
  }
  close(): void {
    this.#connection.close();
  }
  abort(reason?: LinkError): void {
    this.#connection.abort(reason);
  }
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function printable(line: string): string {
  return line.replace(/[^ -~]/g, ".").slice(0, 40);
}
