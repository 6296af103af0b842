import type { DayGain } from "../../household/cumulative-history.ts";
import { SLOTS_PER_DAY, type Site } from "../../household/site.ts";
import type { HouseholdTraits } from "../../household/traits.ts";
import { waterUse } from "./water-use.ts";

/** A day of a water meter: litres forwards. Backwards nothing runs of itself. */
export function waterDay(site: Site, traits: HouseholdTraits, localDay: number): DayGain {
  const { coldLitres, hotLitres } = waterUse(site, traits, localDay);
  const gain: DayGain = new Uint32Array((SLOTS_PER_DAY + 1) * 2);
  let litres = 0;
  for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
    litres += (coldLitres[slot] ?? 0) + (hotLitres[slot] ?? 0);
    gain[(slot + 1) * 2] = litres;
  }
  return gain;
}

/** Temperature of the water in the meter (°C): the ground's, which follows the year. */
export function waterTemperature(site: Site, localDay: number): number {
  const { meanTemperature, seasonAmplitude } = site.options.climate;
  const today = site.weatherOf(localDay).meanTemperature;
  return meanTemperature + 0.55 * Math.max(-1.3 * seasonAmplitude, Math.min(1.3 * seasonAmplitude, today - meanTemperature));
}
