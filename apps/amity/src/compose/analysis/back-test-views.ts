import type { BackTestRequest, BackTestResult, EstimationPlanDetail, EstimationStep as StepShape, Job, PlanAdoption } from "@amity/api";
import { DAY_MS } from "@amity/intervals";
import {
  activeIntervalChannels,
  backTestStored,
  channelsById,
  compilePlan,
  recommendPlan,
  type BackTestReport,
  type ChannelId,
  type EstimationPlan,
  type StoredBackTest,
} from "@amity/mdm";
import type { Principal, WriteOutcome } from "../../http/ports.ts";
import { daysOf, dayTexts, resultOf, type AnalysisParts } from "./analysis-parts.ts";
import { sampleMeters } from "./dry-run-views.ts";
import { startJob } from "./job-views.ts";
import { activate, versionInForce, versionsOf } from "./rule-version-views.ts";
import { parametersShape } from "./rule-set-views.ts";

const DAYS_MAX = 92;
/** What people are billed for: electricity import, energy of heat and cold, gas and water volumes. Nothing else steers the plan. */
const TESTED = /^(1-0:1\.8\.0|[56]-0:1\.0\.0|7-0:3\.[012]\.0|[89]-0:1\.0\.0)$/;
/** Channels that a class needs before its scores change a plan. */
const CHANNELS_ENOUGH = 4;

export async function estimationPlanOf(parts: AnalysisParts, id: string): Promise<EstimationPlanDetail | undefined> {
  const versions = await versionsOf(parts, "estimationPlan", id);
  const inForce = await versionInForce(parts, "estimationPlan", id);
  const plan = inForce === undefined ? undefined : await parts.mdm.rules.find("estimationPlan", id, inForce);
  if (plan === undefined || inForce === undefined) return undefined;
  return { id, versions, inForce, scaleToRegisters: plan.scaleToRegisters, steps: stepsShape(plan) };
}

/** Hides measured values of a sample of meters and scores each estimator on them. */
export async function startBackTest(parts: AnalysisParts, ask: BackTestRequest, by: Principal): Promise<WriteOutcome<Job>> {
  const { mdm } = parts;
  const span = daysOf(ask, DAYS_MAX);
  const inForce = await versionInForce(parts, "estimationPlan", ask.plan);
  const plan = inForce === undefined ? undefined : await mdm.rules.find("estimationPlan", ask.plan, inForce);
  if (plan === undefined) return { kind: "not-found" };
  const [fromDayMs, toDayMs] = [span.fromDay * DAY_MS, span.toDay * DAY_MS];
  const { holeMinutes, holesEach } = ask;
  return startJob(
    parts,
    {
      kind: "backTest",
      title: `${ask.plan} plan, ${ask.meters} meters, ${ask.from} to ${ask.to}`,
      async work(watch) {
        const channelIds = await testedChannels(
          parts,
          sampleMeters(await activeIntervalChannels(mdm.store, fromDayMs, toDayMs), ask.meters),
        );
        const tested = { channelIds, fromDayMs, toDayMs, holeMinutes, holesEach, random: parts.random };
        const classes = await backTestStored(mdm.review, tested, watch);
        if (classes === undefined) return undefined;
        return {
          kind: "backTest",
          ...span,
          classes,
          recommended: recommendPlan(
            plan,
            classes.filter(({ channels }) => channels >= CHANNELS_ENOUGH),
          ),
        };
      },
    },
    by,
  );
}

async function testedChannels({ mdm }: AnalysisParts, channelIds: readonly ChannelId[]): Promise<readonly ChannelId[]> {
  const channels = await channelsById(mdm.store, channelIds);
  return channelIds.filter((channelId) => TESTED.test(channels.get(channelId)?.name ?? ""));
}

export function backTestOf(parts: AnalysisParts, jobId: string): BackTestResult | undefined {
  const result = resultOf(parts, jobId, "backTest");
  if (result === undefined) return undefined;
  return {
    plan: result.recommended.id,
    ...dayTexts(result),
    classes: result.classes.map(classShape),
    recommended: stepsShape(result.recommended),
  };
}

function classShape({
  channelClass,
  commodity,
  unit,
  scaler,
  intervalSeconds,
  channels,
  report,
}: StoredBackTest): BackTestResult["classes"][number] {
  const inUnit = (counts: number): number | null => finite(counts * 10 ** scaler);
  return {
    channelClass,
    commodity,
    unit,
    intervalSeconds,
    channels,
    scores: report.scores.map((score) => ({
      estimator: score.estimator,
      holeMinutes: (score.holeIntervals * intervalSeconds) / 60,
      filled: score.filled,
      notApplicable: score.notApplicable,
      meanAbsoluteError: inUnit(score.meanAbsoluteError),
      bias: inUnit(score.bias),
      relativeError: finite(score.relativeError),
      coverage90: finite(score.coverage90),
      isBest: isBest(report, score),
    })),
  };
}

function isBest({ best }: BackTestReport, score: BackTestReport["scores"][number]): boolean {
  return best.some(({ holeIntervals, estimator }) => holeIntervals === score.holeIntervals && estimator === score.estimator);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Keeps what a back-test recommends as the next version and lets it rule from a day on. */
export async function adoptPlan(
  parts: AnalysisParts,
  id: string,
  { jobId, effectiveFrom, reason }: PlanAdoption,
  by: Principal,
): Promise<WriteOutcome<EstimationPlanDetail>> {
  const result = resultOf(parts, jobId, "backTest");
  if (result === undefined || result.recommended.id !== id) return { kind: "not-found" };
  const { rules } = parts.mdm;
  const versions = await rules.versions("estimationPlan", id);
  const version = Math.max(0, ...versions.map((one) => one.version)) + 1;
  await rules.keep("estimationPlan", { ...result.recommended, version }, by.user);
  await activate(parts, "estimationPlan", { id, version, effectiveFrom, reason, author: by.user });
  const kept = await estimationPlanOf(parts, id);
  return kept === undefined ? { kind: "not-found" } : { kind: "done", value: kept };
}

function stepsShape(plan: EstimationPlan): StepShape[] {
  return compilePlan(plan).map(({ step, estimator, parameters }) => ({
    kind: step.kind,
    summary: estimator.summary,
    parameters: parametersShape(parameters),
    ...(step.eligibility === undefined
      ? {}
      : { eligibility: Object.fromEntries(Object.entries(step.eligibility).map(([name, list]) => [name, [...list]])) }),
  }));
}
