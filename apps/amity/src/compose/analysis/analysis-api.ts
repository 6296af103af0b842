import { toHex } from "@amity/bytes";
import type { Clock, Random } from "@amity/runtime";
import type { AnalysisApi } from "../../http/analysis-ports.ts";
import type { Mdm } from "../mdm.ts";
import type { AnalysisParts, JobResult } from "./analysis-parts.ts";
import { adoptPlan, backTestOf, estimationPlanOf, startBackTest } from "./back-test-views.ts";
import { dryRunBillsOf, dryRunDifferencesOf, dryRunOf, startDryRun } from "./dry-run-views.ts";
import { JobBoard } from "./job-board.ts";
import { cancelJob, jobOf, jobsOf } from "./job-views.ts";
import { rehearsalOf, rehearsalPointsOf, rehearsedBillOf, startRehearsal } from "./rehearsal-views.ts";
import { activateRuleSet, draftRuleSet, ruleSetOf, ruleSetsOf } from "./rule-set-views.ts";
import { candidateOf, candidatesOf, dropCandidate, keepCandidate, publishCandidate, tariffOf, tariffsOf } from "./tariff-views.ts";

/** The analyst's resources over one MDM. `stop` ends what still runs. */
export function analysisApi(world: { mdm: Mdm; clock: Pick<Clock, "nowMs">; random: Random }): { api: AnalysisApi; stop(): Promise<void> } {
  const { clock, random } = world;
  const jobs = new JobBoard<JobResult>({ clock, newId: () => `job-${toHex(random.bytes(6))}` });
  const parts: AnalysisParts = { ...world, jobs };
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
  };
  return { api, stop: () => jobs.stop() };
}
