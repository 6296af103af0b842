import { formatDay } from "@amity/intervals";
import { isClean, MISSING } from "../quality-mask.ts";
import { ruleKind, toCounts, toUnit, type RuleInput } from "../rule-kind.ts";
import type { Series } from "../series.ts";

/** Sum of sibling channels (TOU registers, phases) against this channel, day by day. */
export const siblingTotal = ruleKind({
  summary: "The sibling channels do not add up to this one.",
  defaults: { tolerancePercent: 1, toleranceInUnit: 1 },
  marks: "none",
  check(input, { tolerancePercent, toleranceInUnit }, report) {
    compareDays(input, input.context.siblings, (own, other, span) => {
      const tolerance = Math.max(toCounts(toleranceInUnit, input.context), (Math.abs(own) * tolerancePercent) / 100);
      if (Math.abs(own - other) <= tolerance) return;
      const numbers = inUnit(input, { own, siblings: other, tolerance });
      report({
        ...span,
        numbers,
        reason: `${span.date}: siblings add up to ${numbers["siblingsInUnit"]} ${input.context.channel.unit}, this channel has ${numbers["ownInUnit"]}`,
      });
    });
  },
});

/** A second meter on the same flow, day by day. */
export const checkMeter = ruleKind({
  summary: "The check meter disagrees.",
  defaults: { tolerancePercent: 2, toleranceInUnit: 10 },
  marks: "none",
  check(input, { tolerancePercent, toleranceInUnit }, report) {
    const { checkMeter: other } = input.context;
    compareDays(input, other === undefined ? undefined : [other], (own, check, span) => {
      const tolerance = Math.max(toCounts(toleranceInUnit, input.context), (Math.abs(check) * tolerancePercent) / 100);
      if (Math.abs(own - check) <= tolerance) return;
      const numbers = inUnit(input, { own, check, tolerance });
      report({
        ...span,
        numbers,
        reason: `${span.date}: ${numbers["ownInUnit"]} ${input.context.channel.unit} against ${numbers["checkInUnit"]} of the check meter (tolerance ${numbers["toleranceInUnit"]})`,
      });
    });
  },
});

/** A transformer or feeder meter against the meters behind it: what is lost must be positive and not too much. */
export const energyBalance = ruleKind({
  summary: "The meters behind do not account for what went in.",
  defaults: { minimumLossPercent: -1, maximumLossPercent: 8, ignoreBelowInUnit: 1000 },
  marks: "none",
  check(input, { minimumLossPercent, maximumLossPercent, ignoreBelowInUnit }, report) {
    const floor = toCounts(ignoreBelowInUnit, input.context);
    compareDays(input, input.context.behind, (own, behind, span) => {
      if (Math.max(own, behind) < floor) return;
      const lossPercent = own === 0 ? -Infinity : (100 * (own - behind)) / own;
      if (lossPercent >= minimumLossPercent && lossPercent <= maximumLossPercent) return;
      const numbers = { ...inUnit(input, { input: own, behind }), lossPercent, minimumLossPercent, maximumLossPercent };
      report({
        ...span,
        numbers,
        reason: `${span.date}: ${Number.isFinite(lossPercent) ? `${lossPercent.toFixed(1)} % of the energy is unaccounted for` : "the meters behind used energy and nothing went in"} (limits ${minimumLossPercent} to ${maximumLossPercent} %)`,
      });
    });
  },
});

/** Reactive energy out of proportion to active energy. */
export const reactive = ruleKind({
  summary: "Reactive energy is implausible beside active energy.",
  defaults: { maximumRatio: 3, ignoreBelowInUnit: 100 },
  marks: "none",
  check(input, { maximumRatio, ignoreBelowInUnit }, report) {
    const { reactive: kvarh } = input.context;
    const floor = toCounts(ignoreBelowInUnit, input.context);
    compareDays(input, kvarh === undefined ? undefined : [kvarh], (active, reactiveCounts, span) => {
      if (Math.abs(reactiveCounts) < floor || Math.abs(reactiveCounts) <= maximumRatio * Math.abs(active)) return;
      const numbers = { ...inUnit(input, { active, reactive: reactiveCounts }), maximumRatio };
      report({ ...span, numbers, reason: `${span.date}: reactive energy is more than ${maximumRatio} times the active energy` });
    });
  },
});

/** Power factor of a day: active over apparent energy. */
export const powerFactor = ruleKind({
  summary: "The power factor is out of bounds.",
  defaults: { minimum: 0.8, ignoreBelowInUnit: 1000 },
  marks: "none",
  check(input, { minimum, ignoreBelowInUnit }, report) {
    const { reactive: kvarh } = input.context;
    const floor = toCounts(ignoreBelowInUnit, input.context);
    compareDays(input, kvarh === undefined ? undefined : [kvarh], (active, reactiveCounts, span) => {
      const apparent = Math.hypot(active, reactiveCounts);
      if (apparent < floor) return;
      const factor = active / apparent;
      if (factor >= minimum) return;
      const numbers = { ...inUnit(input, { active, reactive: reactiveCounts }), powerFactor: factor, minimum };
      report({ ...span, numbers, reason: `${span.date}: power factor ${factor.toFixed(3)} (minimum ${minimum})` });
    });
  },
});

interface ComparedDay {
  readonly fromIndex: number;
  readonly toIndex: number;
  readonly date: string;
}

/** Sums this series and the others over each civil day that all of them cover without holes. */
function compareDays(
  input: RuleInput,
  others: readonly Series[] | undefined,
  compare: (own: number, others: number, span: ComparedDay) => void,
): void {
  if (others === undefined || others.length === 0) return;
  const { series } = input;
  for (const { day, from, to, complete } of input.days()) {
    if (!complete || !isClean(series.qualities, from, to, MISSING)) continue;
    const total = sumOfAll(others, series, from, to);
    if (total === undefined) continue;
    let own = 0;
    for (let index = from; index < to; index += 1) own += series.values[index] ?? 0;
    compare(own, total, { fromIndex: from, toIndex: to, date: formatDay(day) });
  }
}

function sumOfAll(others: readonly Series[], series: Series, from: number, to: number): number | undefined {
  let sum = 0;
  for (const other of others) {
    const stepMs = other.intervalSeconds * 1000;
    const first = (series.startMs + from * series.intervalSeconds * 1000 - other.startMs) / stepMs;
    const last = (series.startMs + to * series.intervalSeconds * 1000 - other.startMs) / stepMs;
    if (!Number.isInteger(first) || !Number.isInteger(last) || first < 0 || last > other.values.length) return undefined;
    if (!isClean(other.qualities, first, last, MISSING)) return undefined;
    for (let index = first; index < last; index += 1) sum += other.values[index] ?? 0;
  }
  return sum;
}

function inUnit(input: RuleInput, counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([name, value]) => [`${name}InUnit`, toUnit(value, input.context)]));
}
