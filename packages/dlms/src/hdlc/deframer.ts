import { crcX25, DecodeError, joinedOctets } from "@amity/bytes";
import { decodeFormat, decodeFrame, FLAG, FRAME_OCTETS_MAX, FRAME_OCTETS_MIN, isFormat, littleEndian16, type HdlcFrame } from "./frame.ts";

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

  /** Octets held for a frame that is not whole yet. */
  get pending(): number {
    return this.#held.length;
  }

  /** Takes octets as they came; returns all that is complete now. Frames are views of memory that is not reused. */
  push(chunk: Uint8Array): Deframed[] {
    const octets = this.#held.length === 0 ? chunk : joinedOctets(this.#held, chunk);
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
    const noise = new NoiseRun(found);
    let at = from;
    while (at < octets.length) {
      const flag = octets.indexOf(FLAG, at);
      if (flag !== at) {
        const end = flag === -1 ? octets.length : flag;
        noise.octets += end - at;
        at = end;
        continue;
      }
      if (octets[at + 1] === FLAG) {
        at += 1;
        continue;
      }
      const candidate = examine(octets, at, noise.error);
      if (candidate === "incomplete") break;
      if (candidate instanceof DecodeError) {
        noise.octets += 1;
        noise.error = candidate;
        at += 1;
        continue;
      }
      noise.end();
      found.push(candidate);
      // The closing flag may be the next frame's opening one as well: keep it, a lone flag costs nothing.
      at += candidate.octets.length - 1;
    }
    noise.end();
    this.#held = octets.slice(at);
    return found;
  }
}

type Found = Extract<Deframed, { kind: "frame" }>;

/** Octets in a row that are no frame: one item for all, with the error of the first false start. */
class NoiseRun {
  octets = 0;
  error: DecodeError | undefined;
  readonly #found: Deframed[];

  constructor(found: Deframed[]) {
    this.#found = found;
  }

  end(): void {
    if (this.octets > 0) this.#found.push({ kind: "noise", octets: this.octets, error: this.error });
    this.octets = 0;
    this.error = undefined;
  }
}

/**
 * Looks at what follows the flag at `at`: a frame, or why it is none. `known` is the error of a false start just before: it stands
 * for those behind it too, because on a line full of flags an error for each would cost more than all else.
 */
function examine(octets: Uint8Array, at: number, known: DecodeError | undefined): Found | DecodeError | "incomplete" {
  if (octets.length < at + 3) return "incomplete";
  const format = ((octets[at + 1] ?? 0) << 8) | (octets[at + 2] ?? 0);
  if (known !== undefined && isFalseStart(octets, at, format)) return known;
  try {
    const length = decodeFormat(format, 1);
    const fault = headerFault(octets, at, length);
    if (fault !== undefined) throw new DecodeError(fault.reason, { offset: fault.offset, code: fault.code });
    if (octets.length < at + length + 2) return "incomplete";
    const whole = octets.subarray(at, at + length + 2);
    return { kind: "frame", frame: decodeFrame(whole), octets: whole };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return error;
  }
}

/** Whether an error is certain, found out without making one. */
function isFalseStart(octets: Uint8Array, at: number, format: number): boolean {
  const length = format & FRAME_OCTETS_MAX;
  if (!isFormat(format) || length < FRAME_OCTETS_MIN || headerFault(octets, at, length) !== undefined) return true;
  const fcsAt = at + length - 1;
  if (fcsAt + 2 >= octets.length) return false;
  return octets[fcsAt + 2] !== FLAG || crcX25(octets, at + 1, fcsAt) !== littleEndian16(octets, fcsAt);
}

const ADDRESS_FAULT = { reason: "address longer than 4 octets", offset: 3, code: "address" };

/** Rejects a false start as soon as its header check sequence is there, instead of waiting for a frame that never ends. */
function headerFault(octets: Uint8Array, at: number, length: number): { reason: string; offset: number; code: string } | undefined {
  let position = at + 3;
  for (let address = 0; address < 2; address++) {
    const start = position;
    do {
      if (position >= octets.length) return undefined;
      if (position - start === 4) return ADDRESS_FAULT;
    } while (((octets[position++] ?? 1) & 1) === 0);
  }
  const hcsAt = position + 1;
  const hasInformation = hcsAt + 2 - at < length + 1;
  if (!hasInformation || octets.length < hcsAt + 2) return undefined;
  if (crcX25(octets, at + 1, hcsAt) === littleEndian16(octets, hcsAt)) return undefined;
  return { reason: "header check sequence is wrong", offset: hcsAt - at, code: "hcs" };
}
