import { toHex } from "@amity/bytes";
import type { Random } from "@amity/runtime";
import type { AnalysisApi } from "../../http/analysis-ports.ts";
import { billedIntervalsOf } from "../api/bill-lines.ts";
import { meterCompletenessOf } from "../api/completeness-meters-view.ts";
import { intervalReasonOf } from "../api/interval-reason-view.ts";
import { lossesOf } from "../api/losses-view.ts";
import { usagePointOf } from "../api/usage-point-view.ts";
import type { UtilityParts } from "../api/utility-parts.ts";
import { keepVirtualChannel, virtualChannelsOf, virtualIntervalsOf } from "../api/virtual-views.ts";
import type { AnalysisParts, JobResult } from "./analysis-parts.ts";
import { adoptPlan, backTestOf, estimationPlanOf, startBackTest } from "./back-test-views.ts";
import { dryRunBillsOf, dryRunDifferencesOf, dryRunOf, startDryRun } from "./dry-run-views.ts";
import { JobBoard } from "./job-board.ts";
import { cancelJob, jobOf, jobsOf } from "./job-views.ts";
import { rehearsalOf, rehearsalPointsOf, rehearsedBillOf, startRehearsal } from "./rehearsal-views.ts";
import { activateRuleSet, draftRuleSet, ruleSetOf, ruleSetsOf } from "./rule-set-views.ts";
import { candidateOf, candidatesOf, dropCandidate, keepCandidate, publishCandidate, tariffOf, tariffsOf } from "./tariff-views.ts";

/** The analyst's resources over one MDM. `stop` ends what still runs. */
export function analysisApi(utility: UtilityParts, random: Random): { api: AnalysisApi; stop(): Promise<void> } {
  const { mdm } = utility;
  const { clock } = utility.world;
  const jobs = new JobBoard<JobResult>({ clock, newId: () => `job-${toHex(random.bytes(6))}` });
  const parts: AnalysisParts = { mdm, clock, random, jobs };
  const api: AnalysisApi = {
    jobs: (query) => Promise.resolve(jobsOf(parts, query)),
    job: (id) => Promise.resolve(jobOf(parts, id)),
    cancelJob: (id) => Promise.resolve(cancelJob(parts, id)),
    startDryRun: (ask, by) => startDryRun(parts, ask, by),
    dryRun: (jobId) => Promise.resolve(dryRunOf(parts, jobId)),
    dryRunDifferences: (jobId, query) => Promise.resolve(dryRunDifferencesOf(parts, jobId, query)),
    dryRunBills: (jobId, query) => Promise.resolve(dryRunBillsOf(parts, jobId, query)),
    startRehearsal: (ask, by) => startRehearsal(parts, ask, by),
    rehearsal: (jobId) => Promise.resolve(rehearsalOf(parts, jobId)),
    rehearsalPoints: (jobId, query) => Promise.resolve(rehearsalPointsOf(parts, jobId, query)),
    rehearsedBill: (jobId, usagePointId) => rehearsedBillOf(parts, jobId, usagePointId),
    startBackTest: (ask, by) => startBackTest(parts, ask, by),
    backTest: (jobId) => Promise.resolve(backTestOf(parts, jobId)),
    ruleSets: (query) => ruleSetsOf(parts, query),
    ruleSet: (id, version) => ruleSetOf(parts, id, version),
    draftRuleSet: (id, draft, by) => draftRuleSet(parts, id, draft, by),
    activateRuleSet: (id, version, activation, by) => activateRuleSet(parts, { id, version }, activation, by),
    estimationPlan: (id) => estimationPlanOf(parts, id),
    adoptPlan: (id, adoption, by) => adoptPlan(parts, id, adoption, by),
    tariffs: (query) => tariffsOf(parts, query),
    tariff: (id) => tariffOf(parts, id),
    candidates: (query) => candidatesOf(parts, query),
    candidate: (id) => candidateOf(parts, id),
    keepCandidate: (draft, by) => keepCandidate(parts, draft, by),
    dropCandidate: (id) => dropCandidate(parts, id),
    publishCandidate: (id, publication, by) => publishCandidate(parts, id, publication, by),
    intervalReason: (ask) => intervalReasonOf(utility, ask),
    usagePoint: (id) => usagePointOf(utility, id),
    billedIntervals: (ask, query) => billedIntervalsOf(utility, ask, query),
    meterCompleteness: (query) => meterCompletenessOf(utility, query),
    losses: (query) => lossesOf(utility, query),
    virtualChannels: (query) => virtualChannelsOf(utility, query),
    keepVirtualChannel: (draft, by) => keepVirtualChannel(utility, draft, by),
    virtualIntervals: (ask) => virtualIntervalsOf(utility, ask),
  };
  return { api, stop: () => jobs.stop() };
}
