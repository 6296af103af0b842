import { decodeDateTime, type CosemDateTime } from "@amity/dlms";
import { nextExecution } from "./civil-schedule.ts";
import { readDateTime, type TimeBase } from "./civil-time.ts";

/** A year holds every window that comes back. */
const LOOK_AHEAD_MS = 366 * 86_400_000;

/**
 * How long until one of the communication windows is open, civil ms: 0 inside one, where none is set, and where all are over: a push goes out
 * rather than never. A window whose date is open comes again on every date that fits (Blue Book, class 40, attribute 4).
 */
export function untilWindowMs(windows: readonly (readonly [from: Uint8Array, to: Uint8Array])[], clockMs: number, base: TimeBase): number {
  const waits = windows.flatMap(([from, to]) => {
    const [fromMs, toMs] = [readDateTime(from, base), readDateTime(to, base)];
    // What is no date-time closes nothing.
    if (fromMs === null || toMs === null) return [0];
    if (typeof fromMs === "number" && typeof toMs === "number") return clockMs < toMs ? [Math.max(0, fromMs - clockMs)] : [];
    return [untilRecurring(from, to, { clockMs, base })];
  });
  return waits.length === 0 ? 0 : Math.min(...waits);
}

/** Inside such a window its end comes before its next begin. */
function untilRecurring(from: Uint8Array, to: Uint8Array, now: { readonly clockMs: number; readonly base: TimeBase }): number {
  const begins = nextOf(decodeDateTime(from), now);
  const ends = nextOf(decodeDateTime(to), now);
  if (begins === undefined || (ends !== undefined && ends <= begins)) return 0;
  return begins - now.clockMs;
}

/** `undefined` for a time of which nothing is said, or that does not come any more. */
function nextOf(
  { year, month, dayOfMonth, dayOfWeek, ...time }: CosemDateTime,
  { clockMs, base }: { readonly clockMs: number; readonly base: TimeBase },
): number | undefined {
  if (time.hour === undefined && time.minute === undefined) return undefined;
  const entry = { time, date: { year, month, dayOfMonth, dayOfWeek } };
  return nextExecution([entry], base.zone, { afterClockMs: clockMs, toClockMs: clockMs + LOOK_AHEAD_MS });
}
