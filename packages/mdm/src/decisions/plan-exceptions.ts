import { packQuality, qualityCategoryOf, QUALITY_CATEGORIES } from "@amity/model";
import type { IntervalBlock } from "@amity/intervals";
import type { ChannelId } from "../ledger/channel-id.ts";
import { channelsById } from "../pipeline/channels.ts";
import { exceptionsById, type ExceptionState, type QueuedException } from "../pipeline/exception-rows.ts";
import type { DecisionAsk } from "./decision.ts";
import { plannedEdits } from "./plan-edit.ts";
import { checkCount, completePlan, type Plan, type PlannedDay, type PlanParts, type Tell } from "./plan.ts";
import { daysUnder, slotsWithin, type ChannelSpan } from "./stored-days.ts";

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
  const { days, unmeasured } = await plannedDays(parts, { ask, taken }, tell);
  for (const exceptionId of unmeasured)
    skipped.push({ exceptionId, reason: "nothing was measured there; keep the estimate, edit or dismiss it" });
  const moving = taken.filter(({ exceptionId }) => !unmeasured.has(exceptionId));
  return completePlan(parts, { days, exceptions: moving.map((exception) => ({ exception, after })) }, skipped);
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

interface Planned {
  readonly days: readonly PlannedDay[];
  /** Exceptions over time of which the meter said nothing: there is nothing to accept. */
  readonly unmeasured: ReadonlySet<string>;
}

const ALL_MEASURED: ReadonlySet<string> = new Set();

async function plannedDays(
  parts: PlanParts,
  { ask, taken }: { ask: ExceptionsAsk; taken: readonly QueuedException[] },
  tell: Tell,
): Promise<Planned> {
  if (ask.action !== "accept" && ask.action !== "edit") return { days: [], unmeasured: ALL_MEASURED };
  const channels = await channelsById(parts.store, [...new Set(taken.map(({ channelId }) => channelId))]);
  const spans = taken.flatMap(({ exceptionId, channelId, fromMs, toMs }) => {
    const channel = channels.get(channelId);
    return channel === undefined ? [] : [{ exceptionId, channel, fromMs, toMs }];
  });
  if (ask.action === "edit") return { days: await plannedEdits(parts, { spans, change: ask.change }, tell), unmeasured: ALL_MEASURED };
  return acceptedDays(parts, spans, tell);
}

type ExceptionSpan = ChannelSpan & { readonly exceptionId: string };

async function acceptedDays(parts: PlanParts, spans: readonly ExceptionSpan[], tell: Tell): Promise<Planned> {
  const byChannel = new Map<ChannelId, ExceptionSpan[]>();
  for (const span of spans) byChannel.set(span.channel.channelId, [...(byChannel.get(span.channel.channelId) ?? []), span]);
  const unmeasured = new Set(spans.map(({ exceptionId }) => exceptionId));
  const days: PlannedDay[] = [];
  for (const { channel, versions, current } of (await daysUnder(parts, spans, tell)).values()) {
    const block = acceptedBlock(versions, current, { spans: byChannel.get(channel.channelId) ?? [], unmeasured });
    if (block !== undefined) days.push({ channel, version: versions.length, before: current, block });
  }
  return { days, unmeasured };
}

/**
 * A day with the delivered values in the place of estimates over some spans; `undefined` where that changes nothing. Takes those
 * exceptions out of `unmeasured` that have a delivered value.
 */
function acceptedBlock(
  versions: readonly IntervalBlock[],
  current: IntervalBlock,
  { spans, unmeasured }: { spans: readonly ExceptionSpan[]; unmeasured: Set<string> },
): IntervalBlock | undefined {
  const values = current.values.slice();
  const qualities = current.qualities.slice();
  let changed = false;
  for (const span of spans) {
    for (const slot of slotsWithin(current, span)) {
      const delivered = versions.findLast((block) => isDelivered(block.qualities[slot] ?? 0));
      if (delivered === undefined) continue;
      unmeasured.delete(span.exceptionId);
      if (qualities[slot] === ACCEPTED) continue;
      values[slot] = delivered.values[slot] ?? 0;
      qualities[slot] = ACCEPTED;
      changed = true;
    }
  }
  return changed ? { ...current, values, qualities } : undefined;
}

/** As the meter said it: raw, or failed on its way in (a bulk load stores the verdict at once, with the delivered value). */
function isDelivered(quality: number): boolean {
  const category = qualityCategoryOf(quality);
  return category === RAW_CATEGORY || category === FAILED_CATEGORY;
}
