import type { RegisterFacts, RegisterPoint } from "../context.ts";
import { isClean, MISSING } from "../quality-mask.ts";
import { ruleKind, toCounts, toUnit } from "../rule-kind.ts";
import type { Series } from "../series.ts";

/** How far a cumulative register moved; a step back is a rollover only where the resulting use is plausible. */
export type Advance =
  | { readonly kind: "advance" | "rollover"; readonly counts: number }
  | { readonly kind: "backwards"; readonly counts: number };

/** Difference of two readings of a register of `modulus` counts; `plausibleMax` bounds what a rollover may mean. */
export function registerAdvance(previous: number, current: number, modulus: number, plausibleMax: number): Advance {
  const counts = current - previous;
  if (counts >= 0) return { kind: "advance", counts };
  if (modulus > 0 && counts + modulus <= plausibleMax) return { kind: "rollover", counts: counts + modulus };
  return { kind: "backwards", counts };
}

/** |interval sum - register advance| within some units of the last dial digit. */
export const sumCheck = ruleKind({
  summary: "The intervals do not add up to the register.",
  defaults: { toleranceDialUnits: 1, tolerancePercent: 0, plausibleInUnitPerDay: 2_400_000 },
  marks: "sumCheck",
  check({ series, context }, { toleranceDialUnits, tolerancePercent, plausibleInUnitPerDay }, report) {
    const { registers } = context;
    if (registers === undefined) return;
    eachPair(registers, (previous, current) => {
      const window = windowOf(series, previous.atMs, current.atMs);
      if (window === undefined || !isClean(series.qualities, window.outerFrom, window.outerTo, MISSING)) return;
      const plausible = (toCounts(plausibleInUnitPerDay, context) * (current.atMs - previous.atMs)) / 86_400_000;
      const advance = registerAdvance(previous.value, current.value, registers.modulus, plausible);
      if (advance.kind === "backwards") return;
      const sum = sumOf(series.values, window.from, window.to);
      // A reading taken within an interval leaves that interval's share open: it widens the tolerance.
      const open = sumOf(series.values, window.outerFrom, window.from) + sumOf(series.values, window.to, window.outerTo);
      const tolerance = toleranceDialUnits * registers.dialUnit + (Math.abs(advance.counts) * tolerancePercent) / 100;
      const excess = sum > advance.counts ? sum - advance.counts : Math.max(0, advance.counts - sum - open);
      if (excess <= tolerance) return;
      const numbers = {
        intervalSumInUnit: toUnit(sum, context),
        registerAdvanceInUnit: toUnit(advance.counts, context),
        differenceInUnit: toUnit(excess, context),
        toleranceInUnit: toUnit(tolerance, context),
      };
      report({
        fromIndex: window.outerFrom,
        toIndex: window.outerTo,
        numbers,
        reason: `intervals add up to ${numbers.intervalSumInUnit} ${context.channel.unit}, the register moved by ${numbers.registerAdvanceInUnit} (tolerance ${numbers.toleranceInUnit})`,
      });
    });
  },
});

/** A register that went back: a rollover is noted with its use, anything else is negative consumption. */
export const rollover = ruleKind({
  summary: "A register went back without a plausible rollover.",
  defaults: { plausibleInUnitPerDay: 2_400_000, noteRollover: false },
  marks: "negative",
  check({ series, context }, { plausibleInUnitPerDay, noteRollover }, report) {
    const { registers } = context;
    if (registers === undefined) return;
    eachPair(registers, (previous, current) => {
      const plausible = (toCounts(plausibleInUnitPerDay, context) * (current.atMs - previous.atMs)) / 86_400_000;
      const advance = registerAdvance(previous.value, current.value, registers.modulus, plausible);
      if (
        advance.kind === "advance" ||
        (advance.kind === "rollover" && !noteRollover) ||
        isAcrossExchange(context.spans, previous.atMs, current.atMs)
      )
        return;
      const numbers = {
        previousInUnit: toUnit(previous.value, context),
        currentInUnit: toUnit(current.value, context),
        useInUnit: toUnit(advance.counts, context),
        plausibleInUnit: toUnit(plausible, context),
      };
      const window = windowOf(series, previous.atMs, current.atMs);
      const reason =
        advance.kind === "rollover"
          ? `the register rolled over: ${numbers.previousInUnit} to ${numbers.currentInUnit} is a use of ${numbers.useInUnit} ${context.channel.unit}`
          : `the register went back from ${numbers.previousInUnit} to ${numbers.currentInUnit} ${context.channel.unit} and no rollover explains it`;
      report({ fromIndex: window?.outerFrom ?? 0, toIndex: window?.outerTo ?? 0, numbers, reason });
    });
  },
});

/** Use between two readings, normalised by time, against the use before: 100 |current - previous| / current (Itron register delta). */
export const registerDelta = ruleKind({
  summary: "Use between register readings changed by more than a share of itself.",
  defaults: { limitPercent: 50, ignoreBelowInUnit: 0 },
  marks: "highLow",
  check({ context }, { limitPercent, ignoreBelowInUnit }, report) {
    const points = context.registers?.points ?? [];
    const modulus = context.registers?.modulus ?? 0;
    for (let index = 2; index < points.length; index += 1) {
      const [first, second, third] = [points[index - 2], points[index - 1], points[index]];
      if (first === undefined || second === undefined || third === undefined || second.atMs <= first.atMs || third.atMs <= second.atMs)
        continue;
      const previous = perDay(first, second, modulus);
      const current = perDay(second, third, modulus);
      const percent = changePercent(previous, current);
      if (percent <= limitPercent || Math.abs(toUnit(current - previous, context)) < ignoreBelowInUnit) continue;
      const numbers = {
        previousInUnitPerDay: toUnit(previous, context),
        currentInUnitPerDay: toUnit(current, context),
        percent,
        limitPercent,
      };
      report({
        fromIndex: 0,
        toIndex: 0,
        numbers,
        reason: `use a day went from ${numbers.previousInUnitPerDay} to ${numbers.currentInUnitPerDay} ${context.channel.unit}, ${Number.isFinite(percent) ? `a change of ${percent.toFixed(2)} %` : "to nothing"} (limit ${limitPercent} %)`,
      });
    }
  },
});

/** 100 * |(current - previous) / current|; both already normalised by time. */
export function changePercent(previousPerDay: number, currentPerDay: number): number {
  if (currentPerDay === previousPerDay) return 0;
  return currentPerDay === 0 ? Infinity : 100 * Math.abs((currentPerDay - previousPerDay) / currentPerDay);
}

function perDay(from: RegisterPoint, to: RegisterPoint, modulus: number): number {
  return (registerAdvance(from.value, to.value, modulus, modulus).counts * 86_400_000) / (to.atMs - from.atMs);
}

function eachPair(registers: RegisterFacts, pair: (previous: RegisterPoint, current: RegisterPoint) => void): void {
  for (let index = 1; index < registers.points.length; index += 1) {
    const previous = registers.points[index - 1];
    const current = registers.points[index];
    if (previous !== undefined && current !== undefined && current.atMs > previous.atMs) pair(previous, current);
  }
}

interface Window {
  /** Intervals wholly between the readings. */
  readonly from: number;
  readonly to: number;
  /** With the intervals that a reading falls into. */
  readonly outerFrom: number;
  readonly outerTo: number;
}

function windowOf(series: Series, fromMs: number, toMs: number): Window | undefined {
  const stepMs = series.intervalSeconds * 1000;
  const start = (fromMs - series.startMs) / stepMs;
  const end = (toMs - series.startMs) / stepMs;
  if (start < 0 || end > series.values.length || end <= start) return undefined;
  const from = Math.ceil(start);
  return { from, to: Math.max(from, Math.floor(end)), outerFrom: Math.floor(start), outerTo: Math.ceil(end) };
}

function isAcrossExchange(spans: readonly { kind: string; fromMs: number }[] | undefined, fromMs: number, toMs: number): boolean {
  return (spans ?? []).some((span) => span.kind === "meterExchange" && span.fromMs > fromMs && span.fromMs <= toMs);
}

function sumOf(values: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let index = from; index < to; index += 1) sum += values[index] ?? 0;
  return sum;
}
