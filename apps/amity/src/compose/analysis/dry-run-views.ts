import type { DryRunBill, DryRunDifference, DryRunRequest, DryRunResult, DryRunRowsQuery, Job, Page, PageQuery } from "@amity/api";
import { DAY_MS } from "@amity/intervals";
import {
  activeIntervalChannels,
  channelsById,
  compileRuleSet,
  dryRunStored,
  evenSample,
  meterKeyOf,
  type ChannelId,
  type DryRunExample,
} from "@amity/mdm";
import type { Principal, WriteOutcome } from "../../http/ports.ts";
import { moneyText } from "../api/bill-line-text.ts";
import { instantText } from "../api/cursor.ts";
import { daysOf, dayTexts, pageOfList, resultOf, type AnalysisParts, type JobResult } from "./analysis-parts.ts";
import { startJob } from "./job-views.ts";

const DAYS_MAX = 92;

/** Tries a version on stored history against what rules the last of its days now. */
export async function startDryRun(parts: AnalysisParts, ask: DryRunRequest, by: Principal): Promise<WriteOutcome<Job>> {
  const { mdm } = parts;
  const span = daysOf(ask, DAYS_MAX);
  const document = await mdm.rules.find("ruleSet", ask.ruleSet, ask.version);
  if (document === undefined) return { kind: "not-found" };
  const candidate = compileRuleSet(document);
  const [fromDayMs, toDayMs] = [span.fromDay * DAY_MS, span.toDay * DAY_MS];
  const [ruling] = (await mdm.review.inForce?.forInstants([toDayMs - DAY_MS])) ?? [];
  const review = { ...mdm.review, ...ruling, registry: mdm.registry };
  const current = `${review.ruleSet.id} v${review.ruleSet.version}`;
  const title = `${ask.ruleSet} v${ask.version} against ${current}, ${ask.from} to ${ask.to}`;
  return startJob(
    parts,
    {
      kind: "dryRun",
      title,
      async work(watch) {
        const channelIds = sampleMeters(await activeIntervalChannels(mdm.store, fromDayMs, toDayMs), ask.meters);
        const report = await dryRunStored(review, { candidate, channelIds, fromDayMs, toDayMs }, watch);
        if (report === undefined) return undefined;
        return {
          kind: "dryRun",
          ...span,
          current,
          candidate: `${ask.ruleSet} v${ask.version}`,
          report,
          channels: await namesOf(parts, channelIds),
        };
      },
    },
    by,
  );
}

/** All channels of an even sample of meters. */
export function sampleMeters(channelIds: readonly ChannelId[], meters: number | undefined): readonly ChannelId[] {
  const keys = [...new Set(channelIds.map(meterKeyOf))].toSorted((a, b) => a - b);
  const wanted = new Set(evenSample(keys, meters));
  return channelIds.filter((channelId) => wanted.has(meterKeyOf(channelId)));
}

type DryRunJob = Extract<JobResult, { kind: "dryRun" }>;

async function namesOf(parts: AnalysisParts, channelIds: readonly ChannelId[]): Promise<DryRunJob["channels"]> {
  const channels = await channelsById(parts.mdm.store, channelIds);
  return new Map([...channels].map(([channelId, { meterId, name }]) => [String(channelId), { meterId, channel: name }]));
}

export function dryRunOf(parts: AnalysisParts, jobId: string): DryRunResult | undefined {
  const result = resultOf(parts, jobId, "dryRun");
  if (result === undefined) return undefined;
  const { report } = result;
  return {
    candidate: result.candidate,
    current: result.current,
    ...dayTexts(result),
    channels: report.channels,
    intervals: report.intervals,
    rules: report.rules.map(({ ruleId, current, candidate, onlyCurrent, onlyCandidate }) => ({
      rule: ruleId,
      current,
      candidate,
      new: onlyCandidate,
      gone: onlyCurrent,
    })),
    newExamples: report.examples.map((example) => exampleShape(result, example)),
    goneExamples: report.examplesGone.map((example) => exampleShape(result, example)),
    channelsChanged: report.channelsChanged,
    billsTried: report.billsTried,
    billsChanged: report.billsChanged,
    billsDifference: moneyText(report.billsDifference),
    leftOut: report.differencesLeftOut,
  };
}

export function dryRunDifferencesOf(parts: AnalysisParts, jobId: string, query: DryRunRowsQuery): Page<DryRunDifference> | undefined {
  const result = resultOf(parts, jobId, "dryRun");
  if (result === undefined) return undefined;
  const rows = result.report.differences.filter(({ ruleId }) => query.rule === undefined || ruleId === query.rule);
  return pageOfList(
    rows.map(({ channelId, ruleId, onlyCurrent, onlyCandidate }) => ({
      ...nameOf(result, channelId),
      rule: ruleId,
      new: onlyCandidate,
      gone: onlyCurrent,
    })),
    query,
  );
}

export function dryRunBillsOf(parts: AnalysisParts, jobId: string, query: PageQuery): Page<DryRunBill> | undefined {
  const result = resultOf(parts, jobId, "dryRun");
  if (result === undefined) return undefined;
  return pageOfList(
    result.report.bills.map(({ channelId, billId, current, candidate, difference }) => ({
      billId,
      ...nameOf(result, channelId),
      current: moneyText(current),
      candidate: moneyText(candidate),
      difference: moneyText(difference),
    })),
    query,
  );
}

function nameOf({ channels }: DryRunJob, channelId: string): { meterId: string; channel: string } {
  return channels.get(channelId) ?? { meterId: channelId, channel: channelId };
}

function exampleShape(result: DryRunJob, { channelId, finding }: DryRunExample): DryRunResult["newExamples"][number] {
  return {
    ...nameOf(result, channelId),
    rule: finding.ruleId,
    from: instantText(finding.fromMs),
    to: instantText(finding.toMs),
    reason: finding.reason,
    numbers: Object.entries(finding.numbers)
      .slice(0, 40)
      .map(([name, value]) => ({ name, value: String(value) })),
  };
}
