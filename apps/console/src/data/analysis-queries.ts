import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type {
  BackTestResult,
  BillComparison,
  BilledIntervalsPage,
  CandidateDetail,
  DryRunBillsPage,
  DryRunDifferencesPage,
  DryRunResult,
  EstimationPlanDetail,
  IntervalReason,
  Intervals,
  Job,
  JobKind,
  JobsPage,
  LossesPage,
  MeterCompletenessPage,
  Page,
  RehearsalPointsPage,
  RehearsalResult,
  RuleSetDetail,
  RuleSetsPage,
  TariffCandidatesPage,
  TariffDetail,
  TariffsPage,
  UsagePointDetail,
  VirtualChannelsPage,
} from "@amity/api";
import { read, type Params } from "./api-client.ts";

const v1 = "/api/v1";
const PAGE_ROWS = 50;

/** A list that grows page by page. */
function pagedQuery<Rows extends Page<unknown>>(key: readonly unknown[], path: string, params: Params = {}) {
  return infiniteQueryOptions({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => read<Rows>(path, { limit: PAGE_ROWS, ...params, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
  });
}

function oneQuery<Resource>(key: readonly unknown[], path: string, params: Params = {}) {
  return queryOptions({ queryKey: key, queryFn: ({ signal }) => read<Resource>(path, params, signal) });
}

const id = encodeURIComponent;

export const jobsQuery = (kind: JobKind) => oneQuery<JobsPage>(["jobs", kind], `${v1}/jobs`, { kind, limit: 20 });
/** Asked again every second until the job has ended. */
export const jobQuery = (jobId: string) =>
  queryOptions({
    queryKey: ["job", jobId],
    queryFn: ({ signal }) => read<Job>(`${v1}/jobs/${id(jobId)}`, undefined, signal),
    refetchInterval: ({ state }) => (state.data === undefined || state.data.endedAt === undefined ? 1_000 : false),
    retry: false,
  });

export const ruleSetsQuery = oneQuery<RuleSetsPage>(["rule-sets"], `${v1}/rule-sets`);
export const ruleSetQuery = (set: string, version: number) =>
  oneQuery<RuleSetDetail>(["rule-set", set, version], `${v1}/rule-sets/${id(set)}/versions/${version}`);
export const dryRunQuery = (jobId: string) => oneQuery<DryRunResult>(["dry-run", jobId], `${v1}/dry-runs/${id(jobId)}`);
export const dryRunDifferencesQuery = (jobId: string, rule: string | undefined) =>
  pagedQuery<DryRunDifferencesPage>(["dry-run-differences", jobId, rule], `${v1}/dry-runs/${id(jobId)}/differences`, { rule });
export const dryRunBillsQuery = (jobId: string) =>
  pagedQuery<DryRunBillsPage>(["dry-run-bills", jobId], `${v1}/dry-runs/${id(jobId)}/bills`);

export const tariffsQuery = oneQuery<TariffsPage>(["tariffs"], `${v1}/tariffs`, { limit: 500 });
export const tariffQuery = (tariff: string) => oneQuery<TariffDetail>(["tariff", tariff], `${v1}/tariffs/${id(tariff)}`);
export const candidatesQuery = oneQuery<TariffCandidatesPage>(["candidates"], `${v1}/tariff-candidates`, { limit: 500 });
export const candidateQuery = (candidate: string) =>
  oneQuery<CandidateDetail>(["candidate", candidate], `${v1}/tariff-candidates/${id(candidate)}`);
export const rehearsalQuery = (jobId: string) => oneQuery<RehearsalResult>(["rehearsal", jobId], `${v1}/rehearsals/${id(jobId)}`);
export const rehearsalPointsQuery = (jobId: string, order: "more" | "less") =>
  pagedQuery<RehearsalPointsPage>(["rehearsal-points", jobId, order], `${v1}/rehearsals/${id(jobId)}/points`, { order });
export const comparisonQuery = (jobId: string, usagePoint: string) =>
  oneQuery<BillComparison>(["comparison", jobId, usagePoint], `${v1}/rehearsals/${id(jobId)}/points/${id(usagePoint)}`);

export const planQuery = (plan: string) => oneQuery<EstimationPlanDetail>(["plan", plan], `${v1}/estimation-plans/${id(plan)}`);
export const backTestQuery = (jobId: string) => oneQuery<BackTestResult>(["back-test", jobId], `${v1}/back-tests/${id(jobId)}`);

export const lossesQuery = (span: { from: string; to: string }) =>
  oneQuery<LossesPage>(["losses", span], `${v1}/losses`, { ...span, limit: 500 });
export const virtualChannelsQuery = oneQuery<VirtualChannelsPage>(["virtual-channels"], `${v1}/virtual-channels`, { limit: 500 });
export const virtualIntervalsQuery = (channel: string, range: { from: string; to: string }) =>
  oneQuery<Intervals>(["virtual-intervals", channel, range], `${v1}/virtual-channels/${id(channel)}/intervals`, range);

export const usagePointQuery = (usagePoint: string) =>
  oneQuery<UsagePointDetail>(["usage-point", usagePoint], `${v1}/usage-points/${id(usagePoint)}`);
export const intervalReasonQuery = (meterId: string, ask: { channel: string; at: string; as_of?: string | undefined }) =>
  oneQuery<IntervalReason>(["interval-reason", meterId, ask], `${v1}/meters/${id(meterId)}/interval-reason`, ask);
export const billedIntervalsQuery = (billId: string, line: string) =>
  pagedQuery<BilledIntervalsPage>(["billed-intervals", billId, line], `${v1}/bills/${id(billId)}/lines/${id(line)}/intervals`);
export const meterCompletenessQuery = (ask: { day: string; concentrator: string | undefined }) =>
  pagedQuery<MeterCompletenessPage>(["meter-completeness", ask], `${v1}/completeness/meters`, ask);
