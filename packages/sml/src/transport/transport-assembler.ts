import { DecodeError } from "@amity/bytes";
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
  #buffer = new Uint8Array(1024);
  #length = 0;
  /** Everything before was looked at; it is at least `HEAD_OCTETS` inside a frame. */
  #scanned = 0;
  #isInside = false;

  constructor(options: { readonly frameOctetsMax?: number } = {}) {
    this.#limit = options.frameOctetsMax ?? FRAME_OCTETS_MAX;
  }

  /** Octets held back: a frame that is not whole yet. */
  get pending(): number {
    return this.#length;
  }

  /** Takes octets and gives what is whole by now. */
  push(chunk: Uint8Array): Assembled[] {
    const found: Assembled[] = [];
    // In slices: the buffer never holds more than one frame and one slice.
    for (let at = 0; at < chunk.length; at += SLICE_OCTETS) {
      this.#append(chunk.subarray(at, at + SLICE_OCTETS));
      while (this.#step(found));
    }
    return found;
  }

  /** The line fell silent or ended: what is held back is given up. */
  flush(): Assembled[] {
    const found: Assembled[] = [];
    if (this.#length > 0) this.#drop(this.#length, "truncated", "the line fell silent inside a frame", found);
    this.#isInside = false;
    return found;
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#buffer.length));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#length);
    this.#length = needed;
  }

  /** True where something was taken off the buffer and more may follow. */
  #step(found: Assembled[]): boolean {
    const buffer = this.#buffer;
    const last = this.#length - HEAD_OCTETS;
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
    if (this.#length <= this.#limit) return false;
    this.#drop(this.#isInside ? this.#length : this.#scanned, "limit", `no end of the frame within ${this.#limit} octets`, found);
    this.#isInside = false;
    return false;
  }

  #drop(octets: number, code: string, reason: string, found: Assembled[]): void {
    found.push({ kind: "damaged", octets: this.#take(octets), error: new DecodeError(reason, { offset: 0, code }) });
  }

  #take(octets: number): Uint8Array {
    const taken = this.#buffer.slice(0, octets);
    this.#buffer.copyWithin(0, octets, this.#length);
    this.#length -= octets;
    this.#scanned = 0;
    return taken;
  }
}

const SLICE_OCTETS = 16 * 1024;
