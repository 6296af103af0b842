import { LinkError, RubbishLimit, UsageError } from "@amity/bytes";
import type { Connection, Timer, Timers } from "@amity/runtime";
import { TransportAssembler } from "../transport/transport-assembler.ts";
import { SmlRequester, type RequestContent, type RequestOutcome, type RequesterOptions } from "./sml-requester.ts";

export interface SmlClientOptions extends RequesterOptions {
  readonly timers: Timers;
}

/** Asks an SML server over a connection, one request at a time. */
export class SmlClient {
  readonly #connection: Connection;
  readonly #timers: Timers;
  readonly #requester: SmlRequester;
  readonly #assembler = new TransportAssembler();
  readonly #rubbish = new RubbishLimit();
  #waiting: { resolve: (outcome: RequestOutcome) => void; reject: (error: LinkError) => void } | undefined;
  #timer: Timer | undefined;
  #ended: LinkError | undefined;

  constructor(connection: Connection, options: SmlClientOptions) {
    this.#connection = connection;
    this.#timers = options.timers;
    this.#requester = new SmlRequester(options);
    connection.bind({
      data: (chunk) => this.#take(chunk),
      closed: (error) => this.#close(error ?? new LinkError("the connection ended", { code: "closed" })),
    });
  }

  /** Sends the request and resolves with what came of it. @throws LinkError where the connection ends; UsageError `busy`. */
  request(content: RequestContent): Promise<RequestOutcome> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#waiting !== undefined) return Promise.reject(new UsageError("a request is under way", { code: "busy" }));
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#connection.send(this.#requester.begin(content, this.#timers.elapsedMs()));
      this.#arm();
    });
  }

  close(): void {
    this.#connection.close();
  }

  #take(chunk: Uint8Array): void {
    let isSound = false;
    for (const part of this.#assembler.push(chunk)) {
      // A push of the meter is no answer, and no rubbish.
      isSound ||= part.kind === "frame";
      const outcome = part.kind === "frame" ? this.#requester.receive(part.octets) : undefined;
      if (outcome !== undefined) this.#finish(outcome);
    }
    const reason = this.#rubbish.take(chunk.length, isSound, this.#assembler.pending);
    if (reason !== undefined) this.#connection.abort(reason);
  }

  #arm(): void {
    const deadlineMs = this.#requester.deadlineMs;
    if (deadlineMs === undefined) return;
    this.#timer = this.#timers.after(Math.max(0, deadlineMs - this.#timers.elapsedMs()), () => {
      const next = this.#requester.expire(this.#timers.elapsedMs());
      if (next !== undefined && "outcome" in next) return this.#finish(next.outcome);
      if (next !== undefined) this.#connection.send(next.resend);
      this.#arm();
    });
  }

  #finish(outcome: RequestOutcome): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#timer?.cancel();
    waiting?.resolve(outcome);
  }

  #close(error: LinkError): void {
    this.#ended = error;
    this.#timer?.cancel();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}
