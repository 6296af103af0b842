import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { LiveEvent, LiveEventType, LiveTick } from "@amity/api";
import { live, type LiveState } from "./live.ts";

/** Re-renders with every tick and change of the line. */
export function useLive(): LiveState {
  return useSyncExternalStore(live.watch, live.state);
}

/** The newest tick; undefined until the first. */
export function useTick(): LiveTick | undefined {
  return useSyncExternalStore(live.watch, () => live.state().tick);
}

/** Calls `listener` for each event of a type while the component is shown. */
export function useLiveEvent<Type extends LiveEventType>(type: Type, listener: (event: Extract<LiveEvent, { type: Type }>) => void): void {
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => live.on(type, (event) => latest.current(event)), [type]);
}

/** The utility's time in ms, run on between ticks at the utility's own speed; changes every `everyMs` of machine time. */
export function useUtilityNow(everyMs = 1_000): number {
  const [now, setNow] = useState(utilityNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(utilityNow()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  useEffect(() => {
    if (live.state().tick !== undefined) return undefined;
    // Until the first tick it was the machine's time.
    const forget = live.on("tick", () => {
      forget();
      setNow(utilityNow());
    });
    return forget;
  }, []);
  return now;
}

/** The utility's time now; the machine's before the first tick. */
export function utilityNow(): number {
  const { tick, tickAt } = live.state();
  if (tick === undefined) return Date.now();
  const ran = tick.clock.paused ? 0 : Math.min(5_000, performance.now() - tickAt) * tick.clock.speed;
  return Date.parse(tick.clock.now) + ran;
}
