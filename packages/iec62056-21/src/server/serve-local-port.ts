import { LinkError, RubbishLimit } from "@amity/bytes";
import type { Connection, Timer, Timers } from "@amity/runtime";
import { toOctets } from "../line/characters.ts";
import { HandedOver } from "../line/handed-over.ts";
import { READOUT_END } from "../message/command.ts";
import { formatIdentification, isQuick } from "../message/identification.ts";
import { MeterSession, type LocalPortDevice, type MeterEffect, type MeterSessionOptions } from "./meter-session.ts";

export interface ServeLocalPortOptions extends MeterSessionOptions {
  readonly timers: Timers;
  /** Time before an answer begins (ms). Default 200, and 20 for meters that say so by a small third letter (6.3.2, note 14). */
  readonly reactionMs?: number;
  /** True: characters take their ten bits at the line's rate. False: at once. */
  readonly isPaced?: boolean;
  /** Told when the rate of a serial line has to change, after what was sent has left the wire. */
  readonly setBaud?: (baud: number) => void;
  /** Octets that begin nothing, in a row, after which the connection is ended. Default 64 KiB; Infinity on a line that others share or disturb. */
  readonly rubbishOctetsMax?: number;
  /** Mode D: pushes the readout this often (ms), unasked. */
  readonly pushEveryMs?: number;
  /** Mode E: takes the connection over, e.g. the DLMS server with HDLC. */
  readonly handOver?: (connection: Connection) => void;
}

const REACTION_MS = { quick: 20, usual: 200 } as const;
const BITS_PER_CHARACTER = 10;
/** A peer that does not take what is pushed gets nothing more (octets). */
const BACKLOG_MAX = 64 * 1024;
/** Answers that wait for their time: who asks on without listening is hung up on. */
const ANSWERS_MAX = 64;

/** The meter's side of a connection until that ends, or until it is handed over. */
export function serveLocalPort(connection: Connection, device: LocalPortDevice, options: ServeLocalPortOptions): void {
  new PortServer(connection, device, options).start();
}

class PortServer {
  readonly #connection: Connection;
  readonly #device: LocalPortDevice;
  readonly #options: ServeLocalPortOptions;
  readonly #session: MeterSession;
  readonly #timers: Timers;
  #baud: number;
  #freeAtMs = 0;
  #answersDue = 0;
  readonly #rubbish: RubbishLimit;
  #inactivity: Timer | undefined;
  #push: Timer | undefined;
  #handedOver: HandedOver | undefined;
  #isClosed = false;

  constructor(connection: Connection, device: LocalPortDevice, options: ServeLocalPortOptions) {
    this.#connection = connection;
    this.#device = device;
    this.#options = options;
    this.#timers = options.timers;
    this.#session = new MeterSession(device, options);
    this.#rubbish = new RubbishLimit(options.rubbishOctetsMax);
    this.#baud = options.initialBaud ?? 300;
  }

  start(): void {
    const { pushEveryMs } = this.#options;
    if (pushEveryMs !== undefined) this.#pushReadout(pushEveryMs);
    this.#connection.bind({
      data: (chunk) => this.#take(chunk),
      closed: (error) => {
        this.#isClosed = true;
        this.#inactivity?.cancel();
        this.#push?.cancel();
        this.#handedOver?.ended(error);
      },
    });
  }

  #take(chunk: Uint8Array): void {
    if (this.#handedOver !== undefined) return this.#handedOver.deliver(chunk);
    const effects = this.#session.receive(chunk, this.#timers.elapsedMs());
    const reason = this.#rubbish.take(chunk.length, effects.length > 0, this.#session.pending);
    if (reason !== undefined) return this.#connection.abort(reason);
    this.#apply(effects);
  }

  #apply(effects: readonly MeterEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === "send" && this.#answersDue >= ANSWERS_MAX) {
        return this.#connection.abort(new LinkError(`asks on while ${ANSWERS_MAX} answers wait`, { code: "flood" }));
      }
      if (effect.kind === "send") this.#send(effect.octets);
      else if (effect.kind === "baud") this.#setBaud(effect.baud);
      else {
        this.#handedOver = new HandedOver(this.#connection);
        this.#options.handOver?.(this.#handedOver);
      }
    }
    this.#inactivity?.cancel();
    const deadlineMs = this.#session.deadlineMs;
    if (deadlineMs === undefined || this.#handedOver !== undefined) return;
    const waitMs = Math.max(0, deadlineMs - this.#timers.elapsedMs());
    this.#inactivity = this.#timers.after(waitMs, () => this.#apply(this.#session.tick(this.#timers.elapsedMs())));
  }

  get #reactionMs(): number {
    return this.#options.reactionMs ?? (isQuick(this.#device.identification) ? REACTION_MS.quick : REACTION_MS.usual);
  }

  #setBaud(baud: number): void {
    const { setBaud } = this.#options;
    this.#baud = baud;
    if (setBaud === undefined) return;
    const nowMs = this.#timers.elapsedMs();
    this.#timers.after(Math.max(0, this.#freeAtMs - nowMs), () => setBaud(baud));
    // What comes next goes at the new rate.
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + this.#reactionMs;
  }

  #send(octets: Uint8Array): void {
    const { isPaced = false } = this.#options;
    const reactionMs = this.#reactionMs;
    const nowMs = this.#timers.elapsedMs();
    const durationMs = isPaced ? (octets.length * BITS_PER_CHARACTER * 1000) / this.#baud : 0;
    this.#freeAtMs = Math.max(nowMs + reactionMs, this.#freeAtMs) + durationMs;
    this.#answersDue++;
    this.#timers.after(this.#freeAtMs - nowMs, () => {
      this.#answersDue--;
      if (!this.#isClosed) this.#connection.send(octets);
    });
  }

  /** Mode D: identification, an empty line, data, `!`; no STX, no block check. */
  #pushReadout(everyMs: number): void {
    const text = `${formatIdentification(this.#device.identification)}\r\n${this.#device.readout()}${READOUT_END}`;
    if (this.#connection.backlog < BACKLOG_MAX) this.#connection.send(toOctets(text));
    this.#push = this.#timers.after(everyMs, () => this.#pushReadout(everyMs));
  }
}
