import { z } from "zod";
import { IntervalQuality } from "./intervals.ts";
import { Instant, Unit } from "./time.ts";

export const ReasonQuery = z.object({
  channel: z.string().max(40).default("1-0:1.8.0"),
  at: Instant.describe("An instant within the interval"),
  as_of: Instant.optional(),
});
export type ReasonQuery = z.infer<typeof ReasonQuery>;

const NamedValue = z.object({ name: z.string(), value: z.string() });

/** What one version of the day said of the interval. `isChange` is false where it changed other intervals of the day only. */
export const IntervalVersion = z
  .object({
    version: z.int(),
    knownAt: Instant,
    by: z.string(),
    reason: z.string(),
    source: z.string(),
    rules: z.string(),
    value: z.number().nullable(),
    quality: IntervalQuality,
    qualityText: z.string(),
    isChange: z.boolean(),
  })
  .meta({ id: "IntervalVersion" });
export type IntervalVersion = z.infer<typeof IntervalVersion>;

/** A finding of validation over the interval, with what estimation made of it. */
export const IntervalFinding = z
  .object({
    id: z.string(),
    rule: z.string(),
    title: z.string(),
    rules: z.string(),
    severity: z.enum(["notice", "warning", "alarm"]),
    reason: z.string(),
    state: z.string(),
    numbers: z.array(NamedValue).max(40),
    parameters: z.array(NamedValue).max(40),
    estimate: z
      .object({
        method: z.string(),
        reason: z.string(),
        numbers: z.array(NamedValue).max(40),
        /** One standard error, in the channel's counts. */
        standardError: z.number().optional(),
      })
      .optional(),
  })
  .meta({ id: "IntervalFinding" });
export type IntervalFinding = z.infer<typeof IntervalFinding>;

/** Why an interval has its value: in a sentence, by version, and by finding. Values are integers times 10^scaler in `unit`. */
export const IntervalReason = z
  .object({
    meterId: z.string(),
    channel: z.string(),
    unit: Unit,
    scaler: z.int(),
    from: Instant,
    to: Instant,
    value: z.number().nullable(),
    quality: IntervalQuality,
    qualityText: z.string(),
    summary: z.string(),
    asOf: Instant,
    versions: z.array(IntervalVersion).max(40_000),
    findings: z.array(IntervalFinding).max(50),
  })
  .meta({ id: "IntervalReason" });
export type IntervalReason = z.infer<typeof IntervalReason>;
