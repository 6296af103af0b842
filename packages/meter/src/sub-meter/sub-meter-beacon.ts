import { downlinkOf, timeOnAirMs, type Radio } from "@amity/mbus";
import type { Clock, Timer, Timers } from "@amity/runtime";
import type { SubMeterDevice } from "./sub-meter-device.ts";

/** A sub-meter on the air. */
export interface SubMeterBeacon {
  /** The medium calls this with what the antenna picks up; outside the window after a transmission nobody listens. */
  receive(octets: Uint8Array): void;
  stop(): void;
}

/** How long a bidirectional meter keeps listening beyond the mode's own window (machine ms). */
const GUARD_MS = 5;

/**
 * Lets a sub-meter send its telegrams at their instants of civil time, listen after each for the window of its mode, and answer in time. The
 * telegrams are those that `SubMeterRadio` tells for the same instants: nothing depends on when the program was started.
 */
export function startSubMeterBeacon(
  device: SubMeterDevice,
  parts: {
    readonly clock: Clock;
    readonly timers: Timers;
    readonly radio: Radio;
    /** How long it keeps listening beyond the window (machine ms): more where the machine's timers are coarse. Default 5. */
    readonly guardMs?: number;
    readonly onFault?: (error: unknown) => void;
  },
): SubMeterBeacon {
  const { clock, timers, radio: air, guardMs = GUARD_MS, onFault } = parts;
  const { radio, meter } = device;
  let isStopped = false;
  let windowEndsMs = -1;
  let answer: Timer | undefined;
  const open = (onAirMs: number, window: { readonly to: number } | undefined): void => {
    windowEndsMs = window === undefined ? -1 : timers.elapsedMs() + onAirMs + window.to + guardMs;
  };
  const send = (number: number): void => {
    if (!meter.conditionAt(clock.nowMs()).radioSilent) open(air.transmit(radio.telegram(number)).onAirMs, radio.window);
    next = schedule();
  };
  const schedule = (): Timer => {
    const number = Math.max(0, radio.numberAt(clock.nowMs()) + 1);
    return clock.at(radio.sentAtMs(number), () => send(number));
  };
  const reply = async (octets: Uint8Array): Promise<void> => {
    const heard = await device.hear(octets, clock.nowMs());
    if (heard === undefined || isStopped) return;
    answer?.cancel();
    // An answer opens the next window: a collector strings its requests together.
    answer = timers.after(radio.window?.from ?? 0, () => open(air.transmit(heard.octets).onAirMs, radio.window));
  };
  let next = schedule();
  return {
    receive(octets) {
      // The window is for the beginning of what comes; this is its end.
      const beganMs = timers.elapsedMs() - timeOnAirMs(downlinkOf(meter.plan.radio.mode), octets.length);
      if (isStopped || beganMs > windowEndsMs) return;
      reply(octets).catch((error: unknown) => onFault?.(error));
    },
    stop() {
      isStopped = true;
      next.cancel();
      answer?.cancel();
    },
  };
}
