import type { Clock, InstantMs } from "../clock.ts";
import type { Timer, Timers } from "../timers.ts";

/** How a utility's civil clock relates to the machine's. */
export interface ScaledClockOptions {
  /** Civil seconds per machine second. 1 follows the machine's wall clock exactly, corrections included. */
  readonly speed: number;
  /** Civil time at the moment of creation; the wall clock's if absent. */
  readonly startMs?: InstantMs;
}

/** A civil clock `speed` times as fast as the machine's, or the wall clock itself at speed 1 without a start. */
export function scaledClock(timers: Timers, options: ScaledClockOptions): Clock {
  const { speed } = options;
  const wall = speed === 1 && options.startMs === undefined;
  const startMs = options.startMs ?? Date.now();
  const originMs = timers.elapsedMs();
  const nowMs = wall ? () => Date.now() : () => Math.floor(startMs + (timers.elapsedMs() - originMs) * speed);
  return {
    speed,
    nowMs,
    at(instantMs: InstantMs, alarm: () => void): Timer {
      let pending: Timer;
      // The wall clock may be corrected while we wait, and machine timers may fire early: look again before ringing.
      const arm = (): void => {
        const waitMs = Math.max(0, (instantMs - nowMs()) / speed);
        pending = timers.after(Math.ceil(waitMs), () => (nowMs() >= instantMs ? alarm() : arm()));
      };
      arm();
      return { cancel: () => pending.cancel() };
    },
  };
}
