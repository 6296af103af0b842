import type { Clock, InstantMs } from "../clock.ts";
import type { Timer, Timers } from "../timers.ts";

/** How a utility's civil clock relates to the machine's. */
export interface ScaledClockOptions {
  /** Civil seconds per machine second. 1 without a start follows the machine's wall clock exactly, corrections included. */
  readonly speed: number;
  /** Civil time at the moment of creation; the wall clock's if absent. */
  readonly startMs?: InstantMs;
}

/** A civil clock whose pace can be changed while it runs: it never jumps, it only goes on faster or slower. */
export interface ScaledClock extends Clock {
  setSpeed(speed: number): void;
}

/** A civil clock `speed` times as fast as the machine's, or the wall clock itself at speed 1 without a start. */
export function scaledClock(timers: Timers, options: ScaledClockOptions): ScaledClock {
  return options.speed === 1 && options.startMs === undefined ? wallClock(timers) : pacedClock(timers, options);
}

function pacedClock(timers: Timers, options: ScaledClockOptions): ScaledClock {
  let speed = options.speed;
  let civilMs = options.startMs ?? Date.now();
  let machineMs = timers.elapsedMs();
  const nowMs = (): InstantMs => Math.floor(civilMs + (timers.elapsedMs() - machineMs) * speed);
  const alarms = new Alarms(timers, nowMs, () => speed);
  return {
    get speed() {
      return speed;
    },
    nowMs,
    at: (instantMs, alarm) => alarms.at(instantMs, alarm),
    setSpeed(newSpeed) {
      const changedMs = timers.elapsedMs();
      civilMs += (changedMs - machineMs) * speed;
      machineMs = changedMs;
      speed = newSpeed;
      alarms.rearm();
    },
  };
}

/** The wall clock has one pace. */
function wallClock(timers: Timers): ScaledClock {
  const alarms = new Alarms(timers, Date.now, () => 1);
  return { speed: 1, nowMs: Date.now, at: (instantMs, alarm) => alarms.at(instantMs, alarm), setSpeed() {} };
}

/** Alarms that look again when they ring: machine timers may fire early, and the clock may have been changed meanwhile. */
class Alarms {
  readonly #timers: Timers;
  readonly #nowMs: () => InstantMs;
  readonly #speed: () => number;
  readonly #waiting = new Set<() => void>();

  constructor(timers: Timers, nowMs: () => InstantMs, speed: () => number) {
    this.#timers = timers;
    this.#nowMs = nowMs;
    this.#speed = speed;
  }

  at(instantMs: InstantMs, alarm: () => void): Timer {
    let pending: Timer | undefined;
    const arm = (): void => {
      pending?.cancel();
      const waitMs = Math.max(0, (instantMs - this.#nowMs()) / this.#speed());
      pending = this.#timers.after(Math.ceil(waitMs), () => {
        if (this.#nowMs() < instantMs) return arm();
        this.#waiting.delete(arm);
        alarm();
      });
    };
    arm();
    this.#waiting.add(arm);
    return {
      cancel: () => {
        this.#waiting.delete(arm);
        pending?.cancel();
      },
    };
  }

  /** Sets every waiting alarm anew after the pace has changed. */
  rearm(): void {
    for (const arm of this.#waiting) arm();
  }
}
