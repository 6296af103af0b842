import { DecodeError, FaultRun, HeldOctets } from "@amity/bytes";
import { CIPHERED_TAG, cipheredLength } from "../ciphered/ciphered-frame.ts";
import { TELEGRAM_OCTETS_MAX } from "./telegram.ts";

/** What came out of a stream. */
export type P1Part =
  | { readonly kind: "telegram"; readonly octets: Uint8Array }
  | { readonly kind: "ciphered"; readonly octets: Uint8Array }
  | { readonly kind: "damaged"; readonly octets: Uint8Array; readonly error: DecodeError };

const SLASH = 0x2f;
const BANG = 0x21;
const LF = 0x0a;
const TITLE_LENGTH = 8;

/** Finds telegrams, clear or ciphered, in a stream, however it is cut, and finds the next one after damage. */
export class TelegramAssembler {
  readonly #held = new HeldOctets(4096);
  readonly #faults = new FaultRun();
  #scanned = 0;

  /** Octets held back: a telegram that is not whole yet. */
  get pending(): number {
    return this.#held.length;
  }

  push(chunk: Uint8Array): P1Part[] {
    const parts: P1Part[] = [];
    for (let at = 0; at < chunk.length; at += SLICE_OCTETS) {
      this.#held.append(chunk.subarray(at, at + SLICE_OCTETS));
      for (let part = this.#next(); part !== undefined; part = this.#next()) parts.push(part);
    }
    return parts;
  }

  /** Silence: what is held back is given up. */
  flush(): P1Part[] {
    return this.#held.length === 0 ? [] : [this.#damaged(this.#held.length, "the line fell silent inside a telegram", "truncated")];
  }

  #next(): P1Part | undefined {
    this.#skipNoise();
    if (this.#held.length === 0) return undefined;
    const part = this.#held.buffer[0] === SLASH ? this.#clear() : this.#ciphered();
    if (part !== undefined || this.#held.length <= TELEGRAM_OCTETS_MAX) return part;
    return this.#damaged(this.#held.length, `more than ${TELEGRAM_OCTETS_MAX} octets`, "limit");
  }

  #skipNoise(): void {
    let skip = 0;
    for (; skip < this.#held.length; skip++) {
      const octet = this.#held.buffer[skip];
      if (octet === SLASH) break;
      const next = skip + 1 < this.#held.length ? this.#held.buffer[skip + 1] : TITLE_LENGTH;
      if (octet === CIPHERED_TAG && next === TITLE_LENGTH) break;
    }
    if (skip > 0) this.#take(skip);
  }

  #clear(): P1Part | undefined {
    const held = this.#held.buffer;
    let end = -1;
    for (let at = held.indexOf(LF, Math.max(0, this.#scanned - 1)); at >= 0 && end < 0; at = held.indexOf(LF, at + 1)) {
      if (held[at + 1] === BANG) end = at + 1;
      // A head at the start of a line inside a telegram: the one before lost its end.
      if (held[at + 1] === SLASH) return this.#damaged(at + 1, "a new telegram inside another", "interrupted");
    }
    this.#scanned = this.#held.length;
    if (end < 0) return undefined;
    this.#scanned = end;
    const lineEnd = held.indexOf(LF, end);
    if (lineEnd >= 0) {
      this.#faults.end();
      return { kind: "telegram", octets: this.#take(lineEnd + 1) };
    }
    // Behind `!` come four digits and a line end, not more.
    return this.#held.length - end > TAIL_MAX ? this.#damaged(end + 1, "no line end behind !", "truncated") : undefined;
  }

  #ciphered(): P1Part | undefined {
    try {
      const length = cipheredLength(this.#held.buffer.subarray(0, Math.min(this.#held.length, 16)));
      if (length === undefined || this.#held.length < length) return undefined;
      return { kind: "ciphered", octets: this.#take(length) };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { kind: "damaged", octets: this.#take(1), error };
    }
  }

  #damaged(octets: number, reason: string, code: string): P1Part {
    const error = this.#faults.error(code, () => new DecodeError(reason, { offset: 0, code }));
    return { kind: "damaged", octets: this.#take(octets), error };
  }

  #take(octets: number): Uint8Array {
    this.#scanned = 0;
    return this.#held.take(octets);
  }
}

const SLICE_OCTETS = 4096;
const TAIL_MAX = 64;
