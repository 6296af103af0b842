import { z } from "zod";
import { CivilDay } from "./time.ts";

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
