import { crcX25, DecodeError } from "@amity/bytes";
import { decodeFormat, decodeFrame, FLAG, type HdlcFrame } from "./frame.ts";

/** What a stretch of octets yielded: a frame (with its octets, flags included), or octets thrown away and why. */
export type Deframed =
  | { readonly kind: "frame"; readonly frame: HdlcFrame; readonly octets: Uint8Array }
  | { readonly kind: "noise"; readonly octets: number; readonly error: DecodeError | undefined };

/**
 * Cuts a stream of octets into frames. A frame may come in pieces, several may come at once, two may share one flag,
 * and anything may lie between them. Frames are cut by their announced length (format type 3 has no transparency), so
 * a flag inside a frame is data; after a false start the search goes on right behind the flag that misled.
 * Holds at most one frame's octets beyond what the last call handed in.
 */
export class HdlcDeframer {
  #held: Uint8Array = new Uint8Array(0);

  /** Whether part of a frame is held: the owner starts its inter-octet time-out, then calls `expire`. */
  get isInFrame(): boolean {
    return this.#held.length > 1;
  }

  /** Takes octets as they came; returns all that is complete now. Frames are views of memory that is not reused. */
  push(chunk: Uint8Array): Deframed[] {
    const octets = this.#held.length === 0 ? chunk : joined(this.#held, chunk);
    return this.#scan(octets, 0);
  }

  /** The line fell silent inside a frame: gives its flag up and looks for frames behind it. */
  expire(): Deframed[] {
    if (!this.isInFrame) return [];
    const held = this.#held;
    const lapsed = {
      kind: "noise",
      octets: 1,
      error: new DecodeError("frame broke off", { offset: held.length, code: "truncated" }),
    } as const;
    return [lapsed, ...this.#scan(held, 1)];
  }

  #scan(octets: Uint8Array, from: number): Deframed[] {
    const found: Deframed[] = [];
    let at = from;
    while (at < octets.length) {
      const flag = octets.indexOf(FLAG, at);
      if (flag !== at) {
        const end = flag === -1 ? octets.length : flag;
        found.push({ kind: "noise", octets: end - at, error: undefined });
        at = end;
        continue;
      }
      if (octets[at + 1] === FLAG) {
        at += 1;
        continue;
      }
      const candidate = examine(octets, at);
      if (candidate === "incomplete") break;
      found.push(candidate);
      if (candidate.kind === "noise") at += candidate.octets;
      // The closing flag may be the next frame's opening one as well: keep it, a lone flag costs nothing.
      else at += candidate.octets.length - 1;
    }
    this.#held = octets.slice(at);
    return found;
  }
}

/** Looks at what follows the flag at `at`. */
function examine(octets: Uint8Array, at: number): Deframed | "incomplete" {
  if (octets.length < at + 3) return "incomplete";
  try {
    const length = decodeFormat(((octets[at + 1] ?? 0) << 8) | (octets[at + 2] ?? 0), 1);
    checkHeader(octets, at, length);
    if (octets.length < at + length + 2) return "incomplete";
    const whole = octets.subarray(at, at + length + 2);
    return { kind: "frame", frame: decodeFrame(whole), octets: whole };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { kind: "noise", octets: 1, error };
  }
}

/** Rejects a false start as soon as its header check sequence is there, instead of waiting for a frame that never ends. */
function checkHeader(octets: Uint8Array, at: number, length: number): void {
  let position = at + 3;
  for (let address = 0; address < 2; address++) {
    const start = position;
    do {
      if (position >= octets.length) return;
      if (position - start === 4) throw new DecodeError("address longer than 4 octets", { offset: start - at, code: "address" });
    } while (((octets[position++] ?? 1) & 1) === 0);
  }
  const hcsAt = position + 1;
  const hasInformation = hcsAt + 2 - at < length + 1;
  if (!hasInformation || octets.length < hcsAt + 2) return;
  if (crcX25(octets, at + 1, hcsAt) !== ((octets[hcsAt] ?? 0) | ((octets[hcsAt + 1] ?? 0) << 8))) {
    throw new DecodeError("header check sequence is wrong", { offset: hcsAt - at, code: "hcs" });
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
