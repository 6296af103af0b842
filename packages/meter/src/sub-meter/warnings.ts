import type { Condition } from "./condition-book.ts";
import type { SimulatedSubMeter } from "./sub-meter.ts";

/** What a sub-meter warns of: bit numbers of its error flags (VIF FD 17), which the standard leaves to the maker. */
export const WARNING_BITS = {
  leak: 0,
  burst: 1,
  backflow: 2,
  frost: 3,
  air: 4,
  tamper: 5,
  sensorFault: 6,
  batteryLow: 7,
} as const;
export type Warning = keyof typeof WARNING_BITS;

/** How long something has to go on before the meter warns, and what it looks for. */
const DETECTIONS: readonly { readonly warning: Warning; readonly afterMs: number; readonly isSeen: (condition: Condition) => boolean }[] = [
  // A day and a night without rest.
  { warning: "leak", afterMs: 24 * 3_600_000, isSeen: (condition) => flows(condition) && condition.leakLitresPerHour > 0 },
  {
    warning: "burst",
    afterMs: 30 * 60_000,
    isSeen: (condition) => flows(condition) && condition.leakLitresPerHour >= BURST_LITRES_PER_HOUR,
  },
  { warning: "backflow", afterMs: 60_000, isSeen: (condition) => flows(condition) && condition.backflowLitresPerHour > 0 },
  { warning: "frost", afterMs: 0, isSeen: ({ isFrozen }) => isFrozen },
  { warning: "air", afterMs: 60_000, isSeen: ({ hasAir }) => hasAir },
  { warning: "tamper", afterMs: 0, isSeen: ({ coverOpen }) => coverOpen },
  { warning: "sensorFault", afterMs: 3_600_000, isSeen: ({ sensorsSwapped }) => sensorsSwapped },
  { warning: "batteryLow", afterMs: 0, isSeen: ({ batteryLow }) => batteryLow },
];
export const BURST_LITRES_PER_HOUR = 300;

/** A stretch of time in which the meter warned. */
export interface WarningSpan {
  readonly warning: Warning;
  readonly fromMs: number;
  /** Infinity while it goes on. */
  readonly toMs: number;
}

/** Every warning of a meter's life as far as its conditions are remembered, in no order. Warnings that are still to come are among them. */
export function warningSpans(meter: SimulatedSubMeter): readonly WarningSpan[] {
  const { conditions } = meter;
  return conditions.length === 0 ? [] : DETECTIONS.flatMap((detection) => spansOf(conditions, detection));
}

/** What the meter warns of at an instant. */
export function warningsAt(meter: SimulatedSubMeter, instantMs: number): ReadonlySet<Warning> {
  const spans = warningSpans(meter).filter(({ fromMs, toMs }) => fromMs <= instantMs && instantMs < toMs);
  return new Set(spans.map(({ warning }) => warning));
}

function spansOf(conditions: readonly Condition[], { warning, afterMs, isSeen }: (typeof DETECTIONS)[number]): WarningSpan[] {
  const spans: WarningSpan[] = [];
  let sinceMs: number | undefined;
  for (const condition of conditions) {
    if (isSeen(condition)) sinceMs ??= condition.fromMs;
    else if (sinceMs !== undefined) {
      if (condition.fromMs > sinceMs + afterMs) spans.push({ warning, fromMs: sinceMs + afterMs, toMs: condition.fromMs });
      sinceMs = undefined;
    }
  }
  return sinceMs === undefined ? spans : [...spans, { warning, fromMs: sinceMs + afterMs, toMs: Number.POSITIVE_INFINITY }];
}

function flows({ valveShut, isFrozen, isJammed }: Condition): boolean {
  return !valveShut && !isFrozen && !isJammed;
}
