import { DecodeError, UsageError, crcEn13757 } from "@amity/bytes";

/** Frame formats of EN 13757-4, 12: A (a CRC every 16 octets), B (one or two), or CRCs already taken off by the radio. */
export type FrameFormat = "a" | "b" | "none";

/** A link-layer frame without CRCs: L (rewritten to count what follows), C, M, A, CI, data. */
export interface StrippedFrame {
  readonly format: FrameFormat;
  readonly octets: Uint8Array;
}

const FIRST_BLOCK = 10;
const BLOCK = 16;
/** Data octets in the first two blocks of format B. */
const B_FIRST = 126;

/** Octets on air of a frame A with this L field. */
export function frameALength(lengthField: number): number {
  return lengthField + 1 + 2 * (1 + Math.ceil(Math.max(0, lengthField + 1 - FIRST_BLOCK) / BLOCK));
}

/** Adds the CRCs of format A to a frame without CRCs. @throws UsageError `length`. */
export function encodeFrameA(frame: Uint8Array): Uint8Array {
  checkLengthField(frame, frame.length - 1);
  const out = new Uint8Array(frameALength(frame.length - 1));
  let to = 0;
  for (let from = 0; from < frame.length;) {
    const size = Math.min(from === 0 ? FIRST_BLOCK : BLOCK, frame.length - from);
    out.set(frame.subarray(from, from + size), to);
    const crc = crcEn13757(frame, from, from + size);
    out[to + size] = crc >> 8;
    out[to + size + 1] = crc & 0xff;
    from += size;
    to += size + 2;
  }
  return out;
}

/** Adds the CRCs of format B to a frame without CRCs; its L is rewritten to count them. @throws UsageError `length`, `too-long`. */
export function encodeFrameB(frame: Uint8Array): Uint8Array {
  checkLengthField(frame, frame.length - 1);
  const blocks = frame.length > B_FIRST ? 2 : 1;
  const out = new Uint8Array(frame.length + 2 * blocks);
  if (out.length > 256) throw new UsageError(`a frame B holds 256 octets, not ${out.length}`, { code: "too-long" });
  const source = frame.slice();
  source[0] = out.length - 1;
  let to = 0;
  for (let from = 0; from < source.length; from += B_FIRST) {
    const end = Math.min(from + B_FIRST, source.length);
    out.set(source.subarray(from, end), to);
    to += end - from;
    const crc = crcEn13757(source, from, end);
    out[to++] = crc >> 8;
    out[to++] = crc & 0xff;
  }
  return out;
}

/**
 * Takes the CRCs off. `format` says what the radio delivers; `auto` tries A, then B, and takes what has no matching CRC
 * for a frame whose CRCs are gone already.
 * @throws DecodeError `truncated`, `length`, `crc` (with the offset of the CRC).
 */
export function stripFrame(octets: Uint8Array, format: FrameFormat | "auto" = "auto"): StrippedFrame {
  const length = octets[0];
  if (length === undefined) throw new DecodeError("no octets", { offset: 0, code: "truncated" });
  if (format === "a") return stripA(octets, length);
  if (format === "b") return stripB(octets, length);
  if (format === "none") return { format, octets: checkedPlain(octets, length) };
  // The length of a frame A with its CRCs is no other frame's, nor is a first block with its CRC: whatever is wrong then is an error, and
  // no reason to try further.
  if (length >= 9 && (octets.length === frameALength(length) || hasFirstBlockA(octets))) return stripA(octets, length);
  if (octets.length === length + 1 && length >= 11 && isFrameB(octets)) return stripB(octets, length);
  return { format: "none", octets };
}

/** What a damaged frame was, and what is wrong with it: for explaining, never for reading. */
export interface DamagedFrame {
  readonly format: "a" | "b";
  /** Without CRCs; L counts what is there. */
  readonly octets: Uint8Array;
  readonly problem: DecodeError;
}

/**
 * Finds out what a frame of format A was whose length or CRCs are wrong: one of its blocks still has its CRC. `undefined`: no block has.
 */
export function damagedFrameA(octets: Uint8Array): DamagedFrame | undefined {
  const problem = faultOf(octets, "a");
  if (problem === undefined || !hasBlockA(octets)) return undefined;
  const dropped = dropFrameACrcs(octets);
  // Octets behind the announced length are not the frame's, unless it is the length that is wrong.
  const announced = (octets[0] ?? 0) + 1;
  const stripped = problem.code === "trailing" ? dropped.subarray(0, announced) : dropped;
  stripped[0] = stripped.length - 1;
  return { format: "a", octets: stripped, problem };
}

/** The same for format B of one block, whose CRC is wrong: nothing tells it from a frame without CRCs but what its content says. */
export function damagedFrameB(octets: Uint8Array): DamagedFrame | undefined {
  const problem = faultOf(octets, "b");
  if (problem?.code !== "crc" || octets.length > B_FIRST + 2) return undefined;
  const stripped = octets.slice(0, -2);
  stripped[0] = stripped.length - 1;
  return { format: "b", octets: stripped, problem };
}

function faultOf(octets: Uint8Array, format: "a" | "b"): DecodeError | undefined {
  try {
    stripFrame(octets, format);
    return undefined;
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}

function hasFirstBlockA(octets: Uint8Array): boolean {
  return octets.length > FIRST_BLOCK + 2 && crcMatches(octets, 0, FIRST_BLOCK);
}

function hasBlockA(octets: Uint8Array): boolean {
  if (hasFirstBlockA(octets)) return true;
  for (let from = FIRST_BLOCK + 2; from + BLOCK + 2 <= octets.length; from += BLOCK + 2) {
    if (crcMatches(octets, from, from + BLOCK)) return true;
  }
  return false;
}

/** Takes the CRCs of a frame A off without looking at them. */
function dropFrameACrcs(octets: Uint8Array): Uint8Array {
  const kept: number[] = [];
  for (let from = 0; from < octets.length;) {
    const size = from === 0 ? FIRST_BLOCK : BLOCK;
    const rest = octets.length - from;
    kept.push(...octets.subarray(from, from + Math.min(size, Math.max(0, rest - 2))));
    from += size + 2;
  }
  return Uint8Array.from(kept);
}

/** Offset in the frame as received of an octet of the stripped frame. */
export function offsetOnAir(offset: number, format: FrameFormat): number {
  if (format === "a") return offset < FIRST_BLOCK ? offset : offset + 2 + 2 * Math.floor((offset - FIRST_BLOCK) / BLOCK);
  return format === "b" && offset >= B_FIRST ? offset + 2 : offset;
}

function stripA(octets: Uint8Array, length: number): StrippedFrame {
  const need = frameALength(length);
  if (length < 9) throw new DecodeError(`length ${length} has no room for an address`, { offset: 0, code: "length" });
  if (octets.length < need) throw truncated(need, octets.length);
  const out = new Uint8Array(length + 1);
  let from = 0;
  for (let to = 0; to < out.length;) {
    const size = Math.min(to === 0 ? FIRST_BLOCK : BLOCK, out.length - to);
    if (!crcMatches(octets, from, from + size)) throw badCrc(octets, from, from + size);
    out.set(octets.subarray(from, from + size), to);
    to += size;
    from += size + 2;
  }
  if (octets.length > need)
    throw new DecodeError(`${octets.length - need} trailing octet(s) after the frame`, { offset: need, code: "trailing" });
  return { format: "a", octets: out };
}

function stripB(octets: Uint8Array, length: number): StrippedFrame {
  if (length < 11) throw new DecodeError(`length ${length} has no room for an address and a CRC`, { offset: 0, code: "length" });
  if (octets.length < length + 1) throw truncated(length + 1, octets.length);
  if (octets.length > length + 1) throw new DecodeError("trailing octets after the frame", { offset: length + 1, code: "trailing" });
  const total = length + 1;
  const firstEnd = Math.min(total - 2, B_FIRST);
  if (!crcMatches(octets, 0, firstEnd)) throw badCrc(octets, 0, firstEnd);
  const rest = total - firstEnd - 2;
  if (rest > 0 && rest < 3)
    throw new DecodeError(`length ${length} leaves ${rest} octet(s) for a second block`, { offset: 0, code: "length" });
  const out = new Uint8Array(firstEnd + Math.max(0, rest - 2));
  out.set(octets.subarray(0, firstEnd), 0);
  if (rest > 0) {
    const start = firstEnd + 2;
    if (!crcMatches(octets, start, total - 2)) throw badCrc(octets, start, total - 2);
    out.set(octets.subarray(start, total - 2), firstEnd);
  }
  out[0] = out.length - 1;
  return { format: "b", octets: out };
}

function isFrameB(octets: Uint8Array): boolean {
  return crcMatches(octets, 0, Math.min(octets.length - 2, B_FIRST));
}

function checkedPlain(octets: Uint8Array, length: number): Uint8Array {
  if (octets.length < length + 1) throw truncated(length + 1, octets.length);
  if (octets.length > length + 1) {
    throw new DecodeError(`${octets.length - length - 1} trailing octet(s) after the frame`, { offset: length + 1, code: "trailing" });
  }
  return octets;
}

function crcMatches(octets: Uint8Array, start: number, end: number): boolean {
  const crc = crcEn13757(octets, start, end);
  return octets[end] === crc >> 8 && octets[end + 1] === (crc & 0xff);
}

function badCrc(octets: Uint8Array, start: number, end: number): DecodeError {
  const sent = ((octets[end] ?? 0) << 8) | (octets[end + 1] ?? 0);
  const own = crcEn13757(octets, start, end);
  const reason = `CRC of the block at ${start} is ${sent.toString(16).padStart(4, "0")}, its octets give ${own.toString(16).padStart(4, "0")}`;
  return new DecodeError(reason, { offset: end, code: "crc" });
}

function truncated(need: number, have: number): DecodeError {
  return new DecodeError(`truncated: the frame has ${need} octets, ${have} came`, { offset: have, code: "truncated" });
}

function checkLengthField(frame: Uint8Array, length: number): void {
  if (frame[0] !== length || length < 9 || length > 255) {
    throw new UsageError(`L is ${frame[0]}, the frame has ${length} octets after it (9 to 255 are possible)`, { code: "length" });
  }
}
