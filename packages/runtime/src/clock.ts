import type { Timer } from "./timers.ts";

/** An instant: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted. */
export type InstantMs = number;

/**
 * The utility's civil time. In the demo it runs faster than the machine's; in a simulation it is virtual.
 * For time-outs of links use `Timers`, which counts machine time.
 */
export interface Clock {
  nowMs(): InstantMs;
  /** Civil seconds that pass in one machine second: 1 in the field, 300 in the demo. */
  readonly speed: number;
  /** Calls `alarm` once when the civil clock has reached `instantMs` (at once, but never inside this call, if it has passed). */
  at(instantMs: InstantMs, alarm: () => void): Timer;
}
