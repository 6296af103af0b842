import { ACK, NAK } from "../line/characters.ts";
import { LineAssembler } from "../line/line-assembler.ts";
import type { LinePart } from "../line/line-part.ts";
import { READOUT_END, encodeCommand, encodeData, type Command } from "../message/command.ts";
import { BAUD_BY_CHARACTER, formatIdentification, offerOf, type Identification } from "../message/identification.ts";
import { MODE_BINARY, MODE_PROGRAMMING, encodeOptionSelect, isAddressed, type OptionSelect } from "../message/sign-on.ts";
import { toOctets } from "../line/characters.ts";
import { PasswordLock } from "./password-lock.ts";

/** What a meter is asked for: the simulated meter implements this, the server face does the rest. */
export interface LocalPortDevice {
  /** Its rate character decides the mode: `0` to `6` mode C (with capability `2` mode E), letters mode B, others mode A. */
  readonly identification: Identification;
  /** Device address: the fabrication number, mostly. */
  readonly address: string;
  /** Data sets of the readout, a line each, without `!`. */
  readout(): string;
  /** Operand of P0: a greeting, or a number that P2 computes with. */
  operand(): string;
  /** Passwords: what the session may do afterwards; `undefined`: wrong. */
  authenticate(command: "P1" | "P2", answer: string, operand: string): AccessLevel | undefined;
  /** R, W and E commands; `level` is 0 before a password. */
  execute(command: Command, level: AccessLevel): CommandResult;
}

/** 0: nobody yet. The device says what higher levels may do. */
export type AccessLevel = 0 | 1 | 2 | 3;

export type CommandResult =
  | { readonly kind: "data"; readonly text: string }
  | { readonly kind: "done" }
  /** Sent as `(text)`, e.g. `ERR1`. */
  | { readonly kind: "error"; readonly text: string };

export type MeterEffect =
  | { readonly kind: "send"; readonly octets: Uint8Array }
  | { readonly kind: "baud"; readonly baud: number }
  /** Mode E: from here on the line carries HDLC. */
  | { readonly kind: "hand-over" };

export interface MeterSessionOptions {
  readonly initialBaud?: number;
  /** Silence that ends a session (ms): 60 to 120 s. */
  readonly inactivityMs?: number;
  /** Characters of one block; longer answers come in blocks, each asked for by ACK. Default: all in one. */
  readonly blockMax?: number;
  /** Shared by every session of a meter: who connects anew is no more welcome. Default: one of this session, of three passwords. */
  readonly lock?: PasswordLock;
}

const INITIAL_BAUD = 300;
const INACTIVITY_MS = 60_000;
/** Requests are short: nobody makes a meter hold more (octets). */
const REQUEST_OCTETS_MAX = 8192;

type State = "idle" | "selecting" | "readout" | "programming" | "binary";

/** The meter's side of the local port as a state machine. */
export class MeterSession {
  readonly #device: LocalPortDevice;
  readonly #options: MeterSessionOptions;
  readonly #assembler = new LineAssembler({ messageOctetsMax: REQUEST_OCTETS_MAX });
  readonly #lock: PasswordLock;
  #state: State = "idle";
  #level: AccessLevel = 0;
  #operand = "";
  #blocks: Uint8Array[] = [];
  #last: Uint8Array = new Uint8Array(0);
  #deadlineMs: number | undefined;

  constructor(device: LocalPortDevice, options: MeterSessionOptions = {}) {
    this.#device = device;
    this.#options = options;
    this.#lock = options.lock ?? new PasswordLock();
    this.#assembler.isAckAlone = false;
  }

  /** When `tick` wants to be called (ms). */
  get deadlineMs(): number | undefined {
    return this.#deadlineMs;
  }

  /** Octets of a message that is not whole yet. */
  get pending(): number {
    return this.#assembler.pending;
  }

  receive(octets: Uint8Array, nowMs: number): MeterEffect[] {
    if (this.#state === "binary") return [];
    const effects: MeterEffect[] = [];
    for (const part of this.#assembler.push(octets)) {
      effects.push(...this.#take(part, nowMs));
      this.#assembler.isAckAlone = this.#blocks.length > 0 || this.#state === "readout";
    }
    if (this.#state !== "idle") this.#deadlineMs = nowMs + (this.#options.inactivityMs ?? INACTIVITY_MS);
    return effects;
  }

  /** Nobody has said anything for long: back to the start. */
  tick(nowMs: number): MeterEffect[] {
    if (this.#deadlineMs === undefined || nowMs < this.#deadlineMs) return [];
    this.#assembler.flush();
    return this.#reset();
  }

  #take(part: LinePart, nowMs: number): MeterEffect[] {
    switch (part.kind) {
      case "sign-on":
        return isAddressed(part.address, this.#device.address) ? this.#identify() : [];
      case "option-select":
        return this.#state === "selecting" ? this.#select(part.option) : [];
      case "command":
        return this.#state === "programming" ? this.#command(part.command, nowMs) : [];
      case "ack":
        return this.#nextBlock();
      case "nak":
        return this.#state === "idle" || this.#last.length === 0 ? [] : [{ kind: "send", octets: this.#last }];
      case "damaged":
        return part.error.code === "bcc" && this.#state === "programming" ? [{ kind: "send", octets: Uint8Array.of(NAK) }] : [];
      default:
        return [];
    }
  }

  #identify(): MeterEffect[] {
    const { identification } = this.#device;
    const offer = offerOf(identification);
    const effects: MeterEffect[] = [...this.#reset(), { kind: "send", octets: toOctets(formatIdentification(identification)) }];
    if (offer.mode === "C" || offer.mode === "E") {
      this.#state = "selecting";
      return effects;
    }
    if (offer.mode === "B") effects.push({ kind: "baud", baud: offer.baud });
    return [...effects, ...this.#readout()];
  }

  #select({ protocol, baudCharacter, mode }: OptionSelect): MeterEffect[] {
    const offer = offerOf(this.#device.identification);
    const baud: MeterEffect = { kind: "baud", baud: BAUD_BY_CHARACTER[baudCharacter] };
    if (mode === MODE_BINARY && offer.mode === "E") {
      this.#state = "binary";
      // The confirmation repeats the selection, still at the initial rate.
      const octets = encodeOptionSelect({ protocol, baudCharacter, mode });
      return [{ kind: "send", octets }, baud, { kind: "hand-over" }];
    }
    if (mode !== MODE_PROGRAMMING) return [baud, ...this.#readout()];
    this.#state = "programming";
    this.#level = 0;
    this.#operand = this.#device.operand();
    return [baud, ...this.#answer(encodeCommand({ name: "P0", data: `(${this.#operand})` }))];
  }

  #readout(): MeterEffect[] {
    this.#state = "readout";
    return this.#sendText(`${this.#device.readout()}${READOUT_END}`);
  }

  #command(command: Command, nowMs: number): MeterEffect[] {
    this.#blocks = [];
    if (command.name === "B0") return this.#reset();
    if (command.name === "P1" || command.name === "P2") return this.#password(command.name, command.data ?? "", nowMs);
    const result = this.#device.execute(command, this.#level);
    if (result.kind === "done") return this.#answer(Uint8Array.of(ACK));
    return this.#sendText(result.kind === "data" ? result.text : `(${result.text})`);
  }

  #password(name: "P1" | "P2", data: string, nowMs: number): MeterEffect[] {
    const answer = /^\((.*)\)$/s.exec(data)?.[1] ?? data;
    const isLocked = this.#lock.isLocked(nowMs);
    const level = isLocked ? undefined : this.#device.authenticate(name, answer, this.#operand);
    if (level !== undefined) {
      this.#lock.right();
      this.#level = level;
      return this.#answer(Uint8Array.of(ACK));
    }
    if (!isLocked) this.#lock.wrong(nowMs);
    return this.#answer(encodeData("(ERR2)"));
  }

  #sendText(text: string): MeterEffect[] {
    const size = this.#options.blockMax ?? Math.max(1, text.length);
    this.#blocks = [];
    for (let at = 0; at < text.length || at === 0; at += size) {
      this.#blocks.push(encodeData(text.slice(at, at + size), at + size < text.length));
    }
    return this.#nextBlock();
  }

  #nextBlock(): MeterEffect[] {
    const block = this.#blocks.shift();
    return block === undefined ? [] : this.#answer(block);
  }

  #answer(octets: Uint8Array): MeterEffect[] {
    this.#last = octets;
    return [{ kind: "send", octets }];
  }

  #reset(): MeterEffect[] {
    const wasOpen = this.#state !== "idle";
    this.#state = "idle";
    this.#level = 0;
    this.#blocks = [];
    this.#last = new Uint8Array(0);
    this.#deadlineMs = undefined;
    this.#assembler.isAckAlone = false;
    return wasOpen ? [{ kind: "baud", baud: this.#options.initialBaud ?? INITIAL_BAUD }] : [];
  }
}
