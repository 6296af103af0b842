import { UsageError } from "@amity/bytes";
import { formatDay, parseDay } from "@amity/intervals";
import type { DryRunReport, EstimationPlan, Rehearsal, StoredBackTest, Tariff } from "@amity/mdm";
import type { Page } from "@amity/api";
import type { Clock, Random } from "@amity/runtime";
import { readCursor, writeCursor } from "../api/cursor.ts";
import type { Mdm } from "../mdm.ts";
import type { JobBoard } from "./job-board.ts";

/** What a job leaves behind. */
export type JobResult =
  | {
      readonly kind: "dryRun";
      readonly fromDay: number;
      readonly toDay: number;
      readonly current: string;
      readonly candidate: string;
      readonly report: DryRunReport;
      readonly channels: ReadonlyMap<string, { readonly meterId: string; readonly channel: string }>;
    }
  | {
      readonly kind: "rehearsal";
      readonly fromDay: number;
      readonly toDay: number;
      readonly tariff: Tariff;
      readonly candidateId: string;
      readonly candidate: Tariff;
      readonly report: Rehearsal;
    }
  | {
      readonly kind: "backTest";
      readonly fromDay: number;
      readonly toDay: number;
      readonly classes: readonly StoredBackTest[];
      readonly recommended: EstimationPlan;
    };

/** What the analyst's resources are built over. */
export interface AnalysisParts {
  readonly mdm: Mdm;
  readonly clock: Pick<Clock, "nowMs">;
  readonly random: Random;
  readonly jobs: JobBoard<JobResult>;
}

/** The result of a job that is done; `undefined` for another kind, and before. */
export function resultOf<K extends JobResult["kind"]>(
  { jobs }: AnalysisParts,
  jobId: string,
  kind: K,
): Extract<JobResult, { kind: K }> | undefined {
  const result = jobs.find(jobId)?.result;
  return result?.kind === kind ? (result as Extract<JobResult, { kind: K }>) : undefined;
}

/** One page of a list that is in memory whole. */
export function pageOfList<Item>(items: readonly Item[], query: { cursor?: string | undefined; limit: number }): Page<Item> {
  const from = query.cursor === undefined ? 0 : Number(readCursor(query.cursor, 1)[0]);
  const to = from + query.limit;
  return { items: items.slice(from, to), total: items.length, ...(to < items.length ? { next: writeCursor([to]) } : {}) };
}

/** Civil days `[from, to)`. @throws UsageError `bad-range` for a span that is empty or longer than `daysMax`. */
export function daysOf(ask: { from: string; to: string }, daysMax: number): { fromDay: number; toDay: number } {
  const [fromDay, toDay] = [parseDay(ask.from), parseDay(ask.to)];
  if (fromDay === undefined || toDay === undefined || toDay <= fromDay)
    throw new UsageError(`from ${ask.from} to ${ask.to} is no span of days`, { code: "bad-range", advice: "`to` is exclusive and later" });
  if (toDay - fromDay > daysMax)
    throw new UsageError(`${toDay - fromDay} days exceed ${daysMax}`, { code: "bad-range", advice: "ask for a shorter span" });
  return { fromDay, toDay };
}

export function dayTexts({ fromDay, toDay }: { fromDay: number; toDay: number }): { from: string; to: string } {
  return { from: formatDay(fromDay), to: formatDay(toDay) };
}
