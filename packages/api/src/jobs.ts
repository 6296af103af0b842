import { z } from "zod";
import { pageOf, PageQuery } from "./page.ts";
import { Instant } from "./time.ts";

export const JobKind = z.enum(["dryRun", "rehearsal", "backTest"]);
export type JobKind = z.infer<typeof JobKind>;

export const JobState = z.enum(["waiting", "running", "done", "failed", "cancelled"]);
export type JobState = z.infer<typeof JobState>;

/**
 * A long computation over stored history. It runs in this process, one at a time; the last few results are kept until the
 * process ends. A job that is `done` has its result at the resource of its kind.
 */
export const Job = z
  .object({
    id: z.string(),
    kind: JobKind,
    /** What is tried, in words. */
    title: z.string(),
    state: JobState,
    /** Channels or usage points done, of how many; 0 of 0 before it is counted. */
    done: z.int().min(0),
    total: z.int().min(0),
    by: z.string(),
    startedAt: Instant,
    endedAt: Instant.optional(),
    /** Why it failed. */
    error: z.string().optional(),
  })
  .meta({ id: "Job" });
export type Job = z.infer<typeof Job>;

export const JobsQuery = PageQuery.extend({ kind: JobKind.optional() });
export type JobsQuery = z.infer<typeof JobsQuery>;
export const JobsPage = pageOf(Job, "JobsPage");
export type JobsPage = z.infer<typeof JobsPage>;

/** Nothing more is needed to stop a job. */
export const JobCancellation = z.object({}).meta({ id: "JobCancellation" });
export type JobCancellation = z.infer<typeof JobCancellation>;
