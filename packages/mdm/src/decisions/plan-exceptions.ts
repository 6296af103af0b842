import { packQuality, qualityCategoryOf, QUALITY_CATEGORIES } from "@amity/model";
import type { IntervalBlock } from "@amity/intervals";
import { channelsById } from "../pipeline/channels.ts";
import { exceptionsById, type ExceptionState, type QueuedException } from "../pipeline/exception-rows.ts";
import type { DecisionAsk } from "./decision.ts";
import { plannedEdits } from "./plan-edit.ts";
import { checkCount, completePlan, type Plan, type PlannedDay, type PlanParts, type Tell } from "./plan.ts";
import { daysUnder, slotsWithin, spansByChannel, type ChannelSpan } from "./stored-days.ts";

type ExceptionsAsk = Extract<DecisionAsk, { kind: "exceptions" }>;

const ACCEPTED = packQuality({ source: "mdms", category: "valid", method: "accepted", final: false });
const RAW_CATEGORY = QUALITY_CATEGORIES.indexOf("raw");
const FAILED_CATEGORY = QUALITY_CATEGORIES.indexOf("failedValidation");
/** Outcomes of estimation that leave a value to keep. */
const KEPT: ReadonlySet<string> = new Set(["estimated", "zero", "scaled", "notScaled"]);

/**
 * What a decision over exceptions would do. Those that are not open, or that the action does not fit, are skipped with the reason.
 * @throws UsageError `limit`.
 */
export async function planExceptions(parts: PlanParts, ask: ExceptionsAsk, tell: Tell): Promise<Plan> {
  const wanted = [...new Set(ask.exceptionIds)];
  checkCount(wanted);
  const found = new Map((await exceptionsById(parts.store, wanted)).map((exception) => [exception.exceptionId, exception]));
  const skipped: { exceptionId: string; reason: string }[] = [];
  const taken: QueuedException[] = [];
  for (const exceptionId of wanted) {
    const exception = found.get(exceptionId);
    const reason = reasonToSkip(ask, exception);
    if (exception === undefined || reason !== undefined) skipped.push({ exceptionId, reason: reason ?? "" });
    else taken.push(exception);
  }
  const after = stateAfter(ask);
  const days = await plannedDays(parts, { ask, taken }, tell);
  return completePlan(parts, { days, exceptions: taken.map((exception) => ({ exception, after })) }, skipped);
}

function reasonToSkip({ action }: ExceptionsAsk, exception: QueuedException | undefined): string | undefined {
  if (exception === undefined) return "there is no such exception";
  if (exception.state !== "open") return `it is ${exception.state} already`;
  if (action !== "estimate" || (exception.estimate !== undefined && KEPT.has(exception.estimate.outcome))) return undefined;
  const why = exception.estimate?.reason;
  return `no estimate stands here${why === undefined ? "" : `: ${why}`}; accept, edit or dismiss it`;
}

function stateAfter(ask: ExceptionsAsk): ExceptionState {
  switch (ask.action) {
    case "accept":
      return "accepted";
    case "estimate":
      return "estimated";
    case "dismiss":
      return "dismissed";
    case "edit":
      return ask.change.kind === "estimate" ? "estimated" : "edited";
  }
}

async function plannedDays(
  parts: PlanParts,
  { ask, taken }: { ask: ExceptionsAsk; taken: readonly QueuedException[] },
  tell: Tell,
): Promise<readonly PlannedDay[]> {
  if (ask.action !== "accept" && ask.action !== "edit") return [];
  const channels = await channelsById(parts.store, [...new Set(taken.map(({ channelId }) => channelId))]);
  const spans = taken.flatMap(({ channelId, fromMs, toMs }): ChannelSpan[] => {
    const channel = channels.get(channelId);
    return channel === undefined ? [] : [{ channel, fromMs, toMs }];
  });
  return ask.action === "edit" ? plannedEdits(parts, { spans, change: ask.change }, tell) : acceptedDays(parts, spans, tell);
}

async function acceptedDays(parts: PlanParts, spans: readonly ChannelSpan[], tell: Tell): Promise<PlannedDay[]> {
  const byChannel = spansByChannel(spans);
  const planned: PlannedDay[] = [];
  for (const { channel, versions, current } of (await daysUnder(parts, spans, tell)).values()) {
    const block = acceptedBlock(versions, current, byChannel.get(channel.channelId) ?? []);
    if (block !== undefined) planned.push({ channel, version: versions.length, before: current, block });
  }
  return planned;
}

/** A day with the delivered values in the place of estimates over some spans; `undefined` where that changes nothing. */
function acceptedBlock(
  versions: readonly IntervalBlock[],
  current: IntervalBlock,
  spans: readonly { fromMs: number; toMs: number }[],
): IntervalBlock | undefined {
  const values = current.values.slice();
  const qualities = current.qualities.slice();
  let changed = false;
  for (const slot of spans.flatMap((span) => slotsWithin(current, span))) {
    const delivered = versions.findLast((block) => isDelivered(block.qualities[slot] ?? 0));
    if (delivered === undefined || qualities[slot] === ACCEPTED) continue;
    values[slot] = delivered.values[slot] ?? 0;
    qualities[slot] = ACCEPTED;
    changed = true;
  }
  return changed ? { ...current, values, qualities } : undefined;
}

/** As the meter said it: raw, or failed on its way in (a bulk load stores the verdict at once, with the delivered value). */
function isDelivered(quality: number): boolean {
  const category = qualityCategoryOf(quality);
  return category === RAW_CATEGORY || category === FAILED_CATEGORY;
}
