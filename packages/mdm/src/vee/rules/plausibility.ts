import { formatDay } from "@amity/intervals";
import { MISSING } from "../quality-mask.ts";
import { ruleKind, toCounts, toUnit, type RuleInput } from "../rule-kind.ts";
import { intervalStartMs, type Series } from "../series.ts";

/** Energy below zero where the flow cannot be negative. */
export const negative = ruleKind({
  summary: "Consumption is negative.",
  defaults: {},
  marks: "negative",
  check({ series, context }, _parameters, report) {
    if (context.channel.mayBeNegative) return;
    const { values } = series;
    for (let index = 0; index < values.length; index += 1) {
      if ((values[index] ?? 0) >= 0) continue;
      const fromIndex = index;
      let lowest = 0;
      for (; index < values.length && (values[index] ?? 0) < 0; index += 1) lowest = Math.min(lowest, values[index] ?? 0);
      const lowestInUnit = toUnit(lowest, context);
      report({
        fromIndex,
        toIndex: index,
        numbers: { lowestInUnit },
        reason: `${index - fromIndex} intervals are negative, the lowest ${lowestInUnit} ${context.channel.unit}`,
      });
    }
  },
});

/** No consumption for long, on a point that is neither disconnected nor without supply. A run may have begun in the history. */
export const zeroRun = ruleKind({
  summary: "No consumption for longer than is usual.",
  defaults: { minimumHours: 24, ignoreWhenDisconnected: true },
  marks: "zeroRun",
  check({ series, context }, { minimumHours, ignoreWhenDisconnected }, report) {
    const { values, qualities } = series;
    const stepHours = series.intervalSeconds / 3600;
    const isZero = (index: number) => values[index] === 0 && ((qualities[index] ?? 0) & 0xf00) !== 0xd00;
    for (let index = 0; index < values.length; index += 1) {
      if (values[index] !== 0 || !isZero(index)) continue;
      const fromIndex = index;
      while (index < values.length && isZero(index)) index += 1;
      const before = fromIndex === 0 ? trailingZeros(context.history, series.startMs) : 0;
      const runHours = (index - fromIndex) * stepHours + before;
      if (runHours < minimumHours || (ignoreWhenDisconnected && isExplained(context, series, fromIndex, index))) continue;
      report({
        fromIndex,
        toIndex: index,
        numbers: { runHours, minimumHours },
        reason: `no consumption for ${runHours} h (limit ${minimumHours} h)`,
      });
    }
  },
});

/** Highest interval of a day against its third highest: (highest - third) / third (California VEE; Oracle interval spike). */
export const spike = ruleKind({
  summary: "One interval stands far above the rest of its day.",
  defaults: { ratio: 1.8, scope: "day", minimumInUnit: 0 },
  marks: "spike",
  check({ series, context, days }, { ratio, scope, minimumInUnit }, report) {
    const minimum = toCounts(minimumInUnit, context);
    const spans = scope === "day" ? days() : [{ from: 0, to: series.values.length }];
    for (const { from, to } of spans) {
      const top = topThree(series.values, from, to);
      if (top === undefined || top.third <= 0 || top.highest < minimum) continue;
      const actual = (top.highest - top.third) / top.third;
      if (actual <= ratio) continue;
      const numbers = { highestInUnit: toUnit(top.highest, context), thirdInUnit: toUnit(top.third, context), ratio: actual, limit: ratio };
      report({
        fromIndex: top.at,
        toIndex: top.at + 1,
        numbers,
        reason: `${numbers.highestInUnit} ${context.channel.unit} is ${actual.toFixed(2)} times above the third highest ${numbers.thirdInUnit} (limit ${ratio})`,
      });
    }
  },
});

/** A single interval beyond what the connection can carry. */
export const limit = ruleKind({
  summary: "An interval is above what the connection can carry.",
  defaults: { maximumInUnitPerHour: 100_000 },
  marks: "highLow",
  check({ series, context }, { maximumInUnitPerHour }, report) {
    const ceiling = (toCounts(maximumInUnitPerHour, context) * series.intervalSeconds) / 3600;
    const { values } = series;
    for (let index = 0; index < values.length; index += 1) {
      if (Math.abs(values[index] ?? 0) <= ceiling) continue;
      const valueInUnit = toUnit(values[index] ?? 0, context);
      const limitInUnit = toUnit(ceiling, context);
      report({
        fromIndex: index,
        toIndex: index + 1,
        numbers: { valueInUnit, limitInUnit },
        reason: `${valueInUnit} ${context.channel.unit} in one interval (limit ${limitInUnit})`,
      });
    }
  },
});

/** The same value again and again, not zero: a stuck register. */
export const repeated = ruleKind({
  summary: "The same value repeats for hours.",
  defaults: { minimumHours: 6, ignoreBelowInUnit: 0 },
  marks: "none",
  check({ series, context }, { minimumHours, ignoreBelowInUnit }, report) {
    const { values } = series;
    const floor = toCounts(ignoreBelowInUnit, context);
    const least = Math.max(2, Math.ceil((minimumHours * 3600) / series.intervalSeconds));
    let from = 0;
    for (let index = 1; index <= values.length; index += 1) {
      if (index < values.length && values[index] === values[from]) continue;
      const value = values[from] ?? 0;
      const count = index - from;
      if (count >= least && value !== 0 && Math.abs(value) > floor) {
        const valueInUnit = toUnit(value, context);
        report({
          fromIndex: from,
          toIndex: index,
          numbers: { valueInUnit, intervals: count, limitIntervals: least },
          reason: `${valueInUnit} ${context.channel.unit} repeats in ${count} intervals (limit ${least})`,
        });
      }
      from = index;
    }
  },
});

/** Use of a day against the average day of the history (average daily use). */
export const highLow = ruleKind({
  summary: "A day's use is far from the average day before it.",
  defaults: { highPercent: 300, lowPercent: 10, minimumHistoryDays: 7, ignoreDifferenceBelowInUnit: 0 },
  marks: "highLow",
  check(input, { highPercent, lowPercent, minimumHistoryDays, ignoreDifferenceBelowInUnit }, report) {
    const { series, context } = input;
    const average = averageDay(context.history, minimumHistoryDays);
    if (average === undefined) return;
    const floor = toCounts(ignoreDifferenceBelowInUnit, context);
    for (const span of input.days()) {
      if (!span.complete) continue;
      const total = sumClean(series, span.from, span.to);
      if (total === undefined) continue;
      const expected = (average * ((span.to - span.from) * series.intervalSeconds)) / 86_400;
      if (Math.abs(total - expected) < floor || (total <= (expected * highPercent) / 100 && total >= (expected * lowPercent) / 100))
        continue;
      const numbers = {
        dayInUnit: toUnit(total, context),
        averageInUnit: toUnit(expected, context),
        percent: expected === 0 ? Infinity : (100 * total) / expected,
        highPercent,
        lowPercent,
      };
      report({
        fromIndex: span.from,
        toIndex: span.to,
        numbers,
        reason: `${formatDay(span.day)} used ${numbers.dayInUnit} ${context.channel.unit}, ${shareOf(numbers.percent)} the average ${numbers.averageInUnit.toFixed(1)} (limits ${lowPercent} to ${highPercent} %)`,
      });
    }
  },
});

/** Mean counts a 24 h day of the present intervals of the history; undefined where it is shorter than asked. */
export function averageDay(history: Series | undefined, minimumDays: number): number | undefined {
  if (history === undefined) return undefined;
  let sum = 0;
  let present = 0;
  for (let index = 0; index < history.values.length; index += 1) {
    if (((MISSING >> (((history.qualities[index] ?? 0) >> 8) & 0xf)) & 1) !== 0) continue;
    sum += history.values[index] ?? 0;
    present += 1;
  }
  const days = (present * history.intervalSeconds) / 86_400;
  return days >= minimumDays && days > 0 ? sum / days : undefined;
}

/** Where the average is nothing there is no percentage. */
function shareOf(percent: number): string {
  return Number.isFinite(percent) ? `${percent.toFixed(0)} % of` : "against";
}

function sumClean(series: Series, from: number, to: number): number | undefined {
  let sum = 0;
  for (let index = from; index < to; index += 1) {
    if (((series.qualities[index] ?? 0) & 0xf00) === 0xd00) return undefined;
    sum += series.values[index] ?? 0;
  }
  return sum;
}

function trailingZeros(history: Series | undefined, beforeMs: number): number {
  if (history === undefined || history.startMs + history.values.length * history.intervalSeconds * 1000 !== beforeMs) return 0;
  let count = 0;
  while (
    count < history.values.length &&
    history.values.at(-1 - count) === 0 &&
    ((history.qualities.at(-1 - count) ?? 0) & 0xf00) !== 0xd00
  )
    count += 1;
  return (count * history.intervalSeconds) / 3600;
}

function isExplained(context: RuleInput["context"], series: Series, from: number, to: number): boolean {
  const fromMs = intervalStartMs(series, from);
  const toMs = intervalStartMs(series, to);
  return (context.spans ?? []).some(
    (span) =>
      (span.kind === "disconnected" || span.kind === "inactive" || span.kind === "outage") && span.fromMs <= fromMs && span.toMs >= toMs,
  );
}

interface TopThree {
  readonly highest: number;
  readonly third: number;
  readonly at: number;
}

function topThree(values: Float64Array, from: number, to: number): TopThree | undefined {
  if (to - from < 3) return undefined;
  let first = -Infinity;
  let second = -Infinity;
  let third = -Infinity;
  let at = from;
  for (let index = from; index < to; index += 1) {
    const value = values[index] ?? 0;
    if (value <= third) continue;
    if (value > first) {
      third = second;
      second = first;
      first = value;
      at = index;
    } else if (value > second) {
      third = second;
      second = value;
    } else {
      third = value;
    }
  }
  return { highest: first, third, at };
}
