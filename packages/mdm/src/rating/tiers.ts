import { UsageError } from "@amity/bytes";
import type { Tiers } from "../tariff/tariff.ts";
import { Money, ZERO } from "./money.ts";

/** What the limits of tiers grow with. */
export interface TierScale {
  readonly days: number;
  readonly months: Money;
  readonly kw: Money | undefined;
}

export interface TierPortion {
  /** 1 for the first. */
  readonly tier: number;
  readonly quantity: Money;
  readonly rate: Money;
}

/**
 * Splits a quantity over tiers. With `whole` the limits are those of the whole flow and this quantity takes its share of
 * each tier by energy. A negative quantity is priced by the first tier.
 */
export function splitTiers(quantity: Money, tiers: Tiers, scale: TierScale, whole: Money = quantity): readonly TierPortion[] {
  const first = tiers.tiers[0];
  if (first === undefined) throw new UsageError("tiers must not be empty", { code: "tariff-invalid" });
  if (quantity.isZero()) return [];
  if (whole.lte(0)) return [{ tier: 1, quantity, rate: new Money(first.rate) }];
  const portions: TierPortion[] = [];
  let reached = ZERO;
  for (const [index, tier] of tiers.tiers.entries()) {
    const limit = tier.upTo === null ? whole : Money.min(whole, limitOf(tiers, index, scale));
    const within = limit.minus(reached);
    if (within.lte(0)) continue;
    portions.push({
      tier: index + 1,
      quantity: whole === quantity ? within : quantity.times(within).div(whole),
      rate: new Money(tier.rate),
    });
    reached = limit;
  }
  if (reached.lt(whole)) throw new UsageError("the last tier must have no upper limit", { code: "tariff-invalid" });
  return portions;
}

function limitOf(tiers: Tiers, index: number, scale: TierScale): Money {
  const limit = new Money(tiers.tiers[index]?.upTo ?? 0);
  const plus = new Money(tiers.plus?.[index] ?? 0);
  switch (tiers.basis) {
    case "bill":
      return limit.plus(plus);
    case "month":
      return limit.plus(plus).times(scale.months);
    case "day":
      return limit.plus(plus).times(scale.days);
    case "kWhPerKw": {
      if (scale.kw === undefined)
        throw new UsageError("tiers by kWh per kW need a demand: name its charge in demandOf, before this one, or give a contract demand", {
          code: "demand-missing",
        });
      return limit.times(Money.max(0, scale.kw.minus(tiers.aboveKw ?? 0))).plus(plus);
    }
  }
}
