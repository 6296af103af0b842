import { UsageError } from "@amity/bytes";
import type { EnergyCharge } from "../tariff/tariff.ts";
import { intervalStartMs } from "../vee/series.ts";
import type { PriceSeries, RatingInput } from "./bill.ts";
import { Money, roundBy, ZERO } from "./money.ts";
import { nettedKwh } from "./netting.ts";
import { energyKwh, flowOf, periodIndices, type FlowPart, type Segment } from "./segment.ts";
import type { DraftLine, RatingState } from "./state.ts";
import { splitTiers } from "./tiers.ts";

/** Energy at a rate, in tiers, or at a price for each interval. One line a tier. */
export function rateEnergy(charge: EnergyCharge, segment: Segment, state: RatingState): readonly DraftLine[] {
  const trace = traceOf(charge);
  if (charge.priceSeries !== undefined) return [atIntervalPrices(charge, charge.priceSeries, segment, state)];
  const measured = measuredKwh(charge, segment, state);
  const quantity = adjusted(charge, measured);
  const steps =
    charge.lossFactor === undefined ? {} : { steps: [`${measured.toFixed()} kWh metered times loss factor ${charge.lossFactor}`] };
  if (charge.tiers === undefined) {
    if (charge.rate === undefined)
      throw new UsageError(`charge ${charge.id} has neither rate, tiers nor price series`, { code: "tariff-invalid" });
    const price = new Money(charge.rate);
    return [{ quantity, unit: "kWh", rate: price, amount: price.times(quantity), trace: { ...trace, ...steps } }];
  }
  const { tiers } = charge;
  const scale = { days: segment.days, months: segment.months, kw: demandFor(charge, state) };
  const whole = tiers.sharedByEnergy === true ? adjusted(charge, measuredKwh({ ...charge, periods: undefined }, segment, state)) : quantity;
  return splitTiers(quantity, tiers, scale, whole).map((portion) => ({
    quantity: portion.quantity,
    unit: "kWh",
    rate: portion.rate,
    amount: portion.rate.times(portion.quantity),
    label: `${charge.label}, tier ${portion.tier}`,
    trace: { ...trace, ...steps },
  }));
}

/** What of a charge decides which intervals count. */
type EnergySelection = Pick<EnergyCharge, "id" | "flow" | "during" | "except"> & { readonly periods?: readonly string[] | undefined };

function traceOf(charge: EnergyCharge): DraftLine["trace"] {
  return {
    flow: charge.flow,
    ...(charge.periods === undefined ? {} : { periods: charge.periods }),
    ...(charge.during === undefined ? {} : { during: charge.during }),
    ...(charge.except === undefined ? {} : { except: charge.except }),
  };
}

function measuredKwh(charge: EnergySelection, segment: Segment, state: RatingState): Money {
  const periods = periodIndices(segment, charge.periods, charge.id);
  const netted = nettedKwh(charge.flow, periods, segment, state);
  if (netted !== undefined) return netted;
  const parts = flowOf(segment, state.input, charge.flow);
  if (charge.during === undefined && charge.except === undefined) return energyKwh(parts, periods);
  let total = ZERO;
  for (const part of parts) {
    const mask = selectionMask(part, periods, charge, state.input);
    let counts = 0;
    for (let index = part.from; index < part.to; index += 1) if (mask[index] === 1) counts += part.part.series.values[index] ?? 0;
    total = total.plus(part.kwhPerCount.times(counts));
  }
  return total;
}

/** 1 for each interval that a charge counts: by time of use, and by the events it names. */
export function selectionMask(
  part: FlowPart,
  periods: ReadonlySet<number> | undefined,
  selection: { during?: string | undefined; except?: string | undefined },
  input: RatingInput,
): Uint8Array {
  const mask = new Uint8Array(part.part.series.values.length);
  for (let index = part.from; index < part.to; index += 1) {
    if (periods !== undefined && !periods.has(part.slots[index] ?? 0)) continue;
    const atMs = intervalStartMs(part.part.series, index);
    if (selection.during !== undefined && !isInEvent(atMs, selection.during, input)) continue;
    if (selection.except !== undefined && isInEvent(atMs, selection.except, input)) continue;
    mask[index] = 1;
  }
  return mask;
}

function isInEvent(atMs: number, name: string, input: RatingInput): boolean {
  return (input.events?.[name] ?? []).some((event) => event.fromMs <= atMs && event.toMs > atMs);
}

function adjusted(charge: EnergyCharge, kwh: Money): Money {
  return roundBy(charge.lossFactor === undefined ? kwh : kwh.times(charge.lossFactor), charge.quantityRounding);
}

function demandFor(charge: EnergyCharge, state: RatingState): Money | undefined {
  const name = charge.tiers?.demandOf;
  if (name !== undefined) return state.demands.get(name);
  return state.input.contractDemandKw === undefined ? undefined : new Money(state.input.contractDemandKw);
}

/** Real-time price: every interval at its own price; negative prices are legal. */
function atIntervalPrices(charge: EnergyCharge, name: string, segment: Segment, state: RatingState): DraftLine {
  const prices = state.input.priceSeries?.[name];
  if (prices === undefined) throw new UsageError(`charge ${charge.id}: no price series ${name}`, { code: "price-missing" });
  const periods = periodIndices(segment, charge.periods, charge.id);
  let [quantity, amount] = [ZERO, ZERO];
  for (const part of flowOf(segment, state.input, charge.flow)) {
    const mask = selectionMask(part, periods, charge, state.input);
    const byPrice = countsByPrice(part, mask, prices, charge.id);
    for (const [price, counts] of byPrice) {
      const kwh = part.kwhPerCount.times(counts);
      quantity = quantity.plus(kwh);
      amount = amount.plus(kwh.times(price));
    }
  }
  const factor = new Money(charge.lossFactor ?? "1");
  return {
    quantity: quantity.times(factor),
    unit: "kWh",
    amount: amount.times(factor).times(charge.priceFactor ?? "1"),
    trace: { ...traceOf(charge), steps: [`prices ${name}`] },
  };
}

function countsByPrice(part: FlowPart, mask: Uint8Array, prices: PriceSeries, chargeId: string): ReadonlyMap<string, number> {
  const byPrice = new Map<string, number>();
  for (let index = part.from; index < part.to; index += 1) {
    if (mask[index] !== 1) continue;
    const atMs = intervalStartMs(part.part.series, index);
    const price = prices.prices[Math.floor((atMs - prices.startMs) / (prices.intervalSeconds * 1000))];
    if (price === undefined)
      throw new UsageError(`charge ${chargeId}: no price for ${new Date(atMs).toISOString()}`, {
        code: "price-missing",
        advice: "do not bill before all prices are known",
      });
    byPrice.set(price, (byPrice.get(price) ?? 0) + (part.part.series.values[index] ?? 0));
  }
  return byPrice;
}
