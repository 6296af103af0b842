import { startOfLocalDayMs, localDayOf, type Zone } from "@amity/intervals";

/** The instants, on the meter's clock, at which a profile captures. Indices count them; any instant finds its index in constant time. */
export interface CaptureGrid {
  /** The first index whose instant is not before `clockMs`. */
  indexFrom(clockMs: number): number;
  instantOf(index: number): number;
}

/** Every `periodSeconds`, aligned to UTC: zone shifts are whole periods, so the rows stay aligned to the wall clock too. */
export function periodicGrid(periodSeconds: number): CaptureGrid {
  const periodMs = periodSeconds * 1000;
  return { indexFrom: (clockMs) => Math.ceil(clockMs / periodMs), instantOf: (index) => index * periodMs };
}

/** Every local midnight. */
export function dailyGrid(zone: Zone): CaptureGrid {
  return {
    indexFrom(clockMs) {
      const day = localDayOf(zone, clockMs);
      return startOfLocalDayMs(zone, day) >= clockMs ? day : day + 1;
    },
    instantOf: (index) => startOfLocalDayMs(zone, index),
  };
}
