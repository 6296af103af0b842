import type { Job, JobsQuery, Page } from "@amity/api";
import { UsageError } from "@amity/bytes";
import type { Principal, WriteOutcome } from "../../http/ports.ts";
import { instantText } from "../api/cursor.ts";
import { pageOfList, type AnalysisParts, type JobResult } from "./analysis-parts.ts";
import type { BoardJob, JobOrder } from "./job-board.ts";

export function jobsOf({ jobs }: AnalysisParts, query: JobsQuery): Page<Job> {
  const wanted = jobs.list().filter(({ kind }) => query.kind === undefined || kind === query.kind);
  return pageOfList(wanted.map(jobShape), query);
}

export function jobOf({ jobs }: AnalysisParts, id: string): Job | undefined {
  const job = jobs.find(id);
  return job === undefined ? undefined : jobShape(job);
}

export function cancelJob({ jobs }: AnalysisParts, id: string): WriteOutcome<Job> {
  const job = jobs.find(id);
  if (job === undefined) return { kind: "not-found" };
  if (!jobs.cancel(id)) return { kind: "conflict", detail: `The job is ${job.state} already.` };
  return { kind: "done", value: jobShape(job) };
}

/** Starts a job; a board that is full is a conflict. */
export function startJob({ jobs }: AnalysisParts, order: Omit<JobOrder<JobResult>, "by">, by: Principal): WriteOutcome<Job> {
  try {
    return { kind: "done", value: jobShape(jobs.start({ ...order, by: by.user })) };
  } catch (error) {
    if (error instanceof UsageError && error.code === "jobs-full") return { kind: "conflict", detail: `${error.message}.` };
    throw error;
  }
}

function jobShape(job: BoardJob<JobResult>): Job {
  const { id, title, state, done, total, by } = job;
  return {
    id,
    kind: job.kind as Job["kind"],
    title,
    state,
    done,
    total,
    by,
    startedAt: instantText(job.startedMs),
    ...(job.endedMs === undefined ? {} : { endedAt: instantText(job.endedMs) }),
    ...(job.error === undefined ? {} : { error: job.error }),
  };
}
