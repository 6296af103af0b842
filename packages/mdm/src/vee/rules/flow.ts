import { formatDay, localDayOf, startOfLocalDayMs } from "@amity/intervals";
import { timelineOf } from "../../estimation/timeline.ts";
import type { SpanKind } from "../context.ts";
import type { ReportHit } from "../finding.ts";
import { isClean, MISSING, NOT_A_BASIS, isIn } from "../quality-mask.ts";
import { ruleKind, toCounts, toUnit, type RuleInput } from "../rule-kind.ts";
import { seriesEndMs, type Series } from "../series.ts";
import { eachCrossing } from "./run-crossing.ts";

const HOUR_MS = 3_600_000;

/**
 * Water or gas that never stops flowing at night: something drips. Told once, when the nights are enough, and once more when it stands still
 * again; `repeatNights` tells it anew as often, where somebody wants that.
 */
export const leak = ruleKind({
  summary: "The flow has not come back to zero for several nights: a leak.",
  defaults: { nights: 3, nightFromHour: 1, nightToHour: 5, zeroInUnitPerHour: 0, repeatNights: 0 },
  marks: "none",
  check({ series, context }, { nights, nightFromHour, nightToHour, zeroInUnitPerHour, repeatNights }, report) {
    const timeline = timelineOf(series, context.history);
    const offset = (series.startMs - timeline.startMs) / (series.intervalSeconds * 1000);
    const perHour = 3600 / series.intervalSeconds;
    const zero = toCounts(zeroInUnitPerHour, context) / perHour;
    let run = 0;
    let lowest = Infinity;
    for (let day = localDayOf(context.zone, timeline.startMs); ; day += 1) {
      const midnightMs = startOfLocalDayMs(context.zone, day);
      if (midnightMs + nightFromHour * HOUR_MS >= seriesEndMs(timeline)) return;
      const night = {
        from: indexAt(timeline, midnightMs + nightFromHour * HOUR_MS),
        to: indexAt(timeline, midnightMs + nightToHour * HOUR_MS),
      };
      // A night that is not wholly known says nothing for or against.
      if (night.from < 0 || night.to > timeline.values.length || night.to <= night.from) continue;
      if (!isClean(timeline.qualities, night.from, night.to, NOT_A_BASIS)) continue;
      const least = leastOf(timeline.values, night.from, night.to);
      const before = run;
      run = least > zero ? run + 1 : 0;
      if (run === 0 && before >= nights && night.to > offset)
        reportEnd(report, { night, offset, nights: before, limitNights: nights, day });
      lowest = run <= 1 ? least : Math.min(lowest, least);
      const isTold = run === nights || (run > nights && repeatNights > 0 && day % repeatNights === 0);
      if (!isTold || night.to <= offset) continue;
      const lowestInUnitPerHour = toUnit(lowest * perHour, context);
      report({
        fromIndex: Math.max(0, night.from - offset),
        toIndex: night.to - offset,
        numbers: { nights: run, limitNights: nights, lowestInUnitPerHour, zeroInUnitPerHour, lossInUnitPerDay: lowestInUnitPerHour * 24 },
        reason: `${run} nights up to ${formatDay(day)} without a standstill: at least ${round(lowestInUnitPerHour)} ${context.channel.unit} an hour, ${round(lowestInUnitPerHour * 24)} a day (limit ${nights} nights)`,
      });
    }
  },
});

function reportEnd(
  report: ReportHit,
  end: { night: { from: number; to: number }; offset: number; nights: number; limitNights: number; day: number },
): void {
  const { night, offset, nights, limitNights, day } = end;
  report({
    fromIndex: Math.max(0, night.from - offset),
    toIndex: night.to - offset,
    numbers: { nights: 0, limitNights, endedAfterNights: nights },
    reason: `it stands still again in the night of ${formatDay(day)}, after ${nights} nights without: the leak has ended`,
  });
}

/** Flow in every interval of a day and longer: a running cistern, a tap left open. */
export const continuousFlow = ruleKind({
  summary: "The flow has not stopped for hours.",
  defaults: { minimumHours: 24, zeroInUnitPerHour: 0 },
  marks: "none",
  check({ series, context }, { minimumHours, zeroInUnitPerHour }, report) {
    const stepHours = series.intervalSeconds / 3600;
    const zero = toCounts(zeroInUnitPerHour, context) * stepHours;
    const limit = Math.ceil(minimumHours / stepHours);
    eachCrossing(series, context.history, { holds: (value) => value > zero, limit }, ({ fromIndex, toIndex, length }) => {
      const hours = length * stepHours;
      const lowestInUnit = toUnit(leastOf(series.values, fromIndex, toIndex), context);
      report({
        fromIndex,
        toIndex,
        numbers: { hours, minimumHours, lowestInUnit },
        reason: `flow in every interval for ${hours} h, at least ${lowestInUnit} ${context.channel.unit} in each (limit ${minimumHours} h)`,
      });
    });
  },
});

/** Flow far above anything the point has drawn, for longer than a bath takes to fill. */
export const burst = ruleKind({
  summary: "The flow is far above anything known here: a burst pipe.",
  defaults: { minimumInUnitPerHour: 0.5, timesHighest: 1.5, minimumHours: 2, minimumHistoryDays: 7 },
  marks: "none",
  check({ series, context }, { minimumInUnitPerHour, timesHighest, minimumHours, minimumHistoryDays }, report) {
    const stepHours = series.intervalSeconds / 3600;
    const highest = highestOf(context.history, minimumHistoryDays);
    const threshold = Math.max(toCounts(minimumInUnitPerHour, context) * stepHours, timesHighest * (highest ?? 0));
    const limit = Math.max(1, Math.ceil(minimumHours / stepHours));
    eachCrossing(series, context.history, { holds: (value) => value > threshold, limit }, ({ fromIndex, toIndex, length }) => {
      let total = 0;
      for (let index = fromIndex; index < toIndex; index += 1) total += series.values[index] ?? 0;
      const meanInUnitPerHour = toUnit(total / ((toIndex - fromIndex) * stepHours), context);
      const limitInUnitPerHour = toUnit(threshold / stepHours, context);
      report({
        fromIndex,
        toIndex,
        numbers: { hours: length * stepHours, minimumHours, meanInUnitPerHour, limitInUnitPerHour },
        reason: `${round(meanInUnitPerHour)} ${context.channel.unit} an hour for ${length * stepHours} h (limit ${round(limitInUnitPerHour)} for ${minimumHours} h)`,
      });
    });
  },
});

/** Water or gas that ran back: a forward channel below zero, or flow on a channel that counts what runs back. */
export const backflow = ruleKind({
  summary: "The meter counted backwards: flow out of the installation into the network.",
  defaults: { toleranceInUnit: 0 },
  marks: "negative",
  check({ series, context }, { toleranceInUnit }, report) {
    const tolerance = toCounts(toleranceInUnit, context);
    const sign = context.channel.flow === "reverse" ? 1 : -1;
    const { values, qualities } = series;
    const isBack = (index: number): boolean => sign * (values[index] ?? 0) > 0 && !isIn(qualities[index] ?? 0, MISSING);
    for (let index = 0; index < values.length; index += 1) {
      if (!isBack(index)) continue;
      const fromIndex = index;
      let total = 0;
      for (; index < values.length && isBack(index); index += 1) total += sign * (values[index] ?? 0);
      if (total <= tolerance) continue;
      const backInUnit = toUnit(total, context);
      report({
        fromIndex,
        toIndex: index,
        numbers: { backInUnit, toleranceInUnit, intervals: index - fromIndex },
        reason: `${backInUnit} ${context.channel.unit} ran back in ${index - fromIndex} intervals (tolerance ${toleranceInUnit})`,
      });
    }
  },
});

/** What the meter itself warned of (OMS status, DLMS M-Bus event log): leak, burst, backflow, frost, air, a fault of its own. */
export const meterAlarm = ruleKind({
  summary: "The meter itself warned of a leak, burst, backflow, frost, air in the pipe or a fault of its own.",
  defaults: { alarms: ["leak", "burst", "backflow", "frost", "airInPipe", "deviceError"] as readonly string[] },
  marks: "none",
  check({ series, context }, { alarms }, report) {
    const stepMs = series.intervalSeconds * 1000;
    for (const span of context.spans ?? []) {
      if (!alarms.includes(span.kind)) continue;
      const fromIndex = Math.floor((span.fromMs - series.startMs) / stepMs);
      // Told once, where it begins.
      if (fromIndex < 0 || fromIndex >= series.values.length) continue;
      const toIndex = Math.min(series.values.length, Math.max(fromIndex + 1, Math.ceil((span.toMs - series.startMs) / stepMs)));
      report({
        fromIndex,
        toIndex,
        numbers: { intervals: toIndex - fromIndex },
        reason: `the meter warned of ${ALARM_WORDS[span.kind] ?? span.kind}`,
      });
    }
  },
});

const ALARM_WORDS: Partial<Record<SpanKind, string>> = {
  leak: "a leak",
  burst: "a burst",
  backflow: "backflow",
  frost: "frost",
  airInPipe: "air in the pipe",
  deviceError: "a fault of its own",
};

function indexAt(timeline: Series, instantMs: number): number {
  return Math.ceil((instantMs - timeline.startMs) / (timeline.intervalSeconds * 1000));
}

function leastOf(values: Float64Array, from: number, to: number): number {
  let least = Infinity;
  for (let index = from; index < to; index += 1) least = Math.min(least, values[index] ?? 0);
  return least;
}

/** Highest undisturbed interval of a history that is long enough. */
function highestOf(history: RuleInput["context"]["history"], minimumDays: number): number | undefined {
  if (history === undefined || history.values.length * history.intervalSeconds < minimumDays * 86_400) return undefined;
  let highest = 0;
  for (let index = 0; index < history.values.length; index += 1)
    if (!isIn(history.qualities[index] ?? 0, NOT_A_BASIS)) highest = Math.max(highest, history.values[index] ?? 0);
  return highest;
}

/** Three significant places for sentences. */
function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}
