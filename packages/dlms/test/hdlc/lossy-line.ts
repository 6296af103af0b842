import { clientAddress, serverAddress } from "../../src/hdlc/address.ts";
import { decodeFrame, encodeFrame, type HdlcFrame } from "../../src/hdlc/frame.ts";
import { settlePrimary, settleSecondary, type PrimaryOptions, type SecondaryOptions } from "../../src/hdlc/options.ts";
import { PRIMARY_START, primaryDeadline, stepPrimary, type PrimaryInput, type PrimaryState } from "../../src/hdlc/primary.ts";
import { SECONDARY_START, secondaryDeadline, stepSecondary, type SecondaryInput, type SecondaryState } from "../../src/hdlc/secondary.ts";

export interface LineConditions {
  /** Share of frames lost or spoiled. */
  readonly loss: number;
  /** Share of frames that arrive twice. */
  readonly duplication: number;
  readonly delayMs: number;
  /** Added to each frame's delay at random: frames overtake each other. */
  readonly jitterMs: number;
  /** How long the server's application takes for its answer, at most. */
  readonly thinkMs: number;
}

export interface Outcome {
  readonly end: "finished" | "reported" | "hung";
  readonly received: Uint8Array[];
  readonly answered: Uint8Array[];
  readonly frames: number;
  readonly elapsedMs: number;
  readonly error: string | undefined;
}

/** What the server answers: enough of its own that a mix-up shows. */
export function answerTo(request: Uint8Array): Uint8Array {
  return Uint8Array.from([...request].toReversed().concat(request.length & 0xff));
}

/** Both machines on one bad line in virtual time: a request goes up when the answer to the one before has come. */
export class LossyLine {
  readonly #conditions: LineConditions;
  readonly #random: () => number;
  readonly #events: { atMs: number; order: number; run: () => void }[] = [];
  readonly #primary;
  readonly #secondary;
  #nowMs = 0;
  #order = 0;
  #frames = 0;
  #client: PrimaryState = PRIMARY_START;
  #server: SecondaryState = SECONDARY_START;
  readonly #received: Uint8Array[] = [];
  readonly #answered: Uint8Array[] = [];
  #requests: Uint8Array[] = [];
  #end: "finished" | "reported" | undefined;
  #error: string | undefined;

  constructor(conditions: LineConditions, options: { client: PrimaryOptions; server: SecondaryOptions }, random: () => number) {
    this.#conditions = conditions;
    this.#random = random;
    this.#primary = { own: clientAddress(1), peer: serverAddress(1, 17), options: settlePrimary(options.client) };
    this.#secondary = { own: serverAddress(1, 17), peer: clientAddress(1), options: settleSecondary(options.server) };
  }

  run(requests: readonly Uint8Array[], limitMs: number): Outcome {
    this.#requests = [...requests];
    this.#stepClient({ kind: "connect" });
    while (this.#end === undefined && this.#nowMs < limitMs) {
      const event = this.#next();
      if (event === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, event.atMs);
      event.run();
    }
    const { frames, elapsedMs } = { frames: this.#frames, elapsedMs: this.#nowMs };
    return { end: this.#end ?? "hung", received: this.#received, answered: this.#answered, frames, elapsedMs, error: this.#error };
  }

  #next(): { atMs: number; run: () => void } | undefined {
    const candidates: { atMs: number; order: number; run: () => void }[] = [...this.#events];
    const client = primaryDeadline(this.#client);
    const server = secondaryDeadline(this.#server);
    if (client !== undefined) candidates.push({ atMs: client, order: Infinity, run: () => this.#stepClient({ kind: "tick" }) });
    if (server !== undefined) candidates.push({ atMs: server, order: Infinity, run: () => this.#stepServer({ kind: "tick" }) });
    const [first] = candidates.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order);
    const index = this.#events.findIndex((event) => event === first);
    if (index >= 0) this.#events.splice(index, 1);
    return first;
  }

  #carry(frame: HdlcFrame, deliver: (frame: HdlcFrame) => void): void {
    this.#frames += 1;
    const { loss, duplication, delayMs, jitterMs } = this.#conditions;
    for (let copy = this.#random() < duplication ? 2 : 1; copy > 0; copy--) {
      if (this.#random() < loss) continue;
      const octets = encodeFrame(frame);
      this.#at(delayMs + this.#random() * jitterMs, () => deliver(decodeFrame(octets)));
    }
  }

  #at(delayMs: number, run: () => void): void {
    this.#events.push({ atMs: this.#nowMs + delayMs, order: this.#order++, run });
  }

  #stepClient(input: PrimaryInput): void {
    const { state, effects } = stepPrimary(this.#primary, this.#client, input, this.#nowMs);
    this.#client = state;
    for (const effect of effects) {
      if (effect.kind === "transmit") this.#carry(effect.frame, (frame) => this.#stepServer({ kind: "frame", frame }));
      else if (effect.kind === "connected") this.#request();
      else if (effect.kind === "message") {
        this.#answered.push(effect.message);
        this.#request();
      } else if (effect.kind === "failed") {
        this.#end = "reported";
        this.#error = effect.error.message;
      } else if (effect.kind === "disconnected") this.#end = "finished";
    }
  }

  #request(): void {
    const message = this.#requests.shift();
    this.#stepClient(message === undefined ? { kind: "disconnect" } : { kind: "send", message });
  }

  #stepServer(input: SecondaryInput): void {
    const { state, effects } = stepSecondary(this.#secondary, this.#server, input, this.#nowMs);
    this.#server = state;
    for (const effect of effects) {
      if (effect.kind === "transmit") this.#carry(effect.frame, (frame) => this.#stepClient({ kind: "frame", frame }));
      else if (effect.kind === "message") {
        this.#received.push(effect.message);
        const answer = answerTo(effect.message);
        this.#at(this.#random() * this.#conditions.thinkMs, () => this.#stepServer({ kind: "send", message: answer }));
      }
    }
  }
}
