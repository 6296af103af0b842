import { UsageError } from "@amity/bytes";
import type { EnergyCharge, EnergyUnit } from "../tariff/tariff.ts";
import { intervalStartMs } from "../vee/series.ts";
import type { PriceSeries, QuantityUnit, RatingInput } from "./bill.ts";
import { conversionSteps } from "./gas-steps.ts";
import { Money, roundBy, ZERO } from "./money.ts";
import { nettedKwh } from "./netting.ts";
import { energyKwh, flowOf, periodIndices, type FlowPart, type Segment } from "./segment.ts";
import type { DraftLine, RatingState } from "./state.ts";
import { splitTiers } from "./tiers.ts";

/** Energy at a rate, in tiers, or at a price for each interval. One line a tier. */
export function rateEnergy(charge: EnergyCharge, segment: Segment, state: RatingState): readonly DraftLine[] {
  const trace = traceOf(charge);
  if (charge.priceSeries !== undefined) return [atIntervalPrices(charge, charge.priceSeries, segment, state)];
  requireConversion(charge, state.input);
  const measured = measuredKwh(charge, segment, state);
  const quantity = adjusted(charge, measured);
  const unit = unitOf(charge);
  const taken = stepsOf(charge, measured, segment, state);
  const steps = taken.length === 0 ? {} : { steps: taken };
  if (charge.tiers === undefined) {
    if (charge.rate === undefined)
      throw new UsageError(`charge ${charge.id} has neither rate, tiers nor price series`, { code: "tariff-invalid" });
    const price = new Money(charge.rate);
    return [{ quantity, unit, rate: price, amount: price.times(quantity), trace: { ...trace, ...steps } }];
  }
  const { tiers } = charge;
  const scale = { days: segment.days, months: segment.months, kw: demandFor(charge, state) };
  const whole = tiers.sharedByEnergy === true ? adjusted(charge, measuredKwh({ ...charge, periods: undefined }, segment, state)) : quantity;
  return splitTiers(quantity, tiers, scale, whole).map((portion) => ({
    quantity: portion.quantity,
    unit,
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

/** Loss factor, share and unit of the charge; `measured` is in kWh, or m3 of a volume. */
function adjusted(charge: EnergyCharge, measured: Money): Money {
  const [numerator, denominator] = charge.unit === undefined ? ["1", "1"] : PER_KWH[charge.unit];
  const quantity = measured
    .times(charge.lossFactor ?? "1")
    .times(charge.share ?? "1")
    .times(numerator)
    .div(denominator);
  return roundBy(quantity, charge.quantityRounding);
}

/** What one kWh is in the units that energy is priced in, as a fraction. */
const PER_KWH: Readonly<Record<EnergyUnit, readonly [string, string]>> = {
  kWh: ["1", "1"],
  MWh: ["1", "1000"],
  MJ: ["3.6", "1"],
  GJ: ["3.6", "1000"],
};

function unitOf(charge: EnergyCharge): QuantityUnit {
  return charge.flow === "volume" ? "m3" : (charge.unit ?? "kWh");
}

/** Energy is charged and only volume was metered, without anything to convert it by: a bill of zero would be a lie. */
function requireConversion(charge: EnergyCharge, { usage }: RatingInput): void {
  if (charge.flow !== "import" || usage.flows.import !== undefined || usage.flows.volume === undefined) return;
  if (usage.flows.volume.every((part) => part.energyFactors === undefined))
    throw new UsageError(`charge ${charge.id} prices energy, and only volume is metered`, {
      code: "conversion-missing",
      advice: "keep calorific values and site conditions for gas; price water by flow volume",
    });
}

/** What was done to the metered number on its way to the quantity. */
function stepsOf(charge: EnergyCharge, measured: Money, segment: Segment, state: RatingState): string[] {
  const metered = charge.flow === "volume" ? "m\u00b3" : "kWh";
  const steps =
    charge.flow === "import"
      ? conversionSteps(flowOf(segment, state.input, charge.flow), periodIndices(segment, charge.periods, charge.id))
      : [];
  if (charge.lossFactor !== undefined) steps.push(`${measured.toFixed()} kWh metered times loss factor ${charge.lossFactor}`);
  if (charge.share !== undefined) steps.push(`${charge.share} of ${measured.toFixed()} ${metered}`);
  return steps;
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
