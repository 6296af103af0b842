import { DecodeError, UsageError } from "@amity/bytes";
import { emptyBlock, slotsPerDay, type IntervalBlock } from "./interval-block.ts";
import { getSigned, getVarint, putSigned, putVarint, type Cursor } from "./varint.ts";

/**
 * Packed form of a block, version 1. The day is not in it: it is part of the row's key.
 *
 *     version u8 = 1 · intervalSeconds varint · phaseSeconds varint · values · qualities
 *     values:    groups of 16 slots (the last may be shorter), each
 *                header u8: bits 0-5 width 0..48, or 63 = raw; bit 6 delta; bit 7 reference is zero and left out
 *                raw:   each value as IEEE 754 double, little-endian
 *                plain: reference (zigzag varint) = the smallest value; then value - reference for every slot
 *                delta: reference (zigzag varint) = the first value; smallest step (zigzag varint); then step - smallest
 *                       for every slot but the first
 *                numbers take `width` bits each, filled from the lowest bit up, padded to an octet at the end of the group
 *     qualities: count of runs varint; per run its code (u16, little-endian) and, except for the last, its length varint
 *
 * Quarter-hour energy in Wh packs to about 1.2 octets a slot; a day of zeros to 14 octets.
 */
const VERSION = 1;
const GROUP = 16;
const RAW = 63;
const WIDTH_MAX = 48;
const WIDTH_MASK = 0x3f;
const DELTA = 0x40;
const ZERO_REFERENCE = 0x80;
/** Numbers wider than this go through the bit accumulator in two parts, so that it never exceeds 31 bits. */
const HALF = 24;
const HALF_RANGE = 2 ** HALF;

/** Upper bound of the packed size of a block, in octets. */
export function packedBlockMax(slots: number): number {
  return 16 + slots * 14 + Math.ceil(slots / GROUP) * 20;
}

/**
 * Packs a block into octets of its own.
 * @throws UsageError if a value is no safe integer, or the arrays do not make a whole day.
 */
export function packBlock(block: IntervalBlock): Uint8Array {
  const room = new Uint8Array(packedBlockMax(block.values.length));
  return room.slice(0, packBlockInto(block, room, 0));
}

/**
 * Packs a block at `position` of a buffer that has at least `packedBlockMax` octets left; returns the position after it.
 * @throws UsageError as `packBlock`.
 */
export function packBlockInto(block: IntervalBlock, data: Uint8Array, position: number): number {
  const slots = slotsPerDay(block.intervalSeconds);
  if (block.values.length !== slots || block.qualities.length !== slots) {
    throw new UsageError(`a day of ${block.intervalSeconds} s has ${slots} slots, not ${block.values.length}`, { code: "length" });
  }
  if (data.length - position < packedBlockMax(slots)) throw new UsageError("no room for the packed block", { code: "limit" });
  const out: Cursor = { data, at: position };
  data[out.at++] = VERSION;
  putVarint(out, block.intervalSeconds);
  putVarint(out, block.phaseSeconds);
  for (let slot = 0; slot < slots; slot += GROUP) packGroup(block.values, slot, Math.min(slots, slot + GROUP), out);
  packQualities(block.qualities, out);
  return out.at;
}

function packGroup(values: Float64Array, from: number, to: number, out: Cursor): void {
  const first = values[from] ?? 0;
  let min = Infinity;
  let max = -Infinity;
  let stepMin = Infinity;
  let stepMax = -Infinity;
  let before = first;
  for (let slot = from; slot < to; slot++) {
    const value = values[slot] ?? 0;
    if (!Number.isSafeInteger(value)) throw new UsageError(`${value} in slot ${slot} is no safe integer`, { code: "value" });
    if (value < min) min = value;
    if (value > max) max = value;
    if (slot > from) {
      const step = value - before;
      if (step < stepMin) stepMin = step;
      if (step > stepMax) stepMax = step;
    }
    before = value;
  }
  const width = widthOf(max - min);
  const stepWidth = Number.isSafeInteger(stepMin) ? widthOf(stepMax - stepMin) : RAW;
  if (stepWidth > WIDTH_MAX && width > WIDTH_MAX) return packRaw(values, from, to, out);
  // A delta group carries a second varint: it must save more than that costs.
  if (stepWidth + 2 < width) {
    out.data[out.at++] = stepWidth | DELTA | (first === 0 ? ZERO_REFERENCE : 0);
    if (first !== 0) putSigned(out, first);
    putSigned(out, stepMin);
    if (stepWidth > 0) packNumbers(out, { values, from: from + 1, to, base: stepMin, width: stepWidth, isDelta: true });
    return;
  }
  out.data[out.at++] = width | (min === 0 ? ZERO_REFERENCE : 0);
  if (min !== 0) putSigned(out, min);
  if (width > 0) packNumbers(out, { values, from, to, base: min, width, isDelta: false });
}

/** Bits that hold 0..range; RAW where the width has no place here. */
function widthOf(range: number): number {
  if (range < HALF_RANGE) return 32 - Math.clz32(range);
  const width = HALF + 32 - Math.clz32(Math.min(0xffffffff, Math.floor(range / HALF_RANGE)));
  return width > WIDTH_MAX ? RAW : width;
}

interface NumberGroup {
  readonly values: Float64Array;
  readonly from: number;
  readonly to: number;
  /** Smallest value, or smallest step. */
  readonly base: number;
  readonly width: number;
  readonly isDelta: boolean;
}

function packNumbers(out: Cursor, group: NumberGroup): void {
  const { values, from, to, base, width, isDelta } = group;
  const { data } = out;
  const lowWidth = width > HALF ? HALF : width;
  const highWidth = width - lowWidth;
  let { at } = out;
  let bits = 0;
  let held = 0;
  for (let slot = from; slot < to; slot++) {
    const number = (values[slot] ?? 0) - (isDelta ? (values[slot - 1] ?? 0) : 0) - base;
    bits |= (highWidth > 0 ? number % HALF_RANGE : number) << held;
    for (held += lowWidth; held >= 8; held -= 8, bits >>>= 8) data[at++] = bits;
    if (highWidth === 0) continue;
    bits |= Math.floor(number / HALF_RANGE) << held;
    for (held += highWidth; held >= 8; held -= 8, bits >>>= 8) data[at++] = bits;
  }
  if (held > 0) data[at++] = bits;
  out.at = at;
}

function packRaw(values: Float64Array, from: number, to: number, out: Cursor): void {
  const view = new DataView(out.data.buffer, out.data.byteOffset, out.data.byteLength);
  view.setUint8(out.at++, RAW);
  for (let slot = from; slot < to; slot++, out.at += 8) view.setFloat64(out.at, (values[slot] ?? 0) + 0, true);
}

function packQualities(qualities: Uint16Array, out: Cursor): void {
  let runs = 1;
  for (let slot = 1; slot < qualities.length; slot++) if (qualities[slot] !== qualities[slot - 1]) runs++;
  putVarint(out, runs);
  let start = 0;
  for (let run = 0; run < runs; run++) {
    const code = qualities[start] ?? 0;
    let end = start + 1;
    while (end < qualities.length && qualities[end] === code) end++;
    out.data[out.at++] = code;
    out.data[out.at++] = code >> 8;
    if (run < runs - 1) putVarint(out, end - start);
    start = end;
  }
}

/**
 * Reads a packed block; the day comes from its row. Every length is checked, nothing is allocated beyond one day.
 * @throws DecodeError with the offset for anything that `packBlock` cannot have written.
 */
export function unpackBlock(data: Uint8Array, dayStartMs: number): IntervalBlock {
  const input: Cursor = { data, at: 0 };
  const version = data[input.at++];
  if (version === undefined) throw new DecodeError("empty block", { offset: 0, code: "truncated" });
  if (version !== VERSION) throw new DecodeError(`block version ${version} is not known`, { offset: 0, code: "version" });
  const block = headerOf(input, dayStartMs);
  const slots = block.values.length;
  for (let slot = 0; slot < slots; slot += GROUP) unpackGroup(input, block.values, slot, Math.min(slots, slot + GROUP));
  unpackQualities(input, block.qualities);
  if (input.at !== data.length) throw malformed(input, `${data.length - input.at} trailing octet(s)`, "trailing");
  return block;
}

function headerOf(input: Cursor, dayStartMs: number): IntervalBlock {
  const intervalSeconds = getVarint(input);
  const phaseSeconds = getVarint(input);
  if (intervalSeconds < 1 || 86_400 % intervalSeconds !== 0)
    throw malformed(input, `an interval of ${intervalSeconds} s does not divide a day`, "interval-length");
  if (phaseSeconds >= intervalSeconds) throw malformed(input, `a phase of ${phaseSeconds} s exceeds the interval`, "phase");
  // One octet a group at least: refuse before allocating what cannot be there.
  if (input.data.length - input.at < Math.ceil(slotsPerDay(intervalSeconds) / GROUP))
    throw malformed(input, "truncated values", "truncated");
  return emptyBlock(dayStartMs, intervalSeconds, phaseSeconds);
}

function unpackGroup(input: Cursor, values: Float64Array, from: number, to: number): void {
  const header = octetAt(input);
  const width = header & WIDTH_MASK;
  if (width === RAW) return unpackRaw(input, values, from, to);
  if (width > WIDTH_MAX) throw malformed(input, `width ${width} is not known`, "width");
  const isDelta = (header & DELTA) !== 0;
  const reference = (header & ZERO_REFERENCE) === 0 ? getSigned(input) : 0;
  const base = isDelta ? getSigned(input) : reference;
  if (isDelta) values[from] = reference;
  const start = isDelta ? from + 1 : from;
  if (width === 0) {
    for (let slot = start; slot < to; slot++) values[slot] = isDelta ? (values[slot - 1] ?? 0) + base : base;
  } else unpackNumbers(input, { values, from: start, to, base, width, isDelta });
  if (width > 30 || isDelta || Math.abs(reference) > 2 ** 52) requireSafe(input, values, from, to);
}

function unpackNumbers(input: Cursor, group: NumberGroup): void {
  const { values, from, to, base, width, isDelta } = group;
  const { data } = input;
  const end = input.at + Math.ceil(((to - from) * width) / 8);
  if (end > data.length) throw malformed(input, "truncated values", "truncated");
  const lowWidth = width > HALF ? HALF : width;
  const highWidth = width - lowWidth;
  const lowMask = 2 ** lowWidth - 1;
  const highMask = 2 ** highWidth - 1;
  let { at } = input;
  let bits = 0;
  let held = 0;
  for (let slot = from; slot < to; slot++) {
    for (; held < lowWidth; held += 8) bits |= (data[at++] ?? 0) << held;
    let number = bits & lowMask;
    bits >>>= lowWidth;
    held -= lowWidth;
    if (highWidth > 0) {
      for (; held < highWidth; held += 8) bits |= (data[at++] ?? 0) << held;
      number += (bits & highMask) * HALF_RANGE;
      bits >>>= highWidth;
      held -= highWidth;
    }
    values[slot] = isDelta ? (values[slot - 1] ?? 0) + base + number : base + number;
  }
  if (bits !== 0) throw malformed(input, "padding bits are set", "padding");
  input.at = end;
}

function unpackRaw(input: Cursor, values: Float64Array, from: number, to: number): void {
  if (input.data.length - input.at < (to - from) * 8) throw malformed(input, "truncated values", "truncated");
  const view = new DataView(input.data.buffer, input.data.byteOffset, input.data.byteLength);
  for (let slot = from; slot < to; slot++, input.at += 8) values[slot] = view.getFloat64(input.at, true) + 0;
  requireSafe(input, values, from, to);
}

function requireSafe(input: Cursor, values: Float64Array, from: number, to: number): void {
  for (let slot = from; slot < to; slot++) {
    if (!Number.isSafeInteger(values[slot])) throw malformed(input, `slot ${slot} holds no safe integer`, "value");
  }
}

function unpackQualities(input: Cursor, qualities: Uint16Array): void {
  const runs = getVarint(input);
  if (runs < 1 || runs > qualities.length) throw malformed(input, `${runs} runs of quality for ${qualities.length} slots`, "limit");
  let start = 0;
  for (let run = 1; run <= runs; run++) {
    const code = octetAt(input) | (octetAt(input) << 8);
    const length = run === runs ? qualities.length - start : getVarint(input);
    if (length < 1 || length > qualities.length - start) throw malformed(input, `a run of ${length} slots does not fit the day`, "limit");
    qualities.fill(code, start, start + length);
    start += length;
  }
}

function octetAt(input: Cursor): number {
  const octet = input.data[input.at];
  if (octet === undefined) throw malformed(input, "truncated", "truncated");
  input.at++;
  return octet;
}

function malformed(input: Cursor, reason: string, code: string): DecodeError {
  return new DecodeError(reason, { offset: Math.min(input.at, input.data.length), code });
}
