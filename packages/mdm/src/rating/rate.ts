import { formatDay } from "@amity/intervals";
import { QUALITY_CATEGORIES, qualityCategoryOf } from "@amity/model";
import type { Charge } from "../tariff/tariff.ts";
import { clip, meteredParts, type BlockRef, type UsagePart } from "../usage/usage.ts";
import type { Bill, BillLine, RatingInput, UsageQuality } from "./bill.ts";
import { rateDemand } from "./demand-charge.ts";
import { rateEnergy } from "./energy-charge.ts";
import { Money, roundBy, ZERO } from "./money.ts";
import { carrySurplus, finishNetting, startNetting } from "./netting.ts";
import { ratePeakRebate } from "./peak-rebate.ts";
import { prepareTariff, segmentsOf, type ReadyTariff, type Segment } from "./segment.ts";
import { rateFixed, rateMinimum, ratePercentage, rateReactive } from "./simple-charges.ts";
import type { DraftLine, RatingState } from "./state.ts";

export { prepareTariff, type ReadyTariff };

/**
 * Rates a usage to a bill. Pure and exact: decimals throughout, each line rounded by its policy, every line with its
 * trace. Missing intervals count as zero and are stated in `quality`; whether to bill is the completeness gate's matter.
 * @throws UsageError where tariff and input do not fit.
 */
export function rate(tariff: ReadyTariff, input: RatingInput): Bill {
  const state: RatingState = { tariff, input, lines: [], demands: new Map(), netting: startNetting(input), peakKw: undefined };
  const segments = segmentsOf(tariff, input);
  for (const segment of segments) {
    for (const charge of segment.ready.version.charges) {
      for (const draft of rateCharge(charge, segment, state)) state.lines.push(finishLine(draft, charge, segment, state.lines.length));
    }
  }
  const last = segments.at(-1);
  const carried = last === undefined ? undefined : finishNetting(state, last);
  return totalsOf(state, last, carried);
}

function rateCharge(charge: Charge, segment: Segment, state: RatingState): readonly DraftLine[] {
  switch (charge.kind) {
    case "fixed":
      return rateFixed(charge, segment);
    case "energy":
      return rateEnergy(charge, segment, state);
    case "demand":
      return rateDemand(charge, segment, state);
    case "reactive":
      return rateReactive(charge, segment, state);
    case "netting":
      carrySurplus(state, segment);
      return [];
    case "minimum":
      return rateMinimum(charge, segment, state);
    case "percentage":
      return ratePercentage(charge, segment, state);
    case "peakRebate":
      return ratePeakRebate(charge, segment, state);
  }
}

function finishLine(draft: DraftLine, charge: Charge, segment: Segment, index: number): BillLine {
  const amount = roundBy(draft.amount, charge.rounding ?? segment.ready.version.rounding);
  return {
    id: `${index + 1}`,
    chargeId: charge.id,
    kind: charge.kind,
    label: draft.label ?? charge.label,
    tariffVersion: segment.ready.version.version,
    quantity: draft.quantity.toFixed(),
    unit: draft.unit,
    ...(draft.rate === undefined ? {} : { rate: draft.rate.toFixed() }),
    amount: amount.toFixed(),
    isTax: charge.kind === "percentage" && charge.isTax === true,
    trace: { fromMs: segment.fromMs, toMs: segment.toMs, ...draft.trace },
  };
}

function totalsOf(state: RatingState, last: Segment | undefined, carried: Bill["carried"]): Bill {
  const { input, tariff, lines } = state;
  let [subtotal, tax] = [ZERO, ZERO];
  for (const line of lines) {
    if (line.isTax) tax = tax.plus(line.amount);
    else subtotal = subtotal.plus(line.amount);
  }
  const total = roundBy(subtotal.plus(tax), last?.ready.version.totalRounding);
  return {
    usagePointId: input.usagePointId,
    tariffId: tariff.tariff.id,
    ...(tariff.tariff.commodity === undefined ? {} : { commodity: tariff.tariff.commodity }),
    currency: tariff.tariff.currency,
    from: formatDay(input.fromDay),
    to: formatDay(input.toDay),
    lines,
    subtotal: subtotal.toFixed(),
    tax: tax.toFixed(),
    total: total.toFixed(),
    quality: qualityOf(input),
    pinned: pinnedBlocks(input),
    ...(input.usage.flows.volume === undefined ? {} : { volumeM3: volumeOf(input).toFixed() }),
    ...(carried === undefined ? {} : { carried }),
    ...(state.peakKw === undefined ? {} : { peakKw: state.peakKw.toFixed() }),
  };
}

function volumeOf(input: RatingInput): Money {
  let total = ZERO;
  for (const part of input.usage.flows.volume ?? []) {
    const { from, to } = clip(part, input.usage.fromMs, input.usage.toMs);
    let counts = 0;
    for (let index = from; index < to; index += 1) counts += part.series.values[index] ?? 0;
    total = total.plus(new Money(10).pow(part.scaler).times(part.multiplier).times(counts));
  }
  return total;
}

function allParts(input: RatingInput): readonly UsagePart[] {
  return Object.values(input.usage.flows).flat();
}

function pinnedBlocks(input: RatingInput): readonly BlockRef[] {
  const seen = new Map<string, BlockRef>();
  for (const part of allParts(input)) for (const block of part.blocks) seen.set(`${block.channelId}/${block.dayStartMs}`, block);
  return [...seen.values()];
}

/** Which bucket of the summary each category belongs to. */
const BUCKETS = QUALITY_CATEGORIES.map((category) => {
  if (category === "missing") return "missing" as const;
  if (category === "estimated" || category === "projected") return "estimated" as const;
  if (category === "edited") return "edited" as const;
  return category === "failedValidation" ? ("failed" as const) : ("actual" as const);
});

function qualityOf(input: RatingInput): UsageQuality {
  const byCategory = new Float64Array(16);
  let expected = 0;
  for (const part of meteredParts(input.usage)) {
    const { from, to } = clip(part, input.usage.fromMs, input.usage.toMs);
    for (let index = from; index < to; index += 1) {
      const category = qualityCategoryOf(part.series.qualities[index] ?? 0);
      byCategory[category] = (byCategory[category] ?? 0) + 1;
    }
    expected += to - from;
  }
  const quality = { intervals: expected, actual: 0, estimated: 0, edited: 0, failed: 0, missing: 0 };
  for (const [category, count] of byCategory.entries()) quality[BUCKETS[category] ?? "actual"] += count;
  return { ...quality, ...missingOutside(input, quality.missing, expected) };
}

/** Time of the bill that no part covers at all counts as missing, in intervals of the first part. */
function missingOutside(input: RatingInput, missing: number, covered: number): { intervals: number; missing: number } {
  const metered = meteredParts(input.usage);
  const step = metered[0]?.series.intervalSeconds;
  if (step === undefined) return { intervals: covered, missing };
  let coveredMs = 0;
  for (const part of metered) {
    const { from, to } = clip(part, input.usage.fromMs, input.usage.toMs);
    coveredMs += (to - from) * part.series.intervalSeconds * 1000;
  }
  const uncovered = Math.max(0, Math.round((input.usage.toMs - input.usage.fromMs - coveredMs) / (step * 1000)));
  return { intervals: covered + uncovered, missing: missing + uncovered };
}
