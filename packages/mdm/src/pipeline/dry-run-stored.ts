import { UsageError } from "@amity/bytes";
import { DAY_MS, spanOf } from "@amity/intervals";
import { placesOf } from "../registry/places.ts";
import type { Channel, Registry } from "../registry/registry.ts";
import type { ChannelId } from "../ledger/channel-id.ts";
import { startDryRun, type CompiledRuleSet, type DryRunReport, type DryRunSubject } from "../vee/index.ts";
import { channelsById, factsOf } from "./channels.ts";
import { deliveredBlocks } from "./delivered-blocks.ts";
import { spansOfEvents } from "./event-spans.ts";
import { replayBills } from "./replay-bills.ts";
import { eventsOf, registerFactsOf, registersOf } from "./review-inputs.ts";
import type { ReviewParts } from "./review.ts";
import { surroundingsOf } from "./surroundings.ts";
import { UNWATCHED, type RunWatch } from "./run-watch.ts";

/** Channel days of one run; a run over more takes longer than anybody waits. */
const CHANNEL_DAYS_MAX = 2_000_000;
/** Channels whose history is in memory at once, and judged without a pause. */
const CHANNELS_AT_ONCE = 16;
const HISTORY_DAYS = 28;

export interface DryRunAsk {
  readonly candidate: CompiledRuleSet;
  readonly channelIds: readonly ChannelId[];
  /** UTC midnights, `toDayMs` exclusive. */
  readonly fromDayMs: number;
  readonly toDayMs: number;
}

export type DryRunParts = ReviewParts & { readonly registry: Registry };

/**
 * Tries a rule set on stored history as it was delivered, against the one in force, and rates the standing bills that lie
 * wholly within the time again with the values that each set would give. Nothing is stored. `undefined` when cancelled.
 * @throws UsageError `limit` for more than 2,000,000 channel days.
 */
export async function dryRunStored(parts: DryRunParts, ask: DryRunAsk, watch: RunWatch = UNWATCHED): Promise<DryRunReport | undefined> {
  const days = (ask.toDayMs - ask.fromDayMs) / DAY_MS;
  if (ask.channelIds.length * days > CHANNEL_DAYS_MAX)
    throw new UsageError(`${ask.channelIds.length} channels x ${days} days exceed ${CHANNEL_DAYS_MAX} channel days`, {
      code: "limit",
      advice: "try fewer meters or days",
    });
  const run = startDryRun({ current: parts.ruleSet, candidate: ask.candidate, estimation: parts.plan });
  const groups = await groupsOf(parts, ask.channelIds);
  const total = groups.reduce((sum, group) => sum + group.length, 0);
  let done = 0;
  watch.onProgress(0, total);
  for (const group of groups) {
    if (watch.isCancelled()) return undefined;
    for (const subject of await subjectsOf(parts, group, ask)) run.try(subject);
    done += group.length;
    watch.onProgress(done, total);
  }
  return run.report();
}

/** The interval channels, those of one meter together. */
async function groupsOf(parts: DryRunParts, channelIds: readonly ChannelId[]): Promise<Channel[][]> {
  const found = [...(await channelsById(parts.store, channelIds)).values()].filter(({ kind }) => kind === "interval");
  const sorted = found.toSorted((a, b) => a.channelId - b.channelId);
  return Array.from({ length: Math.ceil(sorted.length / CHANNELS_AT_ONCE) }, (_, index) =>
    sorted.slice(index * CHANNELS_AT_ONCE, (index + 1) * CHANNELS_AT_ONCE),
  );
}

async function subjectsOf(parts: DryRunParts, channels: readonly Channel[], { fromDayMs, toDayMs }: DryRunAsk): Promise<DryRunSubject[]> {
  const historyFromMs = fromDayMs - HISTORY_DAYS * DAY_MS;
  const channelIds = channels.map(({ channelId }) => channelId);
  const meterIds = [...new Set(channels.map(({ meterId }) => meterId))];
  const [delivered, registers, events, places, surroundings] = await Promise.all([
    deliveredBlocks(parts, channelIds, { fromDayMs: historyFromMs, toDayMs }),
    registersOf(parts.store, meterIds, fromDayMs, toDayMs),
    eventsOf(parts.store, meterIds, fromDayMs, toDayMs),
    placesOf(parts.store, meterIds, toDayMs),
    surroundingsOf(parts, channels, { fromMs: historyFromMs, toMs: toDayMs }),
  ]);
  const usagePointIds = [...new Set(meterIds.map((meterId) => places.get(meterId)?.usagePointId ?? meterId))];
  const replay = await replayBills(parts, usagePointIds, { fromMs: fromDayMs, toMs: toDayMs });
  return channels.flatMap((channel): DryRunSubject[] => {
    const { channelId, meterId, intervalSeconds } = channel;
    const blocks = (delivered.get(channelId) ?? []).filter((block) => block.intervalSeconds === intervalSeconds);
    const firstMs = Math.max(fromDayMs, Math.min(...blocks.map(({ dayStartMs }) => dayStartMs)));
    if (firstMs >= toDayMs) return [];
    const facts = registerFactsOf(channel, registers);
    return [
      {
        series: spanOf(blocks, { fromMs: firstMs, toMs: toDayMs, intervalSeconds }),
        context: {
          channel: factsOf(channel, "headend", places.get(meterId)),
          zone: parts.zone,
          history: spanOf(blocks, { fromMs: historyFromMs, toMs: firstMs, intervalSeconds }),
          spans: spansOfEvents(events.get(meterId) ?? [], toDayMs),
          ...surroundings.get(channelId),
          ...(facts === undefined ? {} : { registers: facts }),
          ...(parts.holidays === undefined ? {} : { holidays: parts.holidays }),
        },
        bills: replay.billsOn(String(channelId)),
      },
    ];
  });
}
