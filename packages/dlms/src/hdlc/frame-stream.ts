import { RubbishLimit, type LinkError } from "@amity/bytes";
import type { Connection, Timers } from "@amity/runtime";
import { DeadlineTimer } from "../link/deadline-timer.ts";
import { HdlcDeframer, type Deframed } from "./deframer.ts";
import { encodeFrame, type HdlcFrame } from "./frame.ts";

/** What the owner of a stream of frames is told. */
export interface FrameStreamHandlers {
  frame(frame: HdlcFrame): void;
  closed(error: LinkError | undefined): void;
}

export interface FrameStreamOptions {
  readonly interOctetTimeoutMs?: number;
  /** Octets without a frame, in a row, after which the line is given up. Default 64 KiB; Infinity where others share or disturb it. */
  readonly rubbishOctetsMax?: number;
}

/** How long the line may be silent inside a frame before what came is given up (IEC HDLC setup, attribute 7 says 25 by default; networks are slower). */
const INTER_OCTET_TIMEOUT_MS = 1_500;

/** Frames over a connection: a byte stream of any kind (TCP, a serial line, a tunnel). */
export class FrameStream {
  readonly #connection: Connection;
  readonly #handlers: FrameStreamHandlers;
  readonly #deframer = new HdlcDeframer();
  readonly #silence: DeadlineTimer;
  readonly #timers: Timers;
  readonly #interOctetTimeoutMs: number;
  readonly #rubbish: RubbishLimit;

  constructor(connection: Connection, timers: Timers, handlers: FrameStreamHandlers, options: FrameStreamOptions = {}) {
    this.#connection = connection;
    this.#handlers = handlers;
    this.#timers = timers;
    this.#interOctetTimeoutMs = options.interOctetTimeoutMs ?? INTER_OCTET_TIMEOUT_MS;
    this.#rubbish = new RubbishLimit(options.rubbishOctetsMax);
    this.#silence = new DeadlineTimer(timers, () => this.#deliver(this.#deframer.expire()));
  }

  /** Begins to receive: once the owner is ready for frames. */
  open(): void {
    this.#connection.bind({
      data: (chunk) => this.#take(chunk),
      closed: (error) => {
        this.#silence.stop();
        this.#handlers.closed(error);
      },
    });
  }

  send(frame: HdlcFrame): void {
    this.#connection.send(encodeFrame(frame));
  }

  get backlog(): number {
    return this.#connection.backlog;
  }

  close(): void {
    this.#silence.stop();
    this.#connection.close();
  }

  abort(reason?: LinkError): void {
    this.#silence.stop();
    this.#connection.abort(reason);
  }

  #take(chunk: Uint8Array): void {
    const deframed = this.#deframer.push(chunk);
    const isSound = deframed.some(({ kind }) => kind === "frame");
    const reason = this.#rubbish.take(chunk.length, isSound, this.#deframer.pending);
    if (reason !== undefined) return this.abort(reason);
    this.#deliver(deframed);
  }

  #deliver(deframed: readonly Deframed[]): void {
    this.#silence.set(this.#deframer.isInFrame ? this.#timers.elapsedMs() + this.#interOctetTimeoutMs : undefined);
    for (const item of deframed) if (item.kind === "frame") this.#handlers.frame(item.frame);
  }
}
