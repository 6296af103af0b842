import type { IntervalSpan } from "@amity/intervals";
import { isMissing } from "@amity/model";
import type { EstimatedSeries } from "../estimation/index.ts";
import type { Channel } from "../registry/registry.ts";
import type { Finding } from "../vee/index.ts";
import type { RaisedFinding } from "./exception-queue.ts";
import type { FindingEstimate } from "./exception-rows.ts";

/** Intervals of a finding whose error bars are kept: two weeks of quarter-hours. */
const ERROR_BARS_MAX = 1344;

/** A finding with what was put in its place. `delivered` is the series before estimation. */
export function raisedOf(
  channel: Channel,
  finding: Finding,
  { delivered, filled }: { delivered: IntervalSpan; filled: EstimatedSeries | undefined },
): RaisedFinding {
  const made = filled?.decisions.filter(({ fromMs, toMs }) => fromMs < finding.toMs && toMs > finding.fromMs) ?? [];
  // A known outage explains the whole gap, the partial intervals at its edges too.
  const decision = made.find(({ outcome }) => outcome === "zero") ?? made[0];
  return {
    meterId: channel.meterId,
    channelId: channel.channelId,
    channel: channel.name,
    finding,
    inQuestion: inQuestion(finding, delivered, filled),
    estimate:
      decision === undefined || filled === undefined
        ? undefined
        : {
            outcome: decision.outcome,
            method: decision.method,
            reason: decision.reason,
            numbers: decision.numbers,
            ...errorBarOf(finding, filled),
          },
  };
}

/** By how much estimation changed the finding's intervals; all that they hold where it changed nothing. In counts. */
function inQuestion(finding: Finding, delivered: IntervalSpan, filled: EstimatedSeries | undefined): number {
  const to = Math.min(finding.toIndex, delivered.values.length);
  let [changed, held] = [0, 0];
  for (let index = Math.max(0, finding.fromIndex); index < to; index++) {
    const before = isMissing(delivered.qualities[index] ?? 0) ? 0 : (delivered.values[index] ?? 0);
    held += Math.abs(before);
    if (filled !== undefined) changed += Math.abs((filled.values[index] ?? 0) - before);
  }
  return Math.min(Number.MAX_SAFE_INTEGER, changed > 0 ? changed : held);
}

/** The error bars over a finding's intervals; nothing where none of them was estimated. */
function errorBarOf(finding: Finding, filled: EstimatedSeries): Pick<FindingEstimate, "errorBar"> {
  const stepMs = filled.intervalSeconds * 1000;
  const from = Math.max(0, Math.ceil((finding.fromMs - filled.startMs) / stepMs));
  const to = Math.min(filled.values.length, Math.ceil((finding.toMs - filled.startMs) / stepMs), from + ERROR_BARS_MAX);
  const standardErrors = Array.from(filled.standardErrors.subarray(from, Math.max(from, to)), (error) => Math.round(error));
  if (standardErrors.every((error) => error === 0)) return {};
  return { errorBar: { fromMs: filled.startMs + from * stepMs, intervalSeconds: filled.intervalSeconds, standardErrors } };
}
