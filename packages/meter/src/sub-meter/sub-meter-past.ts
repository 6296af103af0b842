import { uniform } from "../household/hash.ts";
import type { PastOptions } from "../fleet-past.ts";
import type { SubMeterMedium } from "./medium.ts";
import type { SubMeterOperation } from "./sub-meter-operations.ts";
import type { PlannedSubMeter } from "./sub-meter-plan.ts";

/** Something that happened to a sub-meter. */
export interface SubMeterPastEntry {
  readonly meterId: string;
  readonly operation: SubMeterOperation;
}

/** One kind of trouble: to how many of a medium's meters it happens in forty-five days, one at least, and what it is. */
interface Trouble {
  readonly stream: number;
  readonly media: readonly SubMeterMedium[];
  readonly share: number;
  /** `unit` gives numbers from 0 to 1 of this meter and trouble; times are UTC ms. */
  readonly happen: (unit: (index: number) => number, span: { fromMs: number; endMs: number }) => SubMeterOperation[];
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const TROUBLES: readonly Trouble[] = [
  // A cistern that drips: a third of them mended after a week or two.
  {
    stream: 1,
    media: ["water"],
    share: 0.025,
    happen: (unit, { fromMs, endMs }) => [
      { kind: "leak", litresPerHour: Math.round(4 + 26 * unit(1) ** 2), atMs: fromMs },
      ...(unit(2) < 0.35 ? [{ kind: "leak", litresPerHour: 0, atMs: Math.min(fromMs + (5 + 9 * unit(3)) * DAY_MS, endMs) } as const] : []),
    ],
  },
  // A hose that lets go, found the same evening.
  {
    stream: 2,
    media: ["water"],
    share: 0.004,
    happen: (unit, { fromMs }) => [
      { kind: "leak", litresPerHour: Math.round(700 + 900 * unit(1)), atMs: fromMs },
      { kind: "leak", litresPerHour: 0, atMs: fromMs + (3 + 6 * unit(2)) * HOUR_MS },
    ],
  },
  {
    stream: 3,
    media: ["water"],
    share: 0.004,
    happen: (unit, { fromMs }) => [
      { kind: "backflow", litresPerHour: Math.round(20 + 60 * unit(1)), atMs: fromMs },
      { kind: "backflow", litresPerHour: 0, atMs: fromMs + (1 + 5 * unit(2)) * HOUR_MS },
    ],
  },
  // A cold store, a pipe too near.
  {
    stream: 4,
    media: ["water"],
    share: 0.002,
    happen: (unit, { fromMs }) => [
      { kind: "freeze", atMs: fromMs },
      { kind: "thaw", atMs: fromMs + (4 + 8 * unit(1)) * HOUR_MS },
    ],
  },
  { stream: 5, media: ["gas", "water"], share: 0.004, happen: (_unit, { fromMs }) => [{ kind: "jam", atMs: fromMs }] },
  { stream: 6, media: ["heat"], share: 0.02, happen: (_unit, { fromMs }) => [{ kind: "swapSensors", atMs: fromMs }] },
  { stream: 7, media: ["gas", "water", "heat"], share: 0.008, happen: (_unit, { fromMs }) => [{ kind: "batteryLow", atMs: fromMs }] },
  // The fitter gave it a key that nobody wrote down: its host hears it and understands nothing.
  {
    stream: 8,
    media: ["gas", "water", "heat"],
    share: 0.003,
    happen: (_unit, { fromMs }) => [{ kind: "changeKey", generation: 1, atMs: fromMs }],
  },
  // Empty.
  { stream: 9, media: ["gas", "water"], share: 0.003, happen: (_unit, { fromMs }) => [{ kind: "radioOff", atMs: fromMs }] },
];
const TROUBLE_DAYS = 45;
/** Troubles begin before the last week: what goes on has time to be found. */
const SETTLED_MS = 7 * DAY_MS;

/**
 * What happened to gas, water and heat meters before they were first read: leaks, bursts, backflow, frost, stuck registers, swapped sensors,
 * weak and empty batteries, keys that nobody knows. Drawn from the meters' seeds, so it needs no storing, and is known: whoever looks for faults
 * can be judged by it. In order of time.
 */
export function planSubMeterPast(subMeters: readonly PlannedSubMeter[], { endMs, days }: PastOptions): SubMeterPastEntry[] {
  const taken = new Set<string>();
  const entries = TROUBLES.flatMap((trouble) => {
    const { stream, media, share, happen } = trouble;
    const candidates = subMeters.filter(({ meterId, medium }) => media.includes(medium) && !taken.has(meterId));
    if (candidates.length === 0) return [];
    const count = Math.max(1, Math.round((candidates.length * share * days) / TROUBLE_DAYS));
    const chosen = candidates.toSorted((left, right) => rank(left, stream) - rank(right, stream)).slice(0, count);
    return chosen.flatMap((meter) => {
      taken.add(meter.meterId);
      const unit = (index: number): number => uniform(meter.seed, 90 + stream, index);
      const earliestMs = Math.max(meter.installedMs, endMs - days * DAY_MS);
      const span = Math.max(0, endMs - SETTLED_MS - earliestMs);
      const fromMs = Math.round((earliestMs + span * unit(0)) / 1000) * 1000;
      return happen(unit, { fromMs, endMs })
        .map((operation) => ({ ...operation, atMs: Math.round(operation.atMs) }))
        .filter(({ atMs }) => atMs > meter.installedMs && atMs <= endMs)
        .map((operation) => ({ meterId: meter.meterId, operation }));
    });
  });
  return entries.toSorted((left, right) => left.operation.atMs - right.operation.atMs);
}

function rank({ seed }: PlannedSubMeter, stream: number): number {
  return uniform(seed, 80 + stream, 0);
}
