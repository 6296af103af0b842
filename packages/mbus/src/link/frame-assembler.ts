import { DecodeError } from "@amity/bytes";
import { decodeWiredFrame, wiredFrameLength, type WiredFrame } from "./wired-frame.ts";

/** What came off the line: a frame, or octets that are none (noise, collisions; a run of them is one item). */
export type Assembled =
  | { readonly kind: "frame"; readonly frame: WiredFrame; readonly octets: Uint8Array }
  | { readonly kind: "noise"; readonly error: DecodeError };

/** The longest frame has 261 octets: more than one never waits. */
const BUFFER_MAX = 512;

/** Cuts a stream of octets into frames. Silence on the line ends whatever has begun: call `flush` then. */
export class FrameAssembler {
  readonly #buffer = new Uint8Array(BUFFER_MAX);
  #length = 0;

  /** Octets held back because their frame is not complete. */
  get pending(): number {
    return this.#length;
  }

  /** Takes octets and returns what they complete. */
  push(chunk: Uint8Array): Assembled[] {
    const out: Assembled[] = [];
    for (let at = 0; at < chunk.length;) {
      const part = Math.min(chunk.length - at, BUFFER_MAX - this.#length);
      this.#buffer.set(chunk.subarray(at, at + part), this.#length);
      this.#length += part;
      at += part;
      this.#drain(out);
    }
    return out;
  }

  /** The line fell silent: what is left is no frame any more. */
  flush(): Assembled[] {
    if (this.#length === 0) return [];
    const octets = this.#buffer.slice(0, this.#length);
    this.#length = 0;
    return [attempt(octets)];
  }

  #drain(out: Assembled[]): void {
    let start = 0;
    while (start < this.#length) {
      const need = wiredFrameLength(this.#buffer, start, this.#length);
      if (need < 0) {
        const from = start++;
        while (start < this.#length && wiredFrameLength(this.#buffer, start, this.#length) < 0) start++;
        out.push(noise(this.#buffer[from] ?? 0));
        continue;
      }
      if (need === 0 || need > this.#length - start) break;
      out.push(attempt(this.#buffer.slice(start, start + need)));
      start += need;
    }
    this.#buffer.copyWithin(0, start, this.#length);
    this.#length -= start;
  }
}

/** One item for a run of octets: an error for each would cost more than all else. */
function noise(first: number): Assembled {
  return { kind: "noise", error: new DecodeError(`0x${first.toString(16)} starts no frame`, { offset: 0, code: "start" }) };
}

function attempt(octets: Uint8Array): Assembled {
  try {
    return { kind: "frame", frame: decodeWiredFrame(octets), octets };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { kind: "noise", error };
  }
}
