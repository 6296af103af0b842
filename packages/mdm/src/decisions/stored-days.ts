import { DAY_MS, emptyBlock, type IntervalBlock } from "@amity/intervals";
import { allVersions } from "../ledger/block-table.ts";
import { blockKeyOf, type ChannelId } from "../ledger/channel-id.ts";
import type { Channel } from "../registry/registry.ts";
import type { PlanParts, Tell } from "./plan.ts";

/** A channel's day with everything that was ever stored of it. */
export interface StoredDay {
  readonly channel: Channel;
  readonly dayStartMs: number;
  /** Oldest first; versions are numbered from 1 without a hole, so the last one's number is the length. */
  readonly versions: readonly IntervalBlock[];
  /** The current version; an empty day where nothing is stored. */
  readonly current: IntervalBlock;
}

/** A run of a channel's time, `[fromMs, toMs)`. */
export interface ChannelSpan {
  readonly channel: Channel;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Days read at once. */
const DAYS_AT_ONCE = 500;

/** The days that spans touch, each once, by `blockKeyOf`. */
export async function daysUnder(
  parts: Pick<PlanParts, "store">,
  spans: readonly ChannelSpan[],
  tell: Tell,
): Promise<Map<number, StoredDay>> {
  const wanted = new Map<number, { channel: Channel; channelId: ChannelId; dayStartMs: number }>();
  for (const { channel, fromMs, toMs } of spans) {
    const { channelId } = channel;
    // A day that is counted from a local midnight may reach into the next UTC day.
    for (let dayStartMs = Math.floor(fromMs / DAY_MS) * DAY_MS - DAY_MS; dayStartMs < toMs; dayStartMs += DAY_MS)
      wanted.set(blockKeyOf(channelId, dayStartMs), { channel, channelId, dayStartMs });
  }
  const keys = [...wanted.values()];
  const found = new Map<number, StoredDay>();
  for (let at = 0; at < keys.length; at += DAYS_AT_ONCE) {
    tell({ phase: "planning", done: at, total: keys.length });
    const group = keys.slice(at, at + DAYS_AT_ONCE);
    const versions = await allVersions(parts.store, group);
    for (const [index, { channel, channelId, dayStartMs }] of group.entries()) {
      const list = versions[index] ?? [];
      const current = list.at(-1) ?? emptyBlock(dayStartMs, channel.intervalSeconds);
      found.set(blockKeyOf(channelId, dayStartMs), { channel, dayStartMs, versions: list, current });
    }
  }
  return found;
}

/** The slots of a day that begin within `[fromMs, toMs)`. */
export function slotsWithin(block: IntervalBlock, span: { fromMs: number; toMs: number }): number[] {
  const slots: number[] = [];
  for (let slot = 0; slot < block.values.length; slot++) {
    const startMs = block.dayStartMs + (block.phaseSeconds + slot * block.intervalSeconds) * 1000;
    if (startMs >= span.fromMs && startMs < span.toMs) slots.push(slot);
  }
  return slots;
}

export function spansByChannel(spans: readonly ChannelSpan[]): ReadonlyMap<ChannelId, readonly ChannelSpan[]> {
  const groups = new Map<ChannelId, ChannelSpan[]>();
  for (const span of spans) {
    const group = groups.get(span.channel.channelId);
    if (group === undefined) groups.set(span.channel.channelId, [span]);
    else group.push(span);
  }
  return groups;
}
