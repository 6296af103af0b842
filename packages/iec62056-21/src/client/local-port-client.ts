import { LinkError, RubbishLimit, UsageError } from "@amity/bytes";
import type { Connection, Timer, Timers } from "@amity/runtime";
import { HandedOver } from "../line/handed-over.ts";
import { withEvenParity, withoutParity } from "../line/characters.ts";
import type { Command } from "../message/command.ts";
import { profileRequest, type ProfileTime } from "../profile/load-profile.ts";
import { ClientSession, type ClientEffect, type SessionOptions, type SessionOutcome } from "./client-session.ts";

export interface LocalPortOptions extends SessionOptions {
  readonly timers: Timers;
  /** Told when the rate of a serial line has to change, after what was sent has left the wire. */
  readonly setBaud?: (baud: number) => void;
  /** The line hands octets through with their parity bit (8N1 in front of a 7E1 meter): set and taken off here. */
  readonly isParityOurs?: boolean;
}

/** How to pass P0: the password itself (P1), or what a function makes of the operand (P2). */
export type Password =
  | { readonly command: "P1"; readonly password: string }
  | { readonly command: "P2"; readonly answer: (operand: string) => string };

/** Start bit, seven data bits, parity and stop bit. */
const BITS_PER_CHARACTER = 10;

/** Reads and writes a meter at its local port. One step at a time. */
export class LocalPortClient {
  readonly #connection: Connection;
  readonly #options: LocalPortOptions;
  readonly #session: ClientSession;
  #waiting: { resolve: (outcome: SessionOutcome) => void; reject: (error: LinkError) => void } | undefined;
  #timer: Timer | undefined;
  #ended: LinkError | undefined;
  #baud: number;
  #lineFreeAtMs = 0;
  #handedOver: HandedOver | undefined;
  #rubbish = new RubbishLimit();

  constructor(connection: Connection, options: LocalPortOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#session = new ClientSession(options);
    this.#baud = options.initialBaud ?? 300;
    connection.bind({
      data: (chunk) => this.#take(chunk),
      closed: (error) => this.#close(error),
    });
  }

  /** Readout: modes A to D (and E, read as C). @throws LinkError. */
  readout(address = ""): Promise<SessionOutcome> {
    return this.#step((nowMs) => this.#session.open("readout", address, nowMs));
  }

  /** Opens programming mode and passes the password where one is given: `ack` or `operand` say that it is open. @throws LinkError. */
  async openProgramming(address = "", password?: Password): Promise<SessionOutcome> {
    const opened = await this.#step((nowMs) => this.#session.open("programming", address, nowMs));
    if (opened.kind !== "operand" || password === undefined) return opened;
    const answer = password.command === "P1" ? password.password : password.answer(opened.operand);
    return this.command({ name: password.command, data: `(${answer})` });
  }

  /** One command of programming mode, e.g. `{ name: "R1", data: "1.8.0()" }`. @throws LinkError; UsageError `not-open`. */
  command(command: Command): Promise<SessionOutcome> {
    return this.#step((nowMs) => this.#session.command(command, nowMs));
  }

  /** A load profile (`P.01`) or log (`P.98`), whole with R5 or in blocks with R6: `parseProfile` reads the data. @throws LinkError. */
  readProfile(profile: string, from?: ProfileTime, to?: ProfileTime, name: "R5" | "R6" = "R5"): Promise<SessionOutcome> {
    return this.command({ name, data: profileRequest(profile, from, to) });
  }

  /** B0: leaves programming mode; the line goes back to its initial rate. */
  async signOff(): Promise<void> {
    await this.command({ name: "B0" });
  }

  /** Mode E: signs on, selects HDLC and gives the line away. This client is of no more use then. @throws LinkError `not-mode-e`. */
  async handOver(address = ""): Promise<Connection> {
    const outcome = await this.#step((nowMs) => this.#session.open("binary", address, nowMs));
    if (outcome.kind !== "identified") {
      throw new LinkError(`mode E ended with ${outcome.kind}`, { code: "not-mode-e", advice: "the meter may not offer HDLC at this port" });
    }
    this.#handedOver = new HandedOver(this.#connection);
    return this.#handedOver;
  }

  close(): void {
    this.#connection.close();
  }

  #step(begin: (nowMs: number) => ClientEffect[]): Promise<SessionOutcome> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#waiting !== undefined) return Promise.reject(new UsageError("a step is under way", { code: "busy" }));
    this.#rubbish = new RubbishLimit();
    return new Promise((resolve, reject) => {
      const effects = begin(this.#options.timers.elapsedMs());
      this.#waiting = { resolve, reject };
      this.#apply(effects);
    });
  }

  #take(chunk: Uint8Array): void {
    if (this.#handedOver !== undefined) return this.#handedOver.deliver(chunk);
    const octets = this.#options.isParityOurs === true ? withoutParity(chunk) : chunk;
    const effects = this.#session.receive(octets, this.#options.timers.elapsedMs());
    // Silence ends a step; a line that never falls silent and says nothing would not.
    const reason = this.#waiting && this.#rubbish.take(chunk.length, effects.length > 0, this.#session.pending);
    this.#apply(effects);
    if (reason !== undefined) this.#connection.abort(reason);
  }

  #apply(effects: readonly ClientEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === "send") this.#send(effect.octets);
      else if (effect.kind === "baud") this.#setBaud(effect.baud);
      else {
        const waiting = this.#waiting;
        this.#waiting = undefined;
        waiting?.resolve(effect.outcome);
      }
    }
    this.#arm();
  }

  #send(octets: Uint8Array): void {
    const { timers, isParityOurs } = this.#options;
    this.#connection.send(isParityOurs === true ? withEvenParity(octets) : octets);
    const durationMs = (octets.length * BITS_PER_CHARACTER * 1000) / this.#baud;
    this.#lineFreeAtMs = Math.max(this.#lineFreeAtMs, timers.elapsedMs()) + durationMs;
  }

  #setBaud(baud: number): void {
    const { timers, setBaud } = this.#options;
    if (baud === this.#baud) return;
    this.#baud = baud;
    const waitMs = this.#lineFreeAtMs - timers.elapsedMs();
    if (setBaud === undefined) return;
    if (waitMs > 0) timers.after(waitMs, () => setBaud(baud));
    else setBaud(baud);
  }

  #arm(): void {
    this.#timer?.cancel();
    const { timers } = this.#options;
    const deadlineMs = this.#session.deadlineMs;
    if (deadlineMs === undefined || this.#ended !== undefined) return;
    this.#timer = timers.after(Math.max(0, deadlineMs - timers.elapsedMs()), () => this.#apply(this.#session.tick(timers.elapsedMs())));
  }

  #close(error: LinkError | undefined): void {
    this.#ended = error ?? new LinkError("the connection ended", { code: "closed" });
    this.#timer?.cancel();
    this.#waiting?.reject(this.#ended);
    this.#waiting = undefined;
    this.#handedOver?.ended(error);
  }
}
