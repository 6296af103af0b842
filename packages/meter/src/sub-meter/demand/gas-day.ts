import type { DayGain } from "../../household/cumulative-history.ts";
import { smoothNoise, uniform } from "../../household/hash.ts";
import { wrapSlot } from "../../household/presence.ts";
import { SLOTS_PER_DAY, type Site } from "../../household/site.ts";
import type { HouseholdTraits } from "../../household/traits.ts";
import { warmthDemand } from "./warmth.ts";
import { waterUse } from "./water-use.ts";

/** Superior calorific value of the gas at base conditions (15 °C, 101.325 kPa), in watt-hours a litre: 38.3 MJ/m³. */
export const WATT_HOURS_PER_LITRE = 38.3 / 3.6;
export const BASE_CONDITIONS = { kelvin: 288.15, millibar: 1013.25 } as const;
/** What the regulator keeps above the air's pressure. */
const GAUGE_MILLIBAR = 21;
const BOILER_EFFICIENCY = 0.9;

/** Temperature of the gas in a meter and its absolute pressure: between cellar and street, with the weather. */
export function gasConditions(site: Site, localDay: number, slot: number): { readonly celsius: number; readonly millibar: number } {
  const { temperature, meanTemperature } = site.weatherOf(localDay);
  const outside = 0.3 * (temperature[slot] ?? meanTemperature) + 0.7 * meanTemperature;
  const air = BASE_CONDITIONS.millibar + 14 * smoothNoise(site.options.seed, 7, localDay * SLOTS_PER_DAY + slot, 288);
  return { celsius: 0.5 * outside + 0.5 * 16, millibar: air + GAUGE_MILLIBAR };
}

/** Litres at metering conditions over litres at base conditions (ideal gas). */
export function meteringRatio({ celsius, millibar }: { readonly celsius: number; readonly millibar: number }): number {
  return ((celsius + 273.15) / BASE_CONDITIONS.kelvin) * (BASE_CONDITIONS.millibar / millibar);
}

/** A day of a gas meter: litres as they passed it, litres at base conditions. Four of five homes with gas heat with it, all warm water. */
export function gasDay(site: Site, traits: HouseholdTraits, localDay: number): DayGain {
  const { seed } = traits;
  const use = waterUse(site, traits, localDay);
  const warmth = warmthDemand(site, traits, localDay, use);
  const heats = uniform(seed, 370, 0) < 0.8;
  const gain: DayGain = new Uint32Array((SLOTS_PER_DAY + 1) * 2);
  const cooking = cookingSlots(traits, localDay, use.isAway);
  let metered = 0;
  let base = 0;
  for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
    const thermal = heats ? (warmth[slot] ?? 0) : (use.hotLitres[slot] ?? 0) * HOT_WATER_W_PER_LITRE;
    const litres = ((thermal / BOILER_EFFICIENCY + cooking(slot)) * 0.25) / WATT_HOURS_PER_LITRE;
    base += litres;
    metered += litres * meteringRatio(gasConditions(site, localDay, slot));
    gain[(slot + 1) * 2] = metered;
    gain[(slot + 1) * 2 + 1] = base;
  }
  return gain;
}

/** Power of the hob (W) by quarter-hour, in homes that do not cook by electricity. */
function cookingSlots(
  { seed, cookerW, dinnerSlot, occupants }: HouseholdTraits,
  localDay: number,
  isAway: boolean,
): (slot: number) => number {
  if (cookerW > 0 || isAway || uniform(seed, 371, localDay) > 0.45 + 0.12 * occupants) return () => 0;
  const start = Math.floor(dinnerSlot + 3 * (uniform(seed, 372, localDay) - 0.5));
  const slots = 2 + Math.floor(3 * uniform(seed, 373, localDay));
  const power = 1_400 + 1_600 * uniform(seed, 374, localDay);
  return (slot) => (wrapSlot(slot - start) < slots ? power : 0);
}

const HOT_WATER_W_PER_LITRE = 1.163 * 48 * 4;
