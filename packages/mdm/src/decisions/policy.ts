import { Money } from "../rating/money.ts";
import type { DecisionEffect } from "./decision.ts";

/** When a second person is needed, and what energy is worth while nobody has billed it. */
export interface DecisionPolicy {
  /** A decision that has more than this at stake waits for another person. Decimal text. */
  readonly secondPersonAbove: { readonly kWh: string; readonly cubicMetres: string; readonly money: string };
  readonly prices: { readonly perKwh: string; readonly perCubicMetre: string };
  readonly currency: string;
}

/** Proposals, to be set by each utility: a household's week, and the price of a kilowatt-hour at home. */
export const STANDARD_DECISION_POLICY: DecisionPolicy = {
  secondPersonAbove: { kWh: "100", cubicMetres: "50", money: "50" },
  prices: { perKwh: "0.30", perCubicMetre: "1.00" },
  currency: "AUD",
};

/** Why a decision of this effect needs a second person; empty where it needs none. */
export function secondPersonFor(policy: DecisionPolicy, effect: Pick<DecisionEffect, "atStake" | "bills">): string {
  const { kWh, cubicMetres, money, currency } = effect.atStake;
  const limits = policy.secondPersonAbove;
  const billed = new Money(effect.bills.change).abs();
  const reasons = [
    ...(new Money(kWh).gt(limits.kWh) ? [`${kWh} kWh are at stake (limit ${limits.kWh} kWh)`] : []),
    ...(new Money(cubicMetres).gt(limits.cubicMetres) ? [`${cubicMetres} m\u00b3 are at stake (limit ${limits.cubicMetres} m\u00b3)`] : []),
    ...(new Money(money).gt(limits.money) ? [`${currency} ${money} are at stake (limit ${currency} ${limits.money})`] : []),
    ...(billed.gt(limits.money) ? [`bills change by ${currency} ${billed.toFixed(2)} (limit ${currency} ${limits.money})`] : []),
  ];
  return reasons.join("; ");
}
