import { UsageError } from "@amity/bytes";
import { DAY_MS, localDayOf, type Zone } from "@amity/intervals";
import { Money, roundBy } from "../rating/money.ts";
import type { DecimalText } from "../tariff/tariff.ts";
import type { EnergyFactor } from "../usage/usage.ts";

/** What the meter itself has brought to base conditions; the OBIS code of its channel says which. */
export type MeterConverts = "nothing" | "temperature" | "all";

/**
 * What stands between the metered volume and the volume at base conditions. Numbers are decimals as text; what is left out is
 * the usual case of a household meter in Germany (DVGW G 685: 0 degC, 1013.25 mbar, gas at 15 degC, 22 mbar overpressure).
 */
export interface GasConditions {
  readonly baseTemperatureC?: DecimalText;
  readonly basePressureMbar?: DecimalText;
  /** Of the gas in the meter. */
  readonly gasTemperatureC?: DecimalText;
  /** Absolute, of the air around the regulator; absent: from the altitude. */
  readonly airPressureMbar?: DecimalText;
  readonly altitudeM?: DecimalText;
  /** Of the gas over the air. */
  readonly overpressureMbar?: DecimalText;
  /** Compressibility K of the gas against base conditions; 1 up to 1 bar of overpressure. */
  readonly compressibility?: DecimalText;
  /** A factor laid down by rule instead of all of this, e.g. 1.02264 in Great Britain (SI 1996/439). */
  readonly fixedFactor?: DecimalText;
  /** Places that the volume factor is rounded to, half up. Default 4. */
  readonly factorPlaces?: number;
  /** Local hour at which the day of a calorific value begins: 6 in Europe. */
  readonly gasDayStartHour?: number;
}

const KELVIN = "273.15";
const FACTOR_PLACES = 4;
export const GAS_DAY_START_HOUR = 6;

/**
 * The volume factor z = Tn/T * p/pn * 1/K (DVGW G 685), p being air pressure and overpressure; air pressure of an altitude H is
 * 1016 - 0.12 H mbar (G 685). What the meter converts by itself is left out of it. Rounded half up, to four places by default.
 * @throws UsageError `gas-conditions` where a number makes no sense.
 */
export function volumeFactor(conditions: GasConditions, converts: MeterConverts = "nothing"): DecimalText {
  if (converts === "all") return "1";
  const rounding = { places: conditions.factorPlaces ?? FACTOR_PLACES, mode: "halfUp" } as const;
  if (conditions.fixedFactor !== undefined) return positive(conditions.fixedFactor, "fixedFactor").toFixed();
  const base = new Money(conditions.baseTemperatureC ?? "0").plus(KELVIN);
  const gas = new Money(conditions.gasTemperatureC ?? "15").plus(KELVIN);
  const air = new Money(conditions.airPressureMbar ?? new Money(1016).minus(new Money(conditions.altitudeM ?? "0").times("0.12")));
  const pressure = positive(air.plus(conditions.overpressureMbar ?? "22"), "pressure");
  const basePressure = positive(conditions.basePressureMbar ?? "1013.25", "basePressureMbar");
  const temperature = converts === "temperature" ? new Money(1) : positive(base, "baseTemperatureC").div(positive(gas, "gasTemperatureC"));
  const factor = temperature
    .times(pressure)
    .div(basePressure)
    .div(positive(conditions.compressibility ?? "1", "compressibility"));
  return roundBy(factor, rounding).toFixed();
}

/** A calorific value in MJ/m3 as kWh/m3, exact to 40 digits. */
export function kwhFromMegajoules(megajoulesPerM3: DecimalText): DecimalText {
  return new Money(megajoulesPerM3).div("3.6").toFixed();
}

/** The calorific value of one gas day. */
export interface CalorificValue {
  /** Civil day on which the gas day begins. */
  readonly day: number;
  /** Superior calorific value, kWh for a cubic metre at base conditions. */
  readonly kwhPerM3: DecimalText;
}

/** A site's conditions from a civil day on. */
export interface GasSite {
  readonly fromDay: number;
  readonly zoneId: string;
  readonly conditions: GasConditions;
}

/**
 * The factors that turn the volume of `[fromMs, toMs)` into energy, gas day by gas day. A day without calorific value or site
 * has none: rating says so.
 */
export function energyFactors(
  sites: readonly GasSite[],
  qualityOf: (zoneId: string, day: number) => CalorificValue | undefined,
  span: { fromMs: number; toMs: number; zone: Zone; converts: MeterConverts },
): readonly EnergyFactor[] {
  const factors: EnergyFactor[] = [];
  const byDay = sites.toSorted((left, right) => left.fromDay - right.fromDay);
  for (let day = localDayOf(span.zone, span.fromMs) - 1; ; day += 1) {
    const site = byDay.findLast(({ fromDay }) => fromDay <= day) ?? byDay[0];
    const hourMs = (site?.conditions.gasDayStartHour ?? GAS_DAY_START_HOUR) * 3_600_000;
    const startMs = civilInstant(span.zone, day, hourMs);
    const endMs = civilInstant(span.zone, day + 1, hourMs);
    if (startMs >= span.toMs) return factors;
    const value = site === undefined ? undefined : qualityOf(site.zoneId, day);
    if (site === undefined || value === undefined || endMs <= span.fromMs) continue;
    factors.push({
      fromMs: Math.max(startMs, span.fromMs),
      toMs: Math.min(endMs, span.toMs),
      volumeFactor: volumeFactor(site.conditions, span.converts),
      kwhPerM3: value.kwhPerM3,
    });
  }
}

/** The instant at which clocks show `sinceMidnightMs` on a civil day. */
function civilInstant(zone: Zone, day: number, sinceMidnightMs: number): number {
  const wallMs = day * DAY_MS + sinceMidnightMs;
  return wallMs - zone.offsetMsAt(wallMs - zone.offsetMsAt(wallMs));
}

function positive(value: DecimalText | Money, name: string): Money {
  const number = new Money(value);
  if (!number.isFinite() || number.lte(0))
    throw new UsageError(`${name} of a gas meter must be above zero, found ${number.toFixed()}`, { code: "gas-conditions" });
  return number;
}
