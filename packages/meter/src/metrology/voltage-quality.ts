import type { CaptureGrid } from "./capture-grid.ts";
import { periodicGrid } from "./capture-grid.ts";
import type { MomentaryValues } from "./electrical.ts";
import type { RowSpan } from "./capture-runs.ts";

/** Voltage is judged in means of ten minutes (EN 50160). */
export const QUALITY_PERIOD_SECONDS = 600;
export const QUALITY_GRID: CaptureGrid = periodicGrid(QUALITY_PERIOD_SECONDS);
const PERIOD_MS = QUALITY_PERIOD_SECONDS * 1000;
/** A mean is that of so many looks, two minutes apart. */
const LOOKS = 5;
/** Ten-minute intervals caught up with in one reading: a year and more. */
const INTERVALS_MAX = 60_000;

/** In tenths of a volt. */
export interface VoltageLimits {
  readonly sag: number;
  readonly swell: number;
}

/** Sags and swells of one phase: how many there were, and how long they lasted together. */
export interface VoltageCount {
  readonly sags: number;
  readonly swells: number;
  readonly sagSeconds: number;
  readonly swellSeconds: number;
}

/** What is looked at. */
export interface VoltageSource {
  momentaryAt(trueMs: number): MomentaryValues;
  captureSpans(grid: CaptureGrid, nowMs: number, capacity: number, sinceMs?: number): RowSpan[];
  capturedAt(span: RowSpan, clockMs: number): number;
}

/** Mean voltage (tenths of a volt) of a phase over the ten minutes before an instant. */
export function meanDeciVolts(source: VoltageSource, phase: number, endMs: number): number {
  let sum = 0;
  for (let look = 0; look < LOOKS; look++)
    sum += source.momentaryAt(endMs - PERIOD_MS + ((look + 0.5) * PERIOD_MS) / LOOKS).phases[phase]?.deciVolts ?? 0;
  return Math.round(sum / LOOKS);
}

/**
 * Counts sags and swells from when the meter was first asked for them: a run of ten-minute means under or over the limit
 * counts once. Whole intervals without power are interruptions, not sags.
 */
export class VoltageQuality {
  readonly #source: VoltageSource;
  readonly #limits: () => VoltageLimits;
  readonly #phases: number;
  #doneMs: number;
  #counts: VoltageCount[];
  #states: ("normal" | "sag" | "swell")[];

  constructor(source: VoltageSource, limits: () => VoltageLimits, phases: number, sinceMs: number) {
    this.#source = source;
    this.#limits = limits;
    this.#phases = phases;
    this.#doneMs = sinceMs;
    this.#counts = Array.from({ length: phases }, () => NONE);
    this.#states = Array.from({ length: phases }, () => "normal");
  }

  /** The counts of a phase up to an instant; phases that the meter does not have have none. */
  at(phase: number, trueMs: number): VoltageCount {
    this.#catchUp(trueMs);
    return this.#counts[phase] ?? NONE;
  }

  #catchUp(trueMs: number): void {
    if (trueMs - this.#doneMs < PERIOD_MS) return;
    const limits = this.#limits();
    for (const span of this.#source.captureSpans(QUALITY_GRID, trueMs, INTERVALS_MAX, this.#doneMs + 1)) {
      for (let index = span.first; index < span.end; index++) {
        const endMs = this.#source.capturedAt(span, QUALITY_GRID.instantOf(index));
        if (endMs <= this.#doneMs || endMs - PERIOD_MS < span.run.fromMs) continue;
        for (let phase = 0; phase < this.#phases; phase++) this.#judge(phase, meanDeciVolts(this.#source, phase, endMs), limits);
        this.#doneMs = endMs;
      }
    }
  }

  #judge(phase: number, deciVolts: number, { sag, swell }: VoltageLimits): void {
    const before = this.#states[phase];
    const state = deciVolts < sag ? "sag" : deciVolts > swell ? "swell" : "normal";
    const count = this.#counts[phase] ?? NONE;
    this.#states[phase] = state;
    if (state === "normal") return;
    const begins = state === before ? 0 : 1;
    this.#counts[phase] =
      state === "sag"
        ? { ...count, sags: count.sags + begins, sagSeconds: count.sagSeconds + QUALITY_PERIOD_SECONDS }
        : { ...count, swells: count.swells + begins, swellSeconds: count.swellSeconds + QUALITY_PERIOD_SECONDS };
  }
}

const NONE: VoltageCount = { sags: 0, swells: 0, sagSeconds: 0, swellSeconds: 0 };
