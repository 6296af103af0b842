import { REGISTER_COUNT, type Registers } from "../household/energy.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { periodicGrid } from "./capture-grid.ts";

/** How demand is averaged: blocks of one period, or a window of several that slides by one (IEC 62056-6-2, class 5). */
export interface DemandSettings {
  readonly periodSeconds: number;
  readonly periods: number;
}

/** A demand in W and the meter's clock at the end of its window. */
export interface DemandPeak {
  readonly watts: number;
  readonly clockMs: number;
}

/** What a demand register shows at an instant. */
export interface DemandNow {
  /** Energy of the running window so far, as if it went on at 0 (class 5, current_average_value). */
  readonly currentW: number;
  readonly lastW: number;
  /** End of the last whole window by the clock; `undefined` before the first. */
  readonly capturedClockMs: number | undefined;
  readonly startClockMs: number;
}

/** Windows looked at in one reading: four months of minutes. */
const WINDOWS_MAX = 180_000;

/** Demand of a register (0 import, 1 export) at an instant. Windows run by the meter's clock; one that lost power in between does not count. */
export function demandAt(meter: SimulatedMeter, register: 0 | 1, settings: DemandSettings, trueMs: number): DemandNow {
  const grid = periodicGrid(settings.periodSeconds);
  const clockMs = meter.clockAt(trueMs);
  const periodMs = settings.periodSeconds * 1000;
  const index = Math.floor(clockMs / periodMs);
  const [last] = meter.captureSpans(grid, trueMs, 1);
  const first = index + 1 - settings.periods;
  const windowMs = settings.periods * periodMs;
  const sinceMs = meter.trueAt(first * periodMs);
  const energyWh = energyAt(meter, trueMs, register) - energyAt(meter, Math.min(sinceMs, trueMs), register);
  const whole = last === undefined ? undefined : windowWatts(meter, last, { register, settings, index: last.end - 1 });
  return {
    currentW: Math.floor((energyWh * 3_600_000) / windowMs),
    lastW: whole ?? 0,
    capturedClockMs: whole === undefined || last === undefined ? undefined : grid.instantOf(last.end - 1),
    startClockMs: first * periodMs,
  };
}

/** The highest demand of windows that began at `fromMs` or later and ended at `toMs` or earlier. */
export function peakBetween(
  meter: SimulatedMeter,
  register: 0 | 1,
  settings: DemandSettings,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): DemandPeak | undefined {
  const grid = periodicGrid(settings.periodSeconds);
  let peak: DemandPeak | undefined;
  for (const span of meter.captureSpans(grid, toMs, WINDOWS_MAX, fromMs)) {
    for (let index = span.first; index < span.end; index++) {
      const watts = windowWatts(meter, span, { register, settings, index }, fromMs);
      if (watts !== undefined && (peak === undefined || watts > peak.watts)) peak = { watts, clockMs: grid.instantOf(index) };
    }
  }
  return peak;
}

/** Mean power (W) of the window that ends at a grid index; `undefined` where the meter did not run through all of it. */
function windowWatts(
  meter: SimulatedMeter,
  span: ReturnType<SimulatedMeter["captureSpans"]>[number],
  { register, settings, index }: { readonly register: 0 | 1; readonly settings: DemandSettings; readonly index: number },
  sinceMs = Number.NEGATIVE_INFINITY,
): number | undefined {
  const periodMs = settings.periodSeconds * 1000;
  const endMs = meter.capturedAt(span, index * periodMs);
  const startMs = meter.capturedAt(span, (index - settings.periods) * periodMs);
  if (startMs < span.run.fromMs || startMs < sinceMs) return undefined;
  const energyWh = energyAt(meter, endMs, register) - energyAt(meter, startMs, register);
  return Math.floor((energyWh * 3_600) / (settings.periodSeconds * settings.periods));
}

function energyAt(meter: SimulatedMeter, trueMs: number, register: 0 | 1): number {
  return meter.registersAt(trueMs, scratch)[register] ?? 0;
}

const scratch: Registers = new Float64Array(REGISTER_COUNT);
