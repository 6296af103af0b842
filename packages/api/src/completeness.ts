import { z } from "zod";
import { pageOf, PageQuery } from "./page.ts";
import { CivilDay, Instant } from "./time.ts";

/** Query: how many days back from today. */
export const CompletenessQuery = z.object({ days: z.coerce.number().int().min(1).max(90).default(30) });
export type CompletenessQuery = z.infer<typeof CompletenessQuery>;

/**
 * Intervals expected and received by day and concentrator (the last row may be `direct`): `received[row][day]`.
 * A day without any expectation is null.
 */
export const Completeness = z
  .object({
    days: z.array(CivilDay).max(90),
    rows: z
      .array(
        z.object({
          concentrator: z.string(),
          feeder: z.string().optional(),
          meters: z.int(),
          expected: z.array(z.int().nullable()).max(90),
          received: z.array(z.int().nullable()).max(90),
          estimated: z.array(z.int().nullable()).max(90),
        }),
      )
      .max(5000),
  })
  .meta({ id: "Completeness" });
export type Completeness = z.infer<typeof Completeness>;

/** Query: one civil day of one concentrator (`direct` for meters on direct TCP), or of all. */
export const MeterCompletenessQuery = PageQuery.extend({ day: CivilDay, concentrator: z.string().max(80).optional() });
export type MeterCompletenessQuery = z.infer<typeof MeterCompletenessQuery>;

/** What one meter has of a day. `received` holds estimates too; `missing` are the first runs without a value. */
export const MeterCompleteness = z
  .object({
    meterId: z.string(),
    usagePoint: z.string().optional(),
    concentrator: z.string(),
    expected: z.int(),
    received: z.int(),
    estimated: z.int(),
    missing: z.array(z.object({ from: Instant, to: Instant })).max(20),
  })
  .meta({ id: "MeterCompleteness" });
export type MeterCompleteness = z.infer<typeof MeterCompleteness>;

export const MeterCompletenessPage = pageOf(MeterCompleteness, "MeterCompletenessPage");
export type MeterCompletenessPage = z.infer<typeof MeterCompletenessPage>;
