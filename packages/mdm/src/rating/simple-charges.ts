import { civilDateOf } from "@amity/intervals";
import type { FixedCharge, MinimumCharge, PercentageCharge, ReactiveCharge } from "../tariff/tariff.ts";
import type { BillLine } from "./bill.ts";
import { Money, ZERO } from "./money.ts";
import { energyKwh, flowOf, type Segment } from "./segment.ts";
import type { DraftLine, RatingState } from "./state.ts";

/** Days, months (prorated) or once a bill. */
export function rateFixed(charge: FixedCharge, segment: Segment): readonly DraftLine[] {
  const quantity = timesOf(charge.per, segment);
  const price = new Money(charge.amount);
  return [{ quantity, unit: charge.per, rate: price, amount: price.times(quantity), trace: {} }];
}

/** The difference to the minimum, where the named lines are below it. */
export function rateMinimum(charge: MinimumCharge, segment: Segment, state: RatingState): readonly DraftLine[] {
  const lines = linesOf(charge.of, segment, state);
  const trace = { lines: lines.map((line) => line.id) };
  if (charge.per === "year") {
    if (civilDateOf(state.input.toDay - 1).month !== (charge.yearEndMonth ?? 12) || segment.toMs < state.input.usage.toMs) return [];
    const year = Money.max(0, sumOf(lines)).plus(state.input.yearToDate ?? 0);
    const short = new Money(charge.amount).minus(year);
    return short.lte(0)
      ? []
      : [
          {
            quantity: new Money(1),
            unit: "year",
            amount: short,
            trace: { ...trace, steps: [`the year's bills are ${year.toFixed()}, the minimum ${charge.amount}`] },
          },
        ];
  }
  const minimum = new Money(charge.amount).times(timesOf(charge.per, segment));
  const short = minimum.minus(Money.max(0, sumOf(lines)));
  return short.lte(0)
    ? []
    : [{ quantity: minimum, unit: charge.per, amount: short, trace: { ...trace, steps: [`minimum ${minimum.toFixed()}`] } }];
}

/** A percentage of the (rounded) named lines. */
export function ratePercentage(charge: PercentageCharge, segment: Segment, state: RatingState): readonly DraftLine[] {
  const lines = linesOf(charge.of, segment, state).filter((line) => charge.of !== undefined || !line.isTax);
  const base = sumOf(lines);
  return [
    {
      quantity: base,
      unit: "percent",
      rate: new Money(charge.percent),
      amount: base.times(charge.percent).div(100),
      trace: { lines: lines.map((line) => line.id) },
    },
  ];
}

/** Reactive energy beyond what is free for the active energy. */
export function rateReactive(charge: ReactiveCharge, segment: Segment, state: RatingState): readonly DraftLine[] {
  const reactive = energyKwh(flowOf(segment, state.input, charge.flow), undefined);
  const active = energyKwh(flowOf(segment, state.input, "import"), undefined);
  const free = active.times(charge.freeRatio);
  const quantity = Money.max(0, reactive.minus(free));
  const price = new Money(charge.rate);
  return [
    {
      quantity,
      unit: "kvarh",
      rate: price,
      amount: price.times(quantity),
      trace: { flow: charge.flow, steps: [`${reactive.toFixed()} kvarh less ${free.toFixed()} free`] },
    },
  ];
}

function timesOf(per: "day" | "month" | "bill", segment: Segment): Money {
  if (per === "day") return new Money(segment.days);
  return per === "month" ? segment.months : new Money(1);
}

/** Lines of the same segment, by charge; all of them where no charge is named. */
function linesOf(chargeIds: readonly string[] | undefined, segment: Segment, state: RatingState): readonly BillLine[] {
  return state.lines.filter(
    (line) =>
      line.trace.fromMs >= segment.fromMs &&
      line.trace.fromMs < segment.toMs &&
      (chargeIds === undefined || chargeIds.includes(line.chargeId)),
  );
}

function sumOf(lines: readonly BillLine[]): Money {
  return lines.reduce((sum, line) => sum.plus(line.amount), ZERO);
}
