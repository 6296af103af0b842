import { z } from "zod";
import { Instant, Unit } from "./time.ts";

/** A year of quarter hours in one call. */
export const INTERVALS_MAX = 40_000;

export const Granularity = z.enum(["raw", "PT1H", "P1D", "P1M"]);
export type Granularity = z.infer<typeof Granularity>;

/** `[from, to)`; `as_of` asks what was known then. */
export const IntervalsQuery = z.object({
  channel: z.string().max(40).default("1-0:1.8.0"),
  from: Instant,
  to: Instant,
  granularity: Granularity.default("raw"),
  as_of: Instant.optional(),
});
export type IntervalsQuery = z.infer<typeof IntervalsQuery>;

/** Quality of a value as the page draws it, worst last: an aggregate takes the worst of its parts. */
export const INTERVAL_QUALITIES = ["valid", "raw", "questionable", "edited", "estimated", "powerFailure", "missing"] as const;
export const IntervalQuality = z.enum(INTERVAL_QUALITIES);
export type IntervalQuality = z.infer<typeof IntervalQuality>;

/**
 * Intervals in columns. `v[i]` is an integer that times 10^scaler is in `unit`, null where missing (never a bare 0);
 * `q[i]` is an index into `INTERVAL_QUALITIES`. Fixed granularities start at `start + i * stepSeconds`; calendar ones
 * (days and months of 23 to 25 hours) give `starts` instead.
 */
export const Intervals = z
  .object({
    meterId: z.string(),
    channel: z.string(),
    unit: Unit,
    scaler: z.int(),
    granularity: Granularity,
    start: Instant,
    stepSeconds: z.int().min(0).describe("0 where `starts` is given"),
    starts: z.array(Instant).max(INTERVALS_MAX).optional(),
    v: z.array(z.number().nullable()).max(INTERVALS_MAX),
    q: z.array(z.int().min(0).max(15)).max(INTERVALS_MAX),
    /** Methods of estimates and edits by position, in words: only where there are any. */
    notes: z.array(z.object({ from: z.int(), to: z.int().describe("exclusive"), text: z.string() })).max(2000),
    /** Highest version of a block in the answer; 1 means never changed. */
    version: z.int(),
    asOf: Instant,
  })
  .meta({ id: "Intervals" });
export type Intervals = z.infer<typeof Intervals>;
