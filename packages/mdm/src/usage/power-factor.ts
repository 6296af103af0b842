import { Money } from "../rating/money.ts";

/** kW (1 + (target - power factor)) below the target, kW itself from there on. */
export function powerFactorAdjustedKw(kw: Money | number, powerFactor: Money | number, target: Money | number | string): Money {
  const shortfall = new Money(target).minus(powerFactor);
  return shortfall.isPositive() ? new Money(kw).times(shortfall.plus(1)) : new Money(kw);
}

/** Active over apparent energy; 1 where there is no energy at all. */
export function powerFactorOf(activeCounts: number, reactiveCounts: number): number {
  const apparent = Math.hypot(activeCounts, reactiveCounts);
  return apparent === 0 ? 1 : activeCounts / apparent;
}
