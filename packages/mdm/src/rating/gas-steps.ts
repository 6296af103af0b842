import { Money, ZERO } from "./money.ts";
import type { FlowPart } from "./segment.ts";

/** Places of the mean calorific value that a bill shows; what is billed is not rounded by it. */
const SHOWN_PLACES = 4;

/**
 * How the energy of a gas volume came about, for the bill: one step for each volume factor, with the mean of the days' calorific
 * values weighted by volume. Empty where nothing was converted.
 */
export function conversionSteps(parts: readonly FlowPart[], periods: ReadonlySet<number> | undefined): string[] {
  const byFactor = new Map<string, { m3: Money; kwh: Money; days: number; least: Money; most: Money }>();
  for (const { factor, part, sums, kwhPerCount } of parts) {
    if (factor === undefined) continue;
    let counts = 0;
    for (let period = 0; period < sums.length; period += 1) if (periods === undefined || periods.has(period)) counts += sums[period] ?? 0;
    const value = new Money(factor.kwhPerM3);
    const known = byFactor.get(factor.volumeFactor) ?? { m3: ZERO, kwh: ZERO, days: 0, least: value, most: value };
    byFactor.set(factor.volumeFactor, {
      m3: known.m3.plus(new Money(10).pow(part.scaler).times(part.multiplier).times(counts)),
      kwh: known.kwh.plus(kwhPerCount.times(counts)),
      days: known.days + 1,
      least: Money.min(known.least, value),
      most: Money.max(known.most, value),
    });
  }
  return [...byFactor].map(([volumeFactor, { m3, kwh, days, least, most }]) => {
    const mean = m3.isZero() ? least : kwh.div(m3.times(volumeFactor));
    const range = least.eq(most) ? "" : `, ${days} gas days of ${shown(least)} to ${shown(most)}`;
    return `${m3.toFixed()} m\u00b3 \u00d7 ${volumeFactor} volume factor \u00d7 ${shown(mean)} kWh/m\u00b3${range} = ${kwh.toDecimalPlaces(SHOWN_PLACES).toFixed()} kWh`;
  });
}

function shown(value: Money): string {
  return value.toDecimalPlaces(SHOWN_PLACES).toFixed();
}
