import { ByteWriter, DecodeError, crcKermit, crcX25 } from "@amity/bytes";

/** Which CRC a sum turned out to be; some Holley meters use Kermit's. */
export type SmlCrc = "x25" | "kermit" | "wrong";

/** A frame of transport protocol 1 taken apart. */
export interface TransportFrame {
  /** The SML file: unescaped, fill octets taken off. */
  readonly payload: Uint8Array;
  readonly fillOctets: number;
  readonly crc: SmlCrc;
  /** Where the CRC stands (octets from the start of the frame). */
  readonly crcOffset: number;
  /** From a place in the payload to its place in the frame. */
  readonly offsetOf: (position: number) => number;
}

export const ESCAPE = 0x1b;
export const HEAD_OCTETS = 8;
const VERSION_1 = 0x01;
const END = 0x1a;
const FILL_MAX = 3;

/** True where four escape octets begin at `at`. */
export function isEscape(octets: Uint8Array, at: number): boolean {
  return octets[at] === ESCAPE && octets[at + 1] === ESCAPE && octets[at + 2] === ESCAPE && octets[at + 3] === ESCAPE;
}

/** What an escape sequence means, by the four octets after it; `undefined` where it means nothing (it is content then). */
export function escapeMeaning(octets: Uint8Array, at: number): "literal" | "start" | "end" | undefined {
  const next = octets[at + 4];
  if (next === END) return "end";
  if (next === ESCAPE) return isEscape(octets, at + 4) ? "literal" : undefined;
  const isStart = next === VERSION_1 && octets[at + 5] === VERSION_1 && octets[at + 6] === VERSION_1 && octets[at + 7] === VERSION_1;
  return isStart ? "start" : undefined;
}

/**
 * Takes a frame of transport protocol version 1 apart (BSI TR-03109-1 annex IV, 8). A wrong CRC is said in the result: the
 * messages have their own. @throws DecodeError `not-transport`, `truncated`, `trailing`, `fill`.
 */
export function decodeTransport(frame: Uint8Array): TransportFrame {
  if (!isEscape(frame, 0) || escapeMeaning(frame, 0) !== "start") {
    throw new DecodeError("no start sequence 1b1b1b1b 01010101", { offset: 0, code: "not-transport" });
  }
  const escapes: number[] = [];
  let at = HEAD_OCTETS;
  while (at + HEAD_OCTETS <= frame.length) {
    const meaning = frame[at] === ESCAPE && isEscape(frame, at) ? escapeMeaning(frame, at) : undefined;
    if (meaning === "end") return finished(frame, at, escapes);
    if (meaning === "start") throw new DecodeError("a new start sequence inside the frame", { offset: at, code: "interrupted" });
    if (meaning === "literal") escapes.push(at);
    at += meaning === "literal" ? HEAD_OCTETS : 1;
  }
  throw new DecodeError("truncated: no end sequence 1b1b1b1b 1a", { offset: frame.length, code: "truncated" });
}

function finished(frame: Uint8Array, end: number, escapes: readonly number[]): TransportFrame {
  const crcOffset = end + 6;
  if (frame.length > crcOffset + 2) {
    throw new DecodeError(`${frame.length - crcOffset - 2} trailing octet(s) after the frame`, { offset: crcOffset + 2, code: "trailing" });
  }
  const fillOctets = frame[end + 5] ?? 0;
  if (fillOctets > FILL_MAX) throw new DecodeError(`${fillOctets} fill octets, at most 3 are possible`, { offset: end + 5, code: "fill" });
  const sum = (frame[crcOffset] ?? 0) | ((frame[crcOffset + 1] ?? 0) << 8);
  return {
    payload: unescaped(frame, Math.max(HEAD_OCTETS, end - fillOctets), escapes),
    fillOctets,
    crc: crcKind(sum, frame, 0, crcOffset),
    crcOffset,
    offsetOf(position) {
      let offset = HEAD_OCTETS + position;
      for (const escape of escapes) if (escape + 4 <= offset) offset += 4;
      return offset;
    },
  };
}

function unescaped(frame: Uint8Array, end: number, escapes: readonly number[]): Uint8Array {
  if (escapes.length === 0) return frame.subarray(HEAD_OCTETS, end);
  const out = new ByteWriter({ capacity: frame.length });
  let from = HEAD_OCTETS;
  for (const escape of escapes) {
    out.bytes(frame.subarray(from, escape + 4));
    from = escape + HEAD_OCTETS;
  }
  return out.bytes(frame.subarray(from, Math.max(from, end))).finish();
}

/** Which of the two CRCs `sum` is, over `octets[start..end)`. */
export function crcKind(sum: number, octets: Uint8Array, start: number, end: number): SmlCrc {
  if (crcX25(octets, start, end) === sum) return "x25";
  return crcKermit(octets, start, end) === sum ? "kermit" : "wrong";
}

/** Puts an SML file into a frame: escapes, fills to a multiple of four octets, adds the CRC. */
export function encodeTransport(payload: Uint8Array, crc: Exclude<SmlCrc, "wrong"> = "x25"): Uint8Array {
  const out = new ByteWriter({ capacity: payload.length + 32 });
  out.u32(0x1b1b1b1b).u32(0x01010101);
  let run = 0;
  for (const octet of payload) {
    out.u8(octet);
    run = octet === ESCAPE ? run + 1 : 0;
    if (run === 4) {
      out.u32(0x1b1b1b1b);
      run = 0;
    }
  }
  const fill = (4 - (out.length % 4)) % 4;
  for (let index = 0; index < fill; index++) out.u8(0);
  out.u32(0x1b1b1b1b).u8(END).u8(fill);
  return out.u16Le((crc === "x25" ? crcX25 : crcKermit)(out.peek())).finish();
}
