import { formatDay } from "@amity/intervals";
import { intervalsInDay } from "../../usage/local-days.ts";
import { eachRun, MISSING } from "../quality-mask.ts";
import { ruleKind } from "../rule-kind.ts";
import { seriesEndMs } from "../series.ts";

/** Intervals that should be there and are not; also before and after the series where the context says what was expected. */
export const gap = ruleKind({
  summary: "Intervals are missing.",
  defaults: {},
  marks: "none",
  check({ series, context }, _parameters, report) {
    const stepMs = series.intervalSeconds * 1000;
    const hit = (fromIndex: number, toIndex: number) =>
      report({
        fromIndex,
        toIndex,
        numbers: { missingIntervals: toIndex - fromIndex, missingMinutes: ((toIndex - fromIndex) * series.intervalSeconds) / 60 },
        reason: `${toIndex - fromIndex} intervals are missing`,
      });
    if (context.expected !== undefined) {
      const before = Math.ceil((series.startMs - context.expected.fromMs) / stepMs);
      if (before > 0) hit(-before, 0);
      const after = Math.ceil((context.expected.toMs - seriesEndMs(series)) / stepMs);
      if (after > 0) hit(series.values.length, series.values.length + after);
    }
    eachRun(series.qualities, MISSING, hit);
  },
});

/** The same time delivered more than once. */
export const duplicate = ruleKind({
  summary: "The same time was delivered more than once.",
  defaults: { ignoreIdentical: true },
  marks: "none",
  check({ series, context }, { ignoreIdentical }, report) {
    const stepMs = series.intervalSeconds * 1000;
    for (const other of context.declared?.overlaps ?? []) {
      const from = Math.max(0, Math.floor((other.startMs - series.startMs) / stepMs));
      const to = Math.min(series.values.length, Math.ceil((seriesEndMs(other) - series.startMs) / stepMs));
      if (to <= from) continue;
      let different = 0;
      const sameGrid = other.intervalSeconds === series.intervalSeconds && (other.startMs - series.startMs) % stepMs === 0;
      const shift = (series.startMs - other.startMs) / stepMs;
      for (let index = from; index < to; index += 1) if (!sameGrid || series.values[index] !== other.values[index + shift]) different += 1;
      if (different === 0 && ignoreIdentical) continue;
      report({
        fromIndex: from,
        toIndex: to,
        numbers: { overlappingIntervals: to - from, differentIntervals: different },
        reason: `${to - from} intervals were delivered twice, ${different} of them with different values`,
      });
    }
  },
});

/** Interval length other than the channel's, or a start off the grid. */
export const intervalSize = ruleKind({
  summary: "The interval length is not the channel's, or the intervals are off the grid.",
  defaults: {},
  marks: "none",
  check({ series, context }, _parameters, report) {
    const expectedSeconds = context.channel.intervalSeconds;
    const declaredSeconds = context.declared?.intervalSeconds ?? series.intervalSeconds;
    const offGridMs = series.startMs % (series.intervalSeconds * 1000);
    if (declaredSeconds === expectedSeconds && series.intervalSeconds === expectedSeconds && offGridMs === 0) return;
    report({
      fromIndex: 0,
      toIndex: series.values.length,
      numbers: { expectedSeconds, declaredSeconds, deliveredSeconds: series.intervalSeconds, offGridMs },
      reason:
        offGridMs === 0
          ? `intervals of ${declaredSeconds} s where the channel has ${expectedSeconds} s`
          : `intervals begin ${offGridMs} ms off the grid`,
    });
  },
});

/** Declared unit other than the channel's. */
export const unit = ruleKind({
  summary: "The delivered unit is not the channel's.",
  defaults: {},
  marks: "none",
  check({ series, context }, _parameters, report) {
    const declared = context.declared?.unit;
    if (declared === undefined || declared === context.channel.unit) return;
    report({
      fromIndex: 0,
      toIndex: series.values.length,
      numbers: {},
      reason: `delivered in ${declared} where the channel has ${context.channel.unit}`,
    });
  },
});

/** Declared multiplier other than the installed one. */
export const multiplier = ruleKind({
  summary: "The delivered multiplier is not the installed one.",
  defaults: {},
  marks: "none",
  check({ series, context }, _parameters, report) {
    const declared = context.declared?.multiplier;
    const installed = context.channel.multiplier;
    if (declared === undefined || declared === installed) return;
    report({
      fromIndex: 0,
      toIndex: series.values.length,
      numbers: { declared, installed },
      reason: `multiplier ${declared} where ${installed} is installed`,
    });
  },
});

/** Delivered counts a civil day against 92, 96 or 100 quarter-hours. */
export const dayLength = ruleKind({
  summary: "A day has the wrong number of intervals, as when a clock change was mishandled.",
  defaults: {},
  marks: "none",
  check({ series, context, days }, _parameters, report) {
    for (const { day, count } of context.declared?.dayCounts ?? []) {
      const expected = intervalsInDay(day, series.intervalSeconds, context.zone);
      if (count === expected) continue;
      const span = days().find((candidate) => candidate.day === day);
      report({
        fromIndex: span?.from ?? 0,
        toIndex: span?.to ?? series.values.length,
        numbers: { deliveredIntervals: count, expectedIntervals: expected },
        reason: `${formatDay(day)} has ${count} intervals where its civil day has ${expected}`,
      });
    }
  },
});
