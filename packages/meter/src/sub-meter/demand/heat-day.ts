import type { DayGain } from "../../household/cumulative-history.ts";
import { uniform } from "../../household/hash.ts";
import { SLOTS_PER_DAY, type Site } from "../../household/site.ts";
import type { HouseholdTraits } from "../../household/traits.ts";
import { warmthDemand } from "./warmth.ts";
import { waterUse } from "./water-use.ts";

/** Heat that a litre of water carries over one kelvin, metered in the return (EN 1434-1 heat coefficient at about 45 °C). */
export const WATT_HOURS_PER_LITRE_KELVIN = 1.15;

/** What the network supplies and the house gives back (°C). */
export interface HeatTemperatures {
  readonly supply: number;
  readonly return: number;
}

/** The network's heating curve, and a return that rises with the load. */
export function heatTemperatures(site: Site, seed: number, localDay: number, slot: number, powerW: number): HeatTemperatures {
  const outside = site.weatherOf(localDay).temperature[slot] ?? 10;
  const supply = Math.min(105, Math.max(68, 70 + 1.5 * (5 - outside)));
  const back = 33 + 9 * uniform(seed, 380, 0) + Math.min(12, powerW / 900) + 2 * uniform(seed ^ 0x2f0d, localDay, slot);
  return { supply, return: back };
}

/** A day of a heat meter: watt-hours, and the litres that carried them. */
export function heatDay(site: Site, traits: HouseholdTraits, localDay: number): DayGain {
  const use = waterUse(site, traits, localDay);
  const warmth = warmthDemand(site, traits, localDay, use);
  const gain: DayGain = new Uint32Array((SLOTS_PER_DAY + 1) * 2);
  let wattHours = 0;
  let litres = 0;
  for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
    const power = warmth[slot] ?? 0;
    const { supply, return: back } = heatTemperatures(site, traits.seed, localDay, slot, power);
    wattHours += power / 4;
    litres += power / 4 / (WATT_HOURS_PER_LITRE_KELVIN * (supply - back));
    gain[(slot + 1) * 2] = wattHours;
    gain[(slot + 1) * 2 + 1] = litres;
  }
  return gain;
}
