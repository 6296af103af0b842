import { DecodeError, HeldOctets } from "@amity/bytes";
import { ESCAPE, HEAD_OCTETS, escapeMeaning, isEscape } from "./transport-frame.ts";

/** What came out of a stream: a frame from start to CRC, or octets that were none. */
export type Assembled =
  | { readonly kind: "frame"; readonly octets: Uint8Array }
  | { readonly kind: "damaged"; readonly octets: Uint8Array; readonly error: DecodeError };

/** Largest frame by default (octets): the load profile of a quarter, not more. */
const FRAME_OCTETS_MAX = 256 * 1024;

/** Finds frames of transport protocol 1 in a stream, however it is cut, and finds the next one after damage. */
export class TransportAssembler {
  readonly #limit: number;
  readonly #held = new HeldOctets(1024);
  /** Everything before was looked at; it is at least `HEAD_OCTETS` inside a frame. */
  #scanned = 0;
  #isInside = false;

  constructor(options: { readonly frameOctetsMax?: number } = {}) {
    this.#limit = options.frameOctetsMax ?? FRAME_OCTETS_MAX;
  }

  /** Octets held back: a frame that is not whole yet. */
  get pending(): number {
    return this.#held.length;
  }

  /** Takes octets and gives what is whole by now. */
  push(chunk: Uint8Array): Assembled[] {
    const found: Assembled[] = [];
    // In slices: the buffer never holds more than one frame and one slice.
    for (let at = 0; at < chunk.length; at += SLICE_OCTETS) {
      this.#held.append(chunk.subarray(at, at + SLICE_OCTETS));
      while (this.#step(found));
    }
    return found;
  }

  /** The line fell silent or ended: what is held back is given up. */
  flush(): Assembled[] {
    const found: Assembled[] = [];
    if (this.#held.length > 0) this.#drop(this.#held.length, "truncated", "the line fell silent inside a frame", found);
    this.#isInside = false;
    return found;
  }

  /** True where something was taken off the buffer and more may follow. */
  #step(found: Assembled[]): boolean {
    const buffer = this.#held.buffer;
    const last = this.#held.length - HEAD_OCTETS;
    let at = this.#scanned;
    for (; at <= last; at++) {
      if (buffer[at] !== ESCAPE || !isEscape(buffer, at)) continue;
      const meaning = escapeMeaning(buffer, at);
      if (meaning === "start") {
        if (at > 0) this.#drop(at, this.#isInside ? "interrupted" : "noise", "octets before a start sequence", found);
        this.#isInside = true;
        this.#scanned = HEAD_OCTETS;
        return true;
      }
      if (!this.#isInside) continue;
      if (meaning === "literal") at += HEAD_OCTETS - 1;
      if (meaning === "end") {
        found.push({ kind: "frame", octets: this.#take(at + HEAD_OCTETS) });
        this.#isInside = false;
        return true;
      }
    }
    this.#scanned = Math.max(at, 0);
    if (this.#held.length <= this.#limit) return false;
    this.#drop(this.#isInside ? this.#held.length : this.#scanned, "limit", `no end of the frame within ${this.#limit} octets`, found);
    this.#isInside = false;
    return false;
  }

  #drop(octets: number, code: string, reason: string, found: Assembled[]): void {
    found.push({ kind: "damaged", octets: this.#take(octets), error: new DecodeError(reason, { offset: 0, code }) });
  }

  #take(octets: number): Uint8Array {
    this.#scanned = 0;
    return this.#held.take(octets);
  }
}

const SLICE_OCTETS = 16 * 1024;
