import { DecodeError, UsageError } from "@amity/bytes";
import { ACK, NAK } from "../line/characters.ts";
import { LineAssembler } from "../line/line-assembler.ts";
import type { LinePart } from "../line/line-part.ts";
import { encodeCommand, type Command } from "../message/command.ts";
import { errorOf } from "../message/data-set.ts";
import { offerOf, type Identification, type Offer } from "../message/identification.ts";
import { MODE_BINARY, MODE_PROGRAMMING, MODE_READOUT, encodeOptionSelect, encodeSignOn } from "../message/sign-on.ts";

/** What the session wants done, in this order. */
export type ClientEffect =
  | { readonly kind: "send"; readonly octets: Uint8Array }
  /** Change the line's rate once everything sent has left the wire. */
  | { readonly kind: "baud"; readonly baud: number }
  | { readonly kind: "done"; readonly outcome: SessionOutcome };

/** What came of a step. Silence, refusals and damaged blocks are outcomes, not errors. */
export type SessionOutcome =
  | { readonly kind: "identified"; readonly identification: Identification; readonly baud: number }
  | { readonly kind: "data"; readonly text: string; readonly identification: Identification | undefined }
  /** Programming mode is open: the operand of P0. */
  | { readonly kind: "operand"; readonly operand: string; readonly identification: Identification }
  | { readonly kind: "ack" }
  /** NAK, or an error text such as `ERR1`. */
  | { readonly kind: "refused"; readonly text: string }
  /** The meter signed off. */
  | { readonly kind: "break" }
  | { readonly kind: "damaged"; readonly error: DecodeError }
  | { readonly kind: "no-answer"; readonly attempts: number };

export type Purpose = "readout" | "programming" | "binary";

export interface SessionOptions {
  /** Rate of the sign-on. Default 300; meters on TCP gateways do not care. */
  readonly initialBaud?: number;
  /** Highest rate to ask for. Default: whatever the meter offers. */
  readonly baudMax?: number;
  /** Silence after which an answer is given up (ms): 1,500 by the standard. Default 2,200, gateways take their time. */
  readonly timeoutMs?: number;
  /** Sends of one message in all. Default 3. */
  readonly attemptsMax?: number;
  /** A meter that runs on a battery sleeps: NULs wake it before each sign-on (annex B). */
  readonly isAsleep?: boolean;
  /** Characters of one readout or profile, over all its blocks. Default 4 Mi. */
  readonly textMax?: number;
}

const TIMEOUT_MS = 2_200;
const ATTEMPTS_MAX = 3;
const TEXT_MAX = 4 * 1024 * 1024;
/** Of one answer: empty blocks would have no end otherwise. */
const BLOCKS_MAX = 16 * 1024;
const BAUD_MIN = 300;
/** The wake-up lasts 2.1 to 2.3 s, and the meter takes 1.5 to 1.7 s to be there (annex B). */
const WAKE_UP_MS = 2_200;
const WAKING_MS = 1_600;
const BITS_PER_CHARACTER = 10;

type State = "idle" | "waking" | "identification" | "data" | "operand" | "binary" | "reply" | "programming";

/** The client's side of the local port as a state machine: octets and times go in, effects come out. One step at a time. */
export class ClientSession {
  readonly #options: SessionOptions;
  readonly #assembler = new LineAssembler();
  #state: State = "idle";
  #purpose: Purpose = "readout";
  #last: Uint8Array = new Uint8Array(0);
  #signOn: Uint8Array = new Uint8Array(0);
  #identification: Identification | undefined;
  #baud = BAUD_MIN;
  #attempts = 0;
  #texts: string[] = [];
  #textLength = 0;
  #deadlineMs: number | undefined;

  constructor(options: SessionOptions = {}) {
    this.#options = options;
  }

  /** When `tick` wants to be called (ms); `undefined` where nothing is awaited. */
  get deadlineMs(): number | undefined {
    return this.#deadlineMs;
  }

  /** Octets of a message that is not whole yet. */
  get pending(): number {
    return this.#assembler.pending;
  }

  /** `/?address!` at the initial rate, and on to readout, programming mode or the hand-over of mode E. */
  open(purpose: Purpose, address: string, nowMs: number): ClientEffect[] {
    if (this.#deadlineMs !== undefined) throw new UsageError("a step is under way", { code: "busy" });
    this.#purpose = purpose;
    this.#identification = undefined;
    this.#baud = this.#options.initialBaud ?? BAUD_MIN;
    this.#attempts = 0;
    this.#last = encodeSignOn(address);
    this.#assembler.flush();
    return [{ kind: "baud", baud: this.#baud }, ...this.#call(nowMs)];
  }

  /** A command in programming mode. B0 is not answered. @throws UsageError `not-open`. */
  command(command: Command, nowMs: number): ClientEffect[] {
    if (this.#state !== "programming") throw new UsageError("programming mode is not open", { code: "not-open" });
    this.#last = encodeCommand(command);
    this.#attempts = 0;
    if (command.name !== "B0") return this.#send("reply", nowMs);
    const initial = this.#options.initialBaud ?? BAUD_MIN;
    return [{ kind: "send", octets: this.#last }, { kind: "baud", baud: initial }, ...this.#end("idle", { kind: "break" })];
  }

  receive(octets: Uint8Array, nowMs: number): ClientEffect[] {
    if (!this.#isListening) return [];
    this.#deadlineMs = nowMs + this.#timeoutMs;
    // What comes behind the end of the step, in the same chunk, is nobody's answer.
    return this.#assembler.push(octets).flatMap((part) => (this.#isListening ? this.#take(part, nowMs) : []));
  }

  get #isListening(): boolean {
    return this.#state !== "idle" && this.#state !== "programming" && this.#state !== "waking";
  }

  /** The deadline has passed: an unfinished block counts as damaged, silence as lost. */
  tick(nowMs: number): ClientEffect[] {
    if (this.#deadlineMs === undefined || nowMs < this.#deadlineMs) return [];
    if (this.#state === "waking") return this.#send("identification", nowMs);
    const [unfinished] = this.#assembler.flush();
    if (unfinished?.kind === "damaged" && this.#state !== "identification") return this.#damaged(unfinished.error, nowMs);
    return this.#silence(nowMs);
  }

  #silence(nowMs: number): ClientEffect[] {
    if (this.#attempts >= (this.#options.attemptsMax ?? ATTEMPTS_MAX)) {
      const isOpen = this.#state === "reply";
      return this.#end(isOpen ? "programming" : "idle", { kind: "no-answer", attempts: this.#attempts });
    }
    if (this.#state === "identification") return this.#call(nowMs);
    if (this.#state === "reply") return this.#send(this.#state, nowMs);
    // Silence after the change of rate: the meter is back at its initial rate, and is called again there.
    const address = this.#signOn;
    this.#baud = this.#options.initialBaud ?? BAUD_MIN;
    this.#last = address;
    return [{ kind: "baud", baud: this.#baud }, ...this.#call(nowMs)];
  }

  /** The sign-on, after the wake-up where the meter needs one. */
  #call(nowMs: number): ClientEffect[] {
    if (this.#options.isAsleep !== true) return this.#send("identification", nowMs);
    this.#state = "waking";
    this.#deadlineMs = nowMs + WAKE_UP_MS + WAKING_MS;
    return [{ kind: "send", octets: new Uint8Array(Math.round((WAKE_UP_MS * this.#baud) / (1000 * BITS_PER_CHARACTER))) }];
  }

  #take(part: LinePart, nowMs: number): ClientEffect[] {
    switch (part.kind) {
      case "identification":
        if (this.#state === "data") return this.#begunAnew(part.identification, nowMs);
        return this.#state === "identification" ? this.#identified(part.identification, nowMs) : [];
      case "data":
        return this.#data(part, nowMs);
      case "command":
        return this.#commanded(part.command);
      case "ack":
        return this.#state === "reply" ? this.#end("programming", { kind: "ack" }) : [];
      case "nak":
        if (this.#state !== "reply") return [];
        if (this.#attempts < (this.#options.attemptsMax ?? ATTEMPTS_MAX)) return this.#send("reply", nowMs);
        return this.#end("programming", { kind: "refused", text: "NAK" });
      case "option-select":
        return this.#state === "binary" ? this.#handOver() : [];
      case "damaged":
        // Echoes and noise before a block are not the meter's; the standing of an identification is asked again by silence.
        return part.error.code === "bcc" ? this.#damaged(part.error, nowMs) : [];
      case "sign-on":
        return [];
    }
  }

  #identified(identification: Identification, nowMs: number): ClientEffect[] {
    this.#identification = identification;
    this.#signOn = this.#last;
    const offer = offerOf(identification);
    if (this.#purpose === "readout" && (offer.mode === "A" || offer.mode === "B")) {
      this.#await("data", nowMs);
      return offer.mode === "B" ? [{ kind: "baud", baud: offer.baud }] : [];
    }
    return this.#select(offer, nowMs);
  }

  /** A call that came late has the meter begin anew: what it said until then would stand in the readout twice. */
  #begunAnew(identification: Identification, nowMs: number): ClientEffect[] {
    if (this.#attempts >= (this.#options.attemptsMax ?? ATTEMPTS_MAX))
      return this.#end("idle", { kind: "no-answer", attempts: this.#attempts });
    this.#attempts += 1;
    this.#texts = [];
    this.#textLength = 0;
    return this.#select(offerOf(identification), nowMs);
  }

  #select(offer: Offer, nowMs: number): ClientEffect[] {
    const { baudMax = Number.POSITIVE_INFINITY } = this.#options;
    const isFast = (offer.mode === "C" || offer.mode === "E") && offer.baud <= baudMax && this.#attempts <= 1;
    // The second time round the rate stays as it is: the faster one may not have come through.
    const baudCharacter = isFast ? offer.character : "0";
    const baud = isFast ? offer.baud : (this.#options.initialBaud ?? BAUD_MIN);
    const mode = { readout: MODE_READOUT, programming: MODE_PROGRAMMING, binary: MODE_BINARY }[this.#purpose];
    const option = encodeOptionSelect({ protocol: this.#purpose === "binary" ? 2 : 0, baudCharacter, mode });
    this.#baud = baud;
    this.#await(this.#purpose === "readout" ? "data" : this.#purpose === "programming" ? "operand" : "binary", nowMs);
    this.#assembler.isAckAlone = this.#purpose !== "binary";
    return [
      { kind: "send", octets: option },
      { kind: "baud", baud },
    ];
  }

  #handOver(): ClientEffect[] {
    const identification = this.#identification;
    if (identification === undefined) return [];
    return this.#end("idle", { kind: "identified", identification, baud: this.#baud });
  }

  /**
   * A block of a readout or an answer; EOT asks for the next one. Before an identification it is what a readout begun earlier still had
   * to say: taken for the first block of this one, it would leave the others out.
   */
  #data(part: Extract<LinePart, { kind: "data" }>, nowMs: number): ClientEffect[] {
    if (this.#state === "binary" || this.#state === "identification") return [];
    const refused = part.isFramed && this.#state !== "data" ? errorOf(part.text) : undefined;
    if (refused !== undefined) return this.#end(this.#state === "reply" ? "programming" : "idle", { kind: "refused", text: refused });
    this.#textLength += part.text.length;
    if (this.#textLength > (this.#options.textMax ?? TEXT_MAX) || this.#texts.length >= BLOCKS_MAX) return this.#tooLong(part);
    this.#texts.push(part.text);
    if (part.isPartial) {
      this.#last = Uint8Array.of(ACK);
      this.#attempts = 0;
      this.#await(this.#state, nowMs);
      return [{ kind: "send", octets: this.#last }];
    }
    const next = this.#state === "reply" ? "programming" : "idle";
    const outcome = { kind: "data", text: this.#texts.join(""), identification: this.#identification } as const;
    const back: ClientEffect[] = next === "idle" ? [{ kind: "baud", baud: this.#options.initialBaud ?? BAUD_MIN }] : [];
    return [...back, ...this.#end(next, outcome)];
  }

  #tooLong(part: LinePart): ClientEffect[] {
    const reason = `an answer of more than ${this.#options.textMax ?? TEXT_MAX} characters or ${BLOCKS_MAX} blocks`;
    return this.#end("idle", { kind: "damaged", error: new DecodeError(reason, { offset: part.offset, code: "limit" }) });
  }

  #commanded(command: Command): ClientEffect[] {
    if (command.name === "B0") return this.#end("idle", { kind: "break" });
    if (command.name !== "P0" || this.#state !== "operand") return [];
    const operand = /^\(?(.*?)\)?$/s.exec(command.data ?? "")?.[1] ?? "";
    const identification = this.#identification;
    return identification === undefined ? [] : this.#end("programming", { kind: "operand", operand, identification });
  }

  /** NAK asks for the block again, as often as attempts last. */
  #damaged(error: DecodeError, nowMs: number): ClientEffect[] {
    this.#attempts += 1;
    if (this.#attempts > (this.#options.attemptsMax ?? ATTEMPTS_MAX)) {
      return this.#end(this.#state === "reply" ? "programming" : "idle", { kind: "damaged", error });
    }
    this.#await(this.#state, nowMs);
    return [{ kind: "send", octets: Uint8Array.of(NAK) }];
  }

  #send(state: State, nowMs: number): ClientEffect[] {
    this.#attempts += 1;
    this.#await(state, nowMs);
    this.#texts = [];
    this.#textLength = 0;
    this.#assembler.isAckAlone = true;
    return [{ kind: "send", octets: this.#last }];
  }

  #await(state: State, nowMs: number): void {
    this.#state = state;
    this.#deadlineMs = nowMs + this.#timeoutMs;
  }

  #end(state: State, outcome: SessionOutcome): ClientEffect[] {
    this.#state = state;
    this.#deadlineMs = undefined;
    this.#texts = [];
    this.#textLength = 0;
    return [{ kind: "done", outcome }];
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? TIMEOUT_MS;
  }
}
