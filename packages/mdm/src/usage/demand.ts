import type { UsagePart } from "./usage.ts";

/** The windows that a demand is looked for in. */
export interface DemandWindow {
  readonly windowMinutes: number;
  readonly sliding: boolean;
  /** Indices, end exclusive. */
  readonly from: number;
  readonly to: number;
  /** Local minus UTC: block windows begin at multiples of their length of the wall clock. Default 0. */
  readonly offsetMs?: number;
  /** Intervals that count (1); absent: all. A window counts only as a whole. */
  readonly mask?: Uint8Array;
}

export interface Peak {
  /** Counts (10^scaler Wh) in the window. */
  readonly counts: number;
  /** Index of the window's first interval, -1 where no window counted. */
  readonly at: number;
}

/** The window with the most energy; the earliest of equals. Block windows begin at multiples of their length. */
export function peakWindow(values: Float64Array, part: UsagePart, window: DemandWindow): Peak {
  const length = Math.max(1, Math.round((window.windowMinutes * 60) / part.series.intervalSeconds));
  const stepMs = part.series.intervalSeconds * 1000;
  const phase = Math.round(((part.series.startMs + (window.offsetMs ?? 0)) % (length * stepMs)) / stepMs);
  const advance = window.sliding ? 1 : length;
  let first = window.from;
  if (!window.sliding) first += (length - ((phase + first) % length)) % length;
  let best = -Infinity;
  let at = -1;
  for (let start = first; start + length <= window.to; start += advance) {
    if (window.mask !== undefined && !isWhole(window.mask, start, length)) continue;
    let sum = 0;
    for (let index = start; index < start + length; index += 1) sum += values[index] ?? 0;
    if (sum <= best) continue;
    best = sum;
    at = start;
  }
  return { counts: at < 0 ? 0 : best, at };
}

/** Apparent energy interval by interval, for demands in kVA; reactive on the same grid, `shift` indices later. */
export function apparentOf(active: Float64Array, reactive: Float64Array, shift: number): Float64Array {
  return active.map((value, index) => Math.hypot(value, reactive[index + shift] ?? 0));
}

function isWhole(mask: Uint8Array, start: number, length: number): boolean {
  for (let index = start; index < start + length; index += 1) if (mask[index] !== 1) return false;
  return true;
}
