import type { CommodityState } from "@amity/api";
import { DAY_MS } from "@amity/intervals";
import type { Commodity } from "@amity/model";
import type { UtilityParts } from "./utility-parts.ts";

/** What of one hour is due, and what of it is held. */
export interface HourCount {
  readonly expected: number;
  readonly received: number;
  readonly estimated: number;
  /** Wh, or m3 of gas and water. */
  readonly quantity: number;
}

const COMMODITIES = ["electricity", "gas", "water", "heat"] as const;
const HOUR_MS = 3_600_000;
/** Hours younger than this are not expected yet (civil ms): a sub-meter speaks when it likes, its host is asked each hour after that. */
const EXPECTED_AFTER_MS = 4.5 * HOUR_MS;

/** What there is of each commodity, and what of its last 24 hours is held; those without meters are left out. */
export async function commoditiesOf(
  parts: UtilityParts,
  { nowMs, electricity }: { nowMs: number; electricity: readonly HourCount[] },
): Promise<CommodityState[]> {
  const states: CommodityState[] = [];
  for (const commodity of COMMODITIES) {
    const counts = parts.watch.count(commodity);
    if (counts.meters === 0) continue;
    const hours = commodity === "electricity" ? electricity : await hoursOf(parts, { commodity, meters: counts.meters, nowMs });
    const sum = (pick: (hour: HourCount) => number): number => hours.reduce((total, hour) => total + pick(hour), 0);
    states.push({
      commodity,
      ...counts,
      expected: sum(({ expected }) => expected),
      received: sum(({ received }) => received),
      estimated: sum(({ estimated }) => estimated),
      quantity: sum(({ quantity }) => quantity),
      unit: commodity === "gas" || commodity === "water" ? "m3" : "Wh",
    });
  }
  return states;
}

/** The last 24 hours of a commodity that are due, oldest first. */
async function hoursOf(
  parts: UtilityParts,
  { commodity, meters, nowMs }: { commodity: Commodity; meters: number; nowMs: number },
): Promise<HourCount[]> {
  const endMs = Math.floor((nowMs - EXPECTED_AFTER_MS) / HOUR_MS) * HOUR_MS;
  const hours: HourCount[] = [];
  for (let hour = 24; hour >= 1; hour--) {
    const atMs = endMs - hour * HOUR_MS;
    const dayStartMs = Math.floor(atMs / DAY_MS) * DAY_MS;
    const totals = (await parts.days.day(dayStartMs)).hourly.get(commodity);
    const slot = (atMs - dayStartMs) / HOUR_MS;
    hours.push({
      expected: meters,
      received: totals?.received[slot] ?? 0,
      estimated: totals?.estimated[slot] ?? 0,
      quantity: totals?.quantity[slot] ?? 0,
    });
  }
  return hours;
}
