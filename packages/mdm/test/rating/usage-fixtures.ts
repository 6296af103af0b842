import { parseDay, startOfLocalDayMs, zoneOf } from "@amity/intervals";
import { QUALITY } from "@amity/model";
import type { RatingInput } from "../../src/rating/index.ts";
import type { Charge, Tariff, TariffVersion } from "../../src/tariff/index.ts";
import type { UsagePart } from "../../src/usage/index.ts";

export const CENT = { places: 2, mode: "halfUp" } as const;

export function dayOf(date: string): number {
  const day = parseDay(date);
  if (day === undefined) throw new Error(`${date} is no date`);
  return day;
}

export function tariffOf(charges: readonly Charge[], part: Partial<TariffVersion> = {}, zone = "UTC"): Tariff {
  return { id: "t", name: "Test", currency: "EUR", zone, versions: [{ version: 1, effectiveFrom: "2000-01-01", charges, ...part }] };
}

/** A channel over `[from, to)`; `valueAt` gives counts of 10^scaler Wh for the interval that begins at an instant. */
export function partOf(
  from: string,
  to: string,
  valueAt: (atMs: number, index: number) => number,
  options: { zone?: string; intervalSeconds?: number; scaler?: number; channelId?: string } = {},
): UsagePart {
  const zone = zoneOf(options.zone ?? "UTC");
  const intervalSeconds = options.intervalSeconds ?? 3600;
  const startMs = startOfLocalDayMs(zone, dayOf(from));
  const count = (startOfLocalDayMs(zone, dayOf(to)) - startMs) / (intervalSeconds * 1000);
  return {
    channelId: options.channelId ?? "import",
    series: {
      startMs,
      intervalSeconds,
      values: Float64Array.from({ length: count }, (_, index) => valueAt(startMs + index * intervalSeconds * 1000, index)),
      qualities: new Uint16Array(count).fill(QUALITY.validated),
    },
    scaler: options.scaler ?? 0,
    multiplier: 1,
    blocks: [],
  };
}

/** A bill's input over `[from, to)` with the given flows. */
export function inputOf(
  from: string,
  to: string,
  flows: RatingInput["usage"]["flows"],
  part: Partial<RatingInput> = {},
  zone = "UTC",
): RatingInput {
  const at = (date: string) => startOfLocalDayMs(zoneOf(zone), dayOf(date));
  return { usagePointId: "u1", fromDay: dayOf(from), toDay: dayOf(to), usage: { fromMs: at(from), toMs: at(to), flows }, ...part };
}

/** June with this much energy, spread over its first hours as whole watt-hours. */
export function juneWith(kwh: number, part: Partial<RatingInput> = {}): RatingInput {
  return inputOf(
    "2026-06-01",
    "2026-07-01",
    { import: [partOf("2026-06-01", "2026-07-01", (_, index) => (index === 10 ? Math.round(kwh * 1000) : 0))] },
    part,
  );
}
