import { zoneOf } from "@amity/intervals";
import type { TemperatureOf } from "@amity/mdm";
import { siteOf, type FleetPlan } from "@amity/meter";
import { QUALITY } from "@amity/model";

const HOUR_MS = 3_600_000;
const SLOTS_PER_HOUR = 4;

/** The weather service of the demo utility: hourly outdoor temperatures of the place where its homes are, in tenths of a degree. */
export function weatherStation(plan: FleetPlan): TemperatureOf {
  const site = siteOf(plan, zoneOf(plan.zone));
  return (fromMs, toMs) => {
    const startMs = Math.floor(fromMs / HOUR_MS) * HOUR_MS;
    const count = Math.max(0, Math.ceil((toMs - startMs) / HOUR_MS));
    const values = Float64Array.from({ length: count }, (_, index) => {
      const atMs = startMs + index * HOUR_MS;
      const day = site.dayOf(atMs);
      const slot = Math.floor((atMs - site.startOf(day)) / (HOUR_MS / SLOTS_PER_HOUR));
      return Math.round((site.weatherOf(day).temperature[slot] ?? 0) * 10);
    });
    return { startMs, intervalSeconds: HOUR_MS / 1000, values, qualities: new Uint16Array(count).fill(QUALITY.validated) };
  };
}
