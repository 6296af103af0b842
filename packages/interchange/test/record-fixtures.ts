import { packQuality, QUALITY, QUALITY_CATEGORIES, QUALITY_METHODS, QUALITY_SOURCES, type QualityMethod } from "@amity/model";
import * as fc from "fast-check";
import type { InterchangeRecord } from "../src/index.ts";

/** Every quality that there is: source, category, method and mark of the last word. */
export const anyQuality = fc
  .tuple(
    fc.constantFrom(...QUALITY_SOURCES),
    fc.constantFrom(...QUALITY_CATEGORIES),
    fc.constantFrom(...(Object.keys(QUALITY_METHODS) as QualityMethod[])),
    fc.boolean(),
  )
  .map(([source, category, method, final]) => packQuality({ source, category, method, final }));

type Intervals = Extract<InterchangeRecord, { kind: "intervals" }>;

/** Quarter-hours of one meter, of the given values and qualities; a missing value is 0 under the one quality of missing. */
export function seriesRecord(slots: readonly (readonly [number, number])[], part: Partial<Intervals["series"]> = {}): Intervals {
  const isMissing = (quality: number): boolean => ((quality >> 8) & 0xf) === 13;
  const series = {
    meterId: "M1",
    channel: "1-0:1.8.0",
    unit: "Wh",
    scaler: -3,
    intervalSeconds: 900,
    startMs: Date.UTC(2024, 0, 1),
    values: Float64Array.from(slots, ([value, quality]) => (isMissing(quality) ? 0 : value)),
    qualities: Uint16Array.from(slots, ([, quality]) => (isMissing(quality) ? QUALITY.missing : quality)),
    ...part,
  } as const;
  return { kind: "intervals", usagePointId: series.meterId, series };
}

/** One reading of a register of the meter `M1`. */
export function registerRecord(value: bigint, quality: number, channel = "1-0:1.8.0"): InterchangeRecord {
  const unit = channel === "1-0:3.8.0" || channel === "1-0:4.8.0" ? "varh" : "Wh";
  const reading = { meterId: "M1", channel, unit, scaler: -3, atMs: Date.UTC(2024, 0, 1), value, quality } as const;
  return { kind: "register", usagePointId: "M1", reading };
}
