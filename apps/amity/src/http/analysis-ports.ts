import type {
  BackTestRequest,
  BackTestResult,
  BillComparison,
  BilledInterval,
  CandidateDetail,
  CandidateDraft,
  DryRunBill,
  DryRunDifference,
  DryRunRequest,
  DryRunResult,
  DryRunRowsQuery,
  EstimationPlanDetail,
  IntervalReason,
  Intervals,
  Job,
  JobsQuery,
  LossesQuery,
  MeterCompleteness,
  MeterCompletenessQuery,
  NodeLosses,
  Page,
  PageQuery,
  PlanAdoption,
  RehearsalPoint,
  RehearsalPointsQuery,
  RehearsalRequest,
  RehearsalResult,
  RuleActivation,
  RuleSetDetail,
  RuleSetDraft,
  RuleSetSummary,
  TariffCandidate,
  TariffDetail,
  TariffInfo,
  TariffPublication,
  UsagePointDetail,
  VirtualChannel,
  VirtualChannelDraft,
} from "@amity/api";
import type { Principal, WriteOutcome } from "./write-outcome.ts";

/** Long computations over stored history; reads of a job's result are `undefined` until it is done. */
export interface AnalysisJobs {
  jobs(query: JobsQuery): Promise<Page<Job>>;
  job(id: string): Promise<Job | undefined>;
  cancelJob(id: string): Promise<WriteOutcome<Job>>;
  startDryRun(ask: DryRunRequest, by: Principal): Promise<WriteOutcome<Job>>;
  dryRun(jobId: string): Promise<DryRunResult | undefined>;
  dryRunDifferences(jobId: string, query: DryRunRowsQuery): Promise<Page<DryRunDifference> | undefined>;
  dryRunBills(jobId: string, query: PageQuery): Promise<Page<DryRunBill> | undefined>;
  startRehearsal(ask: RehearsalRequest, by: Principal): Promise<WriteOutcome<Job>>;
  rehearsal(jobId: string): Promise<RehearsalResult | undefined>;
  rehearsalPoints(jobId: string, query: RehearsalPointsQuery): Promise<Page<RehearsalPoint> | undefined>;
  /** The two bills of one usage point of a rehearsal, rated again. */
  rehearsedBill(jobId: string, usagePointId: string): Promise<BillComparison | undefined>;
  startBackTest(ask: BackTestRequest, by: Principal): Promise<WriteOutcome<Job>>;
  backTest(jobId: string): Promise<BackTestResult | undefined>;
}

/** Rules, plans and tariffs as versioned data. */
export interface AnalysisDocuments {
  ruleSets(query: PageQuery): Promise<Page<RuleSetSummary>>;
  ruleSet(id: string, version: number): Promise<RuleSetDetail | undefined>;
  draftRuleSet(id: string, draft: RuleSetDraft, by: Principal): Promise<WriteOutcome<RuleSetDetail>>;
  activateRuleSet(id: string, version: number, activation: RuleActivation, by: Principal): Promise<WriteOutcome<RuleSetDetail>>;
  estimationPlan(id: string): Promise<EstimationPlanDetail | undefined>;
  adoptPlan(id: string, adoption: PlanAdoption, by: Principal): Promise<WriteOutcome<EstimationPlanDetail>>;
  tariffs(query: PageQuery): Promise<Page<TariffInfo>>;
  tariff(id: string): Promise<TariffDetail | undefined>;
  candidates(query: PageQuery): Promise<Page<TariffCandidate>>;
  candidate(id: string): Promise<CandidateDetail | undefined>;
  keepCandidate(draft: CandidateDraft, by: Principal): Promise<WriteOutcome<CandidateDetail>>;
  dropCandidate(id: string): Promise<WriteOutcome<TariffCandidate>>;
  publishCandidate(id: string, publication: TariffPublication, by: Principal): Promise<WriteOutcome<TariffDetail>>;
}

/** What stands behind the numbers. Reads are `undefined` for what is not there. */
export interface AnalysisInsight {
  intervalReason(ask: { meterId: string; channel: string; atMs: number; asOfMs?: number | undefined }): Promise<IntervalReason | undefined>;
  usagePoint(id: string): Promise<UsagePointDetail | undefined>;
  billedIntervals(ask: { billId: string; lineId: string }, query: PageQuery): Promise<Page<BilledInterval> | undefined>;
  meterCompleteness(query: MeterCompletenessQuery): Promise<Page<MeterCompleteness> | undefined>;
  losses(query: LossesQuery): Promise<Page<NodeLosses> | undefined>;
  virtualChannels(query: PageQuery): Promise<Page<VirtualChannel>>;
  keepVirtualChannel(draft: VirtualChannelDraft, by: Principal): Promise<WriteOutcome<VirtualChannel>>;
  virtualIntervals(ask: { id: string; fromMs: number; toMs: number; asOfMs?: number | undefined }): Promise<Intervals | undefined>;
}

/** What an analyst works with. */
export interface AnalysisApi extends AnalysisJobs, AnalysisDocuments, AnalysisInsight {}
