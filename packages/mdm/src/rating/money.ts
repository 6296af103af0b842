import { Decimal } from "decimal.js";
import type { Rounding } from "../tariff/tariff.ts";

/** Decimals of a bill: 40 significant digits, so that no intermediate result of a bill is ever cut. */
export const Money = Decimal.clone({ precision: 40, rounding: Decimal.ROUND_HALF_UP });
export type Money = Decimal;

const MODES = { halfUp: Decimal.ROUND_HALF_UP, halfEven: Decimal.ROUND_HALF_EVEN, down: Decimal.ROUND_DOWN, up: Decimal.ROUND_UP } as const;

/** Rounds by a policy; without one the amount stays exact. Half up is away from zero for credits too. */
export function roundBy(amount: Money, rounding: Rounding | undefined): Money {
  return rounding === undefined ? amount : amount.toDecimalPlaces(rounding.places, MODES[rounding.mode]);
}

/** Digits that a sum of parts is held to: four less than its parts, so that a division (joules to kWh) leaves no trace in the last ones. */
const SETTLED_DIGITS = 36;

export function settled(amount: Money): Money {
  return amount.toSignificantDigits(SETTLED_DIGITS);
}

export const ZERO = new Money(0);
