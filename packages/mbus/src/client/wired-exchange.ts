import type { DecodeError } from "@amity/bytes";
import { LinkError, sameOctets } from "@amity/bytes";
import type { Connection, Timer, Timers } from "@amity/runtime";
import { FrameAssembler, type Assembled } from "../link/frame-assembler.ts";
import { ACK, encodeWiredFrame, type WiredFrame } from "../link/wired-frame.ts";

/** What came of sending one frame. Silence and collisions are outcomes, not errors. */
export type ExchangeResult =
  | { readonly kind: "ack" }
  | { readonly kind: "response"; readonly frame: Extract<WiredFrame, { kind: "long" }>; readonly octets: Uint8Array }
  | { readonly kind: "silence"; readonly attempts: number }
  | { readonly kind: "collision"; readonly attempts: number; readonly error: DecodeError };

/** Time limits and repeats of the master (EN 13757-2, 5.6.4 and 5.7). */
export interface ExchangeOptions {
  readonly timers: Timers;
  /** Speed of the line: the meter must begin within 330 bit times + 50 ms. Default 2400. */
  readonly baud?: number;
  /** What gateway and network add to every answer (ms). Default 300. */
  readonly latencyMs?: number;
  /** Silence that ends a garbled answer (ms). Default 100: networks tear answers apart. */
  readonly gapMs?: number;
  /** Sends of one frame in all. Default 3. */
  readonly attemptsMax?: number;
}

/** Octets that a whole answer may have, garbled or not. */
const ANSWER_MAX = 4096;

/** Answers whose late copies are waited for. */
const OWED_MAX = 16;

const ACK_OCTETS = Uint8Array.of(ACK);

/** Half duplex: one frame out, one answer in, repeats included. Callers queue up. */
export class WiredExchange {
  readonly #connection: Connection;
  readonly #options: ExchangeOptions;
  readonly #assembler = new FrameAssembler();
  #baud: number;
  #queue: Promise<unknown> = Promise.resolve();
  #waiting: ((event: LineEvent) => void) | undefined;
  #ended: LinkError | undefined;
  /** Answers that a repeated frame may still bring a second time, the newest last. */
  #owed: { readonly octets: Uint8Array; copies: number }[] = [];

  constructor(connection: Connection, options: ExchangeOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#baud = options.baud ?? 2400;
    connection.bind({
      data: (chunk) => this.#waiting?.({ kind: "octets", parts: this.#assembler.push(chunk), octets: chunk.length }),
      closed: (error) => {
        this.#ended = error ?? new LinkError("the connection was closed", { code: "closed" });
        this.#waiting?.({ kind: "ended", error: this.#ended });
      },
    });
  }

  /** After a baud switch: only time limits depend on it here. */
  set baud(baud: number) {
    this.#baud = baud;
  }
  get baud(): number {
    return this.#baud;
  }

  /** Sends and waits for an answer. `attemptsMax` of 1 suits searches. @throws LinkError when the connection ends. */
  run(frame: WiredFrame, attemptsMax = this.#options.attemptsMax ?? 3): Promise<ExchangeResult> {
    const turn = this.#queue.then(() => this.#attempts(frame, attemptsMax));
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async #attempts(frame: WiredFrame, attemptsMax: number): Promise<ExchangeResult> {
    let last: ExchangeResult = { kind: "silence", attempts: 0 };
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      last = await this.#once(frame, attempt);
      if (last.kind !== "ack" && last.kind !== "response") continue;
      if (attempt > 1) this.#expectCopies(last.kind === "ack" ? ACK_OCTETS : last.octets, attempt - 1);
      return last;
    }
    return last;
  }

  #once(frame: WiredFrame, attempt: number): Promise<ExchangeResult> {
    const { timers } = this.#options;
    const sent = encodeWiredFrame(frame);
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      this.#assembler.flush();
      let noise: DecodeError | undefined;
      let octets = 0;
      let timer: Timer;
      const settle = (act: () => void): void => {
        timer.cancel();
        this.#waiting = undefined;
        act();
      };
      const end = (): void => {
        for (const part of this.#assembler.flush()) if (part.kind === "noise") noise ??= part.error;
        const found = noise;
        settle(() =>
          resolve(found === undefined ? { kind: "silence", attempts: attempt } : { kind: "collision", attempts: attempt, error: found }),
        );
      };
      this.#waiting = (event) => {
        if (event.kind === "ended") return settle(() => reject(event.error));
        octets += event.octets;
        // Many level converters echo what the master sends.
        const parts = event.parts.filter((part) => part.kind !== "frame" || !(sameOctets(part.octets, sent) || this.#isLateCopy(part)));
        const answer = noise === undefined ? answerOf(parts) : undefined;
        if (answer !== undefined) return settle(() => resolve(answer));
        for (const part of parts) if (part.kind === "noise") noise ??= part.error;
        if (octets > ANSWER_MAX) return end();
        timer.cancel();
        timer = timers.after(noise === undefined ? this.#answerMs() : (this.#options.gapMs ?? 100), end);
      };
      timer = timers.after(this.#answerMs(), end);
      this.#connection.send(sent);
    });
  }

  /** A slow network answers every repeat, and nothing but its octets tells such an answer from the next one's. */
  #expectCopies(octets: Uint8Array, copies: number): void {
    this.#owed = [...this.#owed.filter((entry) => entry.copies > 0).slice(1 - OWED_MAX), { octets, copies }];
  }

  #isLateCopy(part: Assembled): boolean {
    if (part.kind !== "frame") return false;
    const entry = this.#owed.find(({ octets, copies }) => copies > 0 && sameOctets(octets, part.octets));
    if (entry === undefined) return false;
    entry.copies--;
    return true;
  }

  /** 330 bit times and 50 ms, twice: the request itself is still on the line when we begin to count. */
  #answerMs(): number {
    return (2 * 330 * 1000) / this.#baud + 50 + (this.#options.latencyMs ?? 300);
  }
}

type LineEvent =
  | { readonly kind: "octets"; readonly parts: Assembled[]; readonly octets: number }
  | { readonly kind: "ended"; readonly error: LinkError };

/** Exactly one good frame and nothing else is an answer. */
function answerOf(parts: readonly Assembled[]): ExchangeResult | undefined {
  const [only, ...more] = parts;
  if (only?.kind !== "frame" || more.length > 0) return undefined;
  if (only.frame.kind === "ack") return { kind: "ack" };
  return only.frame.kind === "long" ? { kind: "response", frame: only.frame, octets: only.octets } : undefined;
}
