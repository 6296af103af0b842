import { localDayOf, startOfLocalDayMs } from "@amity/intervals";
import { QUALITY_METHODS, qualityCategoryOf, type QualityMethod } from "@amity/model";
import { dayTypeOf } from "../../usage/local-days.ts";

import { eachRun, isClean, maskOf, MISSING, NOT_A_BASIS } from "../quality-mask.ts";
import { ruleKind, toCounts, toUnit, type RuleInput } from "../rule-kind.ts";
import { indexAtOrAfter, intervalStartMs, type Series } from "../series.ts";

/** Energy on a point that is closed, or while the breaker was open. */
export const inactive = ruleKind({
  summary: "Consumption on an inactive or disconnected point.",
  defaults: { toleranceInUnit: 0 },
  marks: "none",
  check({ series, context }, { toleranceInUnit }, report) {
    const tolerance = toCounts(toleranceInUnit, context);
    for (const span of context.spans ?? []) {
      if (span.kind !== "inactive" && span.kind !== "disconnected") continue;
      const fromIndex = indexAtOrAfter(series, span.fromMs);
      // Only intervals that lie wholly in the span: the one in which it ends may rightly hold energy.
      const toIndex = Math.max(
        fromIndex,
        Math.min(series.values.length, Math.floor((span.toMs - series.startMs) / (series.intervalSeconds * 1000))),
      );
      let sum = 0;
      for (let index = fromIndex; index < toIndex; index += 1) sum += series.values[index] ?? 0;
      if (toIndex === fromIndex || Math.abs(sum) <= tolerance) continue;
      const usedInUnit = toUnit(sum, context);
      report({
        fromIndex,
        toIndex,
        numbers: { usedInUnit, toleranceInUnit },
        reason: `${usedInUnit} ${context.channel.unit} used while ${span.kind} (tolerance ${toleranceInUnit})`,
      });
    }
  },
});

/** Status that the meter itself set on an interval. */
export const flagged = ruleKind({
  summary: "The meter flagged the interval (power failure, test mode, partial, overflow, error).",
  defaults: { methods: ["powerFailure", "testMode", "partialInterval", "overflow", "deviceError", "clockChanged"] as readonly string[] },
  marks: "none",
  check({ series }, { methods }, report) {
    const { qualities } = series;
    const codes = new Map(methods.map((name) => [QUALITY_METHODS[name as QualityMethod], name]));
    for (let index = 0; index < qualities.length; index += 1) {
      const name = codes.get(((qualities[index] ?? 0) & 0xff) as 0);
      if (name === undefined) continue;
      const fromIndex = index;
      const method = (qualities[index] ?? 0) & 0xff;
      while (index < qualities.length && ((qualities[index] ?? 0) & 0xff) === method) index += 1;
      report({
        fromIndex,
        toIndex: index,
        numbers: { intervals: index - fromIndex },
        reason: `the meter flagged ${index - fromIndex} intervals: ${name}`,
      });
      index -= 1;
    }
  },
});

/** Meter clock off by more than its class allows, or moved. */
export const clock = ruleKind({
  summary: "The meter's clock was wrong or was moved.",
  defaults: { toleranceSeconds: 180 },
  marks: "none",
  check({ series, context }, { toleranceSeconds }, report) {
    const deviationSeconds = (context.declared?.clockDeviationMs ?? 0) / 1000;
    if (Math.abs(deviationSeconds) > toleranceSeconds) {
      report({
        fromIndex: 0,
        toIndex: series.values.length,
        numbers: { deviationSeconds, toleranceSeconds },
        reason: `the meter's clock was off by ${deviationSeconds} s (tolerance ${toleranceSeconds} s)`,
      });
    }
    for (const span of context.spans ?? []) {
      const shiftSeconds = (span.shiftMs ?? 0) / 1000;
      if (span.kind !== "clockSet" || Math.abs(shiftSeconds) <= toleranceSeconds) continue;
      const fromIndex = Math.max(0, indexAtOrAfter(series, span.fromMs) - 1);
      const toIndex = indexAtOrAfter(series, Math.max(span.toMs, span.fromMs + 1));
      if (toIndex > fromIndex)
        report({
          fromIndex,
          toIndex,
          numbers: { shiftSeconds, toleranceSeconds },
          reason: `the clock was moved by ${shiftSeconds} s (tolerance ${toleranceSeconds} s)`,
        });
    }
  },
});

/** The day's shape fits the history better when moved: a clock or time-zone mistake. */
export const timeShift = ruleKind({
  summary: "The day's shape fits its history only when moved in time.",
  defaults: { maximumHours: 3, minimumCorrelation: 0.8, margin: 0.15, minimumHistoryDays: 7 },
  marks: "none",
  check(input, { maximumHours, minimumCorrelation, margin, minimumHistoryDays }, report) {
    const { series } = input;
    const shapes = new Map<string, Float64Array | undefined>();
    const lagMax = Math.floor((maximumHours * 3600) / series.intervalSeconds);
    for (const span of input.days()) {
      if (!span.complete || span.to - span.from < 4 * lagMax + 4 || !isClean(series.qualities, span.from, span.to, MISSING)) continue;
      const slots = span.to - span.from;
      const key = `${dayTypeOf(span.day, input.context.holidays)}/${slots}`;
      if (!shapes.has(key)) shapes.set(key, typicalDay(input, span.day, slots, minimumHistoryDays));
      const shape = shapes.get(key);
      if (shape === undefined) continue;
      const unshifted = correlationAt(series.values, span.from, shape, 0, lagMax);
      // No correlation is above 1: a day that fits as it is need not be tried elsewhere.
      if (unshifted > 1 - margin) continue;
      let best = unshifted;
      let bestLag = 0;
      for (let lag = -lagMax; lag <= lagMax; lag += 1) {
        const correlation = correlationAt(series.values, span.from, shape, lag, lagMax);
        if (correlation > best) [best, bestLag] = [correlation, lag];
      }
      if (bestLag === 0 || best < minimumCorrelation || best - unshifted < margin) continue;
      const shiftMinutes = (bestLag * series.intervalSeconds) / 60;
      report({
        fromIndex: span.from,
        toIndex: span.to,
        numbers: { shiftMinutes, correlationShifted: best, correlationAsDelivered: unshifted, margin },
        reason: `the day fits its history when moved by ${-shiftMinutes} min (correlation ${best.toFixed(2)} against ${unshifted.toFixed(2)})`,
      });
    }
  },
});

/** Estimates in a row for too long: somebody must visit. The run may have begun in the history. */
export const prolongedEstimation = ruleKind({
  summary: "The channel has been estimated for too long.",
  defaults: { maximumDays: 30 },
  marks: "none",
  check({ series, context }, { maximumDays }, report) {
    const mask = maskOf("estimated", "missing", "projected");
    const limit = (maximumDays * 86_400) / series.intervalSeconds;
    eachRun(series.qualities, mask, (fromIndex, toIndex) => {
      const before = fromIndex === 0 ? trailingRun(context.history, series, mask) : 0;
      const length = toIndex - fromIndex + before;
      if (length <= limit) return;
      const estimatedDays = (length * series.intervalSeconds) / 86_400;
      report({
        fromIndex,
        toIndex,
        numbers: { estimatedDays, maximumDays },
        reason: `estimated or missing for ${estimatedDays.toFixed(1)} days (limit ${maximumDays})`,
      });
    });
  },
});

/** A new version that changes what is stored: final values may not change, others only within limits. */
export const replacement = ruleKind({
  summary: "The delivery would replace stored values.",
  defaults: { toleranceInUnit: 0, tolerancePercent: 0 },
  marks: "none",
  check({ series, context }, { toleranceInUnit, tolerancePercent }, report) {
    const stored = context.replaces;
    if (stored === undefined || stored.intervalSeconds !== series.intervalSeconds) return;
    const shift = (series.startMs - stored.startMs) / (series.intervalSeconds * 1000);
    const floor = toCounts(toleranceInUnit, context);
    let [changed, finals, worse, difference, fromIndex, toIndex] = [0, 0, 0, 0, -1, 0];
    for (let index = 0; index < series.values.length; index += 1) {
      const before = stored.values[index + shift];
      const code = stored.qualities[index + shift];
      if (before === undefined || code === undefined || qualityCategoryOf(code) === 13) continue;
      const delta = (series.values[index] ?? 0) - before;
      const isChanged = Math.abs(delta) > Math.max(floor, (Math.abs(before) * tolerancePercent) / 100);
      const isWorse = rank(series.qualities[index] ?? 0) < rank(code);
      if (!isChanged && !isWorse) continue;
      changed += isChanged ? 1 : 0;
      finals += (code & 0x8000) !== 0 ? 1 : 0;
      worse += isWorse ? 1 : 0;
      difference += delta;
      if (fromIndex < 0) fromIndex = index;
      toIndex = index + 1;
    }
    if (fromIndex < 0) return;
    const numbers = {
      changedIntervals: changed,
      finalIntervals: finals,
      worseQualityIntervals: worse,
      differenceInUnit: toUnit(difference, context),
    };
    report({
      fromIndex,
      toIndex,
      numbers,
      reason: `${changed} stored intervals would change by ${numbers.differenceInUnit} ${context.channel.unit} in all, ${finals} of them final, ${worse} to a worse quality`,
    });
  },
});

/** Actual over edited over estimated over missing. */
function rank(code: number): number {
  const category = qualityCategoryOf(code);
  if (category === 13) return 0;
  if (category === 8 || category === 12) return 1;
  if (category === 6) return 2;
  return category === 7 ? 3 : 4;
}

function trailingRun(history: Series | undefined, series: Series, mask: number): number {
  if (history === undefined || intervalStartMs(history, history.values.length) !== series.startMs) return 0;
  let count = 0;
  while (count < history.qualities.length && ((mask >> qualityCategoryOf(history.qualities.at(-1 - count) ?? 0)) & 1) !== 0) count += 1;
  return count;
}

/** Mean of the history's days of the same type, slot by slot of local time; undefined below the wanted number of days. */
function typicalDay({ series, context }: RuleInput, day: number, slots: number, minimumDays: number): Float64Array | undefined {
  const { history, zone, holidays } = context;
  if (history === undefined || history.intervalSeconds !== series.intervalSeconds) return undefined;
  const stepMs = history.intervalSeconds * 1000;
  const type = dayTypeOf(day, holidays);
  const mean = new Float64Array(slots);
  let used = 0;
  const firstDay = localDayOf(zone, history.startMs);
  const lastDay = localDayOf(zone, intervalStartMs(history, history.values.length) - 1);
  for (let other = firstDay; other <= lastDay; other += 1) {
    if (dayTypeOf(other, holidays) !== type) continue;
    const from = (startOfLocalDayMs(zone, other) - history.startMs) / stepMs;
    if (
      from < 0 ||
      from + slots > history.values.length ||
      startOfLocalDayMs(zone, other + 1) - startOfLocalDayMs(zone, other) !== slots * stepMs
    )
      continue;
    if (!isClean(history.qualities, from, from + slots, NOT_A_BASIS)) continue;
    for (let slot = 0; slot < slots; slot += 1) mean[slot] = (mean[slot] ?? 0) + (history.values[from + slot] ?? 0);
    used += 1;
  }
  return used >= minimumDays ? mean.map((sum) => sum / used) : undefined;
}

function correlationAt(values: Float64Array, from: number, shape: Float64Array, lag: number, lagMax: number): number {
  let [count, sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0, 0];
  for (let slot = lagMax; slot < shape.length - lagMax; slot += 1) {
    const a = values[from + slot + lag] ?? 0;
    const b = shape[slot] ?? 0;
    count += 1;
    sumA += a;
    sumB += b;
    sumAA += a * a;
    sumBB += b * b;
    sumAB += a * b;
  }
  const spread = Math.sqrt((sumAA - (sumA * sumA) / count) * (sumBB - (sumB * sumB) / count));
  return spread > 0 ? (sumAB - (sumA * sumB) / count) / spread : 0;
}
