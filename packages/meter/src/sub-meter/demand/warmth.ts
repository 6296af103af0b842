import { normal, uniform } from "../../household/hash.ts";
import { SLOTS_PER_DAY, type Site } from "../../household/site.ts";
import type { HouseholdTraits } from "../../household/traits.ts";
import type { WaterUse } from "./water-use.ts";

const warmthW = new Float64Array(SLOTS_PER_DAY);

/** Below this outside temperature a home wants heat (°C): sun and people make up for the rest. */
const HEATING_LIMIT = 15.5;
/** One litre warmed from the mains' 12 °C to 60 °C. */
const WATT_HOURS_PER_HOT_LITRE = 1.163 * 48;
const BOILER_W = 22_000;

/**
 * Mean thermal power (W) that the rooms and the hot water of a home want in each quarter-hour of a day: losses of the building by weather,
 * lowered at night and while nobody is in. Scratch space: the next call overwrites it.
 */
export function warmthDemand(site: Site, traits: HouseholdTraits, localDay: number, use: WaterUse): Float64Array {
  const { seed, occupants } = traits;
  const weather = site.weatherOf(localDay);
  const lossWPerK = 180 * Math.exp(0.33 * normal(seed, 360, 0)) * (0.78 + 0.1 * occupants);
  const thrift = 0.8 + 0.4 * uniform(seed, 361, localDay);
  for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
    // Walls remember: the rooms feel a third of the hour and two thirds of the day.
    const felt = 0.35 * (weather.temperature[slot] ?? 0) + 0.65 * weather.meanTemperature;
    const here = use.presence[slot] ?? 0;
    const comfort = use.isAway ? 0.3 : here > 0.5 ? 1.18 : here > 0.2 ? 0.72 : 0.85;
    const cycling = 0.75 + 0.5 * uniform(seed ^ CYCLES, localDay, slot);
    const rooms = felt < HEATING_LIMIT ? (HEATING_LIMIT - felt) * lossWPerK * comfort * thrift * cycling : 0;
    const water = (use.hotLitres[slot] ?? 0) * WATT_HOURS_PER_HOT_LITRE * 4;
    warmthW[slot] = Math.min(BOILER_W, rooms) + water;
  }
  return warmthW;
}

const CYCLES = 0x6e2d;
