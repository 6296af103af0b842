import type { Clock, Timers, Timer } from "@amity/runtime";
import { downlinkOf, timeOnAirMs } from "../wireless/modes.ts";
import type { WirelessMeter } from "./wireless-meter.ts";

/** What a meter's radio is plugged into: a simulated medium, a modem. */
export interface Radio {
  /** Sends; the telegram ends `onAirMs` later (0 where the medium does not model that). */
  transmit(octets: Uint8Array): { readonly onAirMs: number };
}

/** A meter on the air. */
export interface WirelessBeacon {
  /** The medium calls this with what the antenna picks up; outside the window after a transmission nobody listens. */
  receive(octets: Uint8Array): void;
  stop(): void;
}

/** How long a bidirectional meter keeps listening after its telegram, beyond the mode's own window (ms). */
const GUARD_MS = 5;

/**
 * Runs a meter's radio: transmissions at the synchronous intervals of civil time (the first after `firstMs`), a window of
 * machine time after each, answers in time. @see WirelessMeter.nextIntervalMs
 */
export function startWirelessBeacon(
  meter: WirelessMeter,
  parts: { clock: Clock; timers: Timers; radio: Radio; firstMs: number },
): WirelessBeacon {
  const { clock, timers, radio } = parts;
  let isStopped = false;
  let windowEndsMs = -1;
  let next: Timer;
  let answer: Timer | undefined;
  const open = (onAirMs: number): void => {
    const { window } = meter;
    windowEndsMs = window === undefined ? -1 : timers.elapsedMs() + onAirMs + window.to + GUARD_MS;
  };
  const send = (): void => {
    open(radio.transmit(meter.transmit()).onAirMs);
    next = clock.at(clock.nowMs() + meter.nextIntervalMs(), send);
  };
  next = clock.at(clock.nowMs() + parts.firstMs, send);
  return {
    receive(octets) {
      // The window is for the beginning of what comes; this is its end.
      const beganMs = timers.elapsedMs() - timeOnAirMs(downlinkOf(meter.mode), octets.length);
      if (isStopped || beganMs > windowEndsMs) return;
      const reply = meter.hear(octets);
      if (reply === undefined) return;
      answer?.cancel();
      // An answer opens the next window: a collector strings its requests together.
      answer = timers.after(reply.afterMs, () => open(radio.transmit(reply.octets).onAirMs));
    },
    stop() {
      isStopped = true;
      next.cancel();
      answer?.cancel();
    },
  };
}
