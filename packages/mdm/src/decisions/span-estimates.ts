import { UsageError } from "@amity/bytes";
import { DAY_MS, MISSING_QUALITY, spanOf, type IntervalBlock } from "@amity/intervals";
import { isMissing } from "@amity/model";
import { estimate, type EstimationPlan } from "../estimation/index.ts";
import type { ChannelId } from "../ledger/channel-id.ts";
import { factsOf } from "../pipeline/channels.ts";
import { spansOfEvents } from "../pipeline/event-spans.ts";
import { eventsOf, registerFactsOf, registersOf } from "../pipeline/review-inputs.ts";
import { placesOf } from "../registry/places.ts";
import type { VeeContext } from "../vee/context.ts";
import type { IntervalChange } from "./decision.ts";
import type { PlanParts } from "./plan.ts";
import { spansByChannel, type ChannelSpan } from "./stored-days.ts";

/** Estimates made for spans, by channel and start of the interval. */
export interface SpanEstimates {
  at(channelId: ChannelId, startMs: number): { readonly value: number; readonly quality: number } | undefined;
}

interface Ask {
  readonly spans: readonly ChannelSpan[];
  readonly change: Extract<IntervalChange, { kind: "estimate" }>;
}

/** Days before a span that estimators may look at. */
const HISTORY_DAYS = 28;

/** Estimates spans by one estimator, as if nothing had been delivered there. @throws UsageError `no-estimate` with the estimator's own reason. */
export async function estimatedSpans(parts: PlanParts, { spans, change }: Ask): Promise<SpanEstimates> {
  const made = new Map<string, { value: number; quality: number }>();
  const plan: EstimationPlan = {
    id: "manual",
    version: 1,
    steps: [{ kind: change.method }],
    scaleToRegisters: change.scaleToRegisters,
  };
  const fromDayMs = Math.floor(Math.min(...spans.map(({ fromMs }) => fromMs)) / DAY_MS - HISTORY_DAYS) * DAY_MS;
  const toDayMs = Math.ceil(Math.max(...spans.map(({ toMs }) => toMs)) / DAY_MS + 1) * DAY_MS;
  const channels = spansByChannel(spans);
  const meterIds = [...new Set(spans.map(({ channel }) => channel.meterId))];
  const [stored, registers, events, places] = await Promise.all([
    parts.ledger.blocks({ channelIds: [...channels.keys()], fromDayMs, toDayMs }),
    registersOf(parts.store, meterIds, fromDayMs, toDayMs),
    eventsOf(parts.store, meterIds, fromDayMs, toDayMs),
    placesOf(parts.store, meterIds, toDayMs),
  ]);
  const blocksOf = new Map<ChannelId, IntervalBlock[]>();
  for (const { channelId, block } of stored) blocksOf.set(channelId, [...(blocksOf.get(channelId) ?? []), block]);
  for (const [channelId, mine] of channels) {
    const channel = mine[0]?.channel;
    if (channel === undefined) continue;
    const facts = registerFactsOf(channel, registers);
    const context = {
      channel: factsOf(channel, "headend", places.get(channel.meterId)),
      zone: parts.zone,
      spans: spansOfEvents(events.get(channel.meterId) ?? [], toDayMs),
      ...(facts === undefined ? {} : { registers: facts }),
      ...(parts.holidays === undefined ? {} : { holidays: parts.holidays }),
    };
    for (const span of mine) estimateSpan(made, { span, blocks: blocksOf.get(channelId) ?? [], context, plan });
  }
  return { at: (channelId, startMs) => made.get(`${channelId}/${startMs}`) };
}

function estimateSpan(
  made: Map<string, { value: number; quality: number }>,
  {
    span,
    blocks,
    context,
    plan,
  }: { span: ChannelSpan; blocks: readonly IntervalBlock[]; context: Omit<VeeContext, "history">; plan: EstimationPlan },
): void {
  const { channelId, intervalSeconds } = span.channel;
  const stepMs = intervalSeconds * 1000;
  const fromMs = Math.floor(span.fromMs / DAY_MS) * DAY_MS;
  const series = spanOf(blocks, { fromMs, toMs: Math.ceil(span.toMs / DAY_MS) * DAY_MS, intervalSeconds });
  const history = spanOf(blocks, { fromMs: fromMs - HISTORY_DAYS * DAY_MS, toMs: series.startMs, intervalSeconds });
  const from = Math.max(0, Math.ceil((span.fromMs - series.startMs) / stepMs));
  const to = Math.min(series.values.length, Math.ceil((span.toMs - series.startMs) / stepMs));
  series.qualities.fill(MISSING_QUALITY, from, to);
  const filled = estimate(series, { ...context, history }, plan);
  const undone = filled.decisions.find(
    ({ outcome, toMs, fromMs: startMs }) => (outcome === "none" || outcome === "suppressed") && startMs < span.toMs && toMs > span.fromMs,
  );
  for (let index = from; index < to; index++) {
    const quality = filled.qualities[index] ?? MISSING_QUALITY;
    if (isMissing(quality))
      throw new UsageError(`${plan.steps[0]?.kind} does not apply to ${span.channel.meterId} ${span.channel.name}: ${why(undone)}`, {
        code: "no-estimate",
        advice: "choose another estimator or set the values",
      });
    made.set(`${channelId}/${series.startMs + index * stepMs}`, { value: filled.values[index] ?? 0, quality });
  }
}

function why(decision: { reason: string; tried: readonly string[] } | undefined): string {
  if (decision === undefined) return "no estimate was made";
  return decision.tried.length > 0 ? decision.tried.join("; ") : decision.reason;
}
