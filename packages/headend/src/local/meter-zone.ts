import { UsageError } from "@amity/bytes";
import { resolveLocal, zoneOf, type Zone } from "@amity/intervals";
import type { Device } from "../registry.ts";

/** The zone of a meter's own clock: setting `zone`, an IANA name. Default UTC. @throws UsageError `bad-settings`. */
export function meterZoneOf(device: Device): Zone {
  const name = device.settings["zone"] ?? "UTC";
  try {
    if (typeof name === "string") return zoneOf(name);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
  throw new UsageError(`${device.meterId}: setting zone is an IANA name such as Europe/Berlin`, { code: "bad-settings" });
}

/**
 * The instant of a local time (its digits as if they were UTC). A season that the meter sent tells the two hours of autumn apart,
 * and holds for stamps that a meter keeps in one season all year.
 */
export function instantOfLocal(zone: Zone, localMs: number, isSummer?: boolean): number {
  const { winterMs, summerMs } = seasonsOf(zone, localMs);
  if (isSummer === undefined || winterMs === summerMs) return resolveLocal(zone, localMs).instantMs;
  return localMs - (isSummer ? summerMs : winterMs);
}

/** The date on a meter's calendar at an instant. */
export function civilDateAt(zone: Zone, atMs: number): { readonly year: number; readonly month: number; readonly day: number } {
  const local = new Date(atMs + zone.offsetMsAt(atMs));
  return { year: local.getUTCFullYear(), month: local.getUTCMonth() + 1, day: local.getUTCDate() };
}

/** Whether the zone has summer time at an instant. */
export function isSummerAt(zone: Zone, instantMs: number): boolean {
  return zone.offsetMsAt(instantMs) > seasonsOf(zone, instantMs).winterMs;
}

/** The two offsets of the year of an instant; the same where there is no summer time. */
function seasonsOf(zone: Zone, atMs: number): { readonly winterMs: number; readonly summerMs: number } {
  const year = new Date(atMs).getUTCFullYear();
  const offsets = [zone.offsetMsAt(Date.UTC(year, 0, 15)), zone.offsetMsAt(Date.UTC(year, 6, 15))];
  return { winterMs: Math.min(...offsets), summerMs: Math.max(...offsets) };
}
