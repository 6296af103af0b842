import { z } from "zod";
import { Intervals } from "./intervals.ts";
import { pageOf, PageQuery } from "./page.ts";
import { Instant } from "./time.ts";

/** A finding of validation that waits for a person. */
export const VeeException = z
  .object({
    id: z.string(),
    meterId: z.string(),
    channel: z.string(),
    /** Rule and the version of the rule set it came from. */
    rule: z.string(),
    ruleVersion: z.string(),
    title: z.string(),
    /** Why, in plain words with the numbers that were compared. */
    reason: z.string(),
    severity: z.enum(["notice", "warning", "alarm"]),
    from: Instant,
    to: Instant,
    raisedAt: Instant,
    state: z.enum(["open", "accepted", "estimated", "dismissed"]),
    /** The numbers that were compared, for the evidence table. */
    evidence: z.array(z.object({ name: z.string(), value: z.string() })).max(40),
    /** True while a bill waits for it. */
    holdsBill: z.boolean(),
  })
  .meta({ id: "VeeException" });
export type VeeException = z.infer<typeof VeeException>;

export const ExceptionsQuery = PageQuery.extend({
  state: z.enum(["open", "accepted", "estimated", "dismissed", "all"]).default("open"),
  rule: z.string().max(80).optional(),
  meterId: z.string().max(80).optional(),
});
export type ExceptionsQuery = z.infer<typeof ExceptionsQuery>;

export const ExceptionsPage = pageOf(VeeException, "ExceptionsPage");
export type ExceptionsPage = z.infer<typeof ExceptionsPage>;

/** An exception with the curve around it and what an estimate would put there. */
export const ExceptionDetail = z
  .object({
    exception: VeeException,
    around: Intervals,
    proposal: z.object({ method: z.string(), fromIndex: z.int(), v: z.array(z.number().nullable()) }).optional(),
  })
  .meta({ id: "ExceptionDetail" });
export type ExceptionDetail = z.infer<typeof ExceptionDetail>;

/** A person's decision: keep the values, put the estimate in their place (a new version), or set the finding aside. */
export const ExceptionResolution = z
  .object({ action: z.enum(["accept", "estimate", "dismiss", "reopen"]), reason: z.string().max(400).optional() })
  .meta({ id: "ExceptionResolution" });
export type ExceptionResolution = z.infer<typeof ExceptionResolution>;
