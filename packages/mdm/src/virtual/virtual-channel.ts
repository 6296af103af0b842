import { UsageError } from "@amity/bytes";
import { DAY_MS, spanOf, type IntervalBlock, type IntervalSpan } from "@amity/intervals";
import { isMissing, packQuality, QUALITY, unpackQuality, type MeterId, type QualityCategory, type Unit } from "@amity/model";
import type { ChannelId } from "../ledger/channel-id.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Channel, Registry } from "../registry/registry.ts";

/** One part of a formula: a channel, times a factor. */
export interface VirtualTerm {
  readonly meterId: MeterId;
  readonly channel: string;
  /** `1` adds, `-1` takes off; anything between for losses or shares. */
  readonly factor: number;
}

/** A channel that is computed from others when it is read: a total, a check-meter difference, a loss. A version never changes. */
export interface VirtualChannel {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly unit: Unit;
  /** Values are integers times 10^scaler in `unit`. */
  readonly scaler: number;
  readonly intervalSeconds: number;
  readonly terms: readonly VirtualTerm[];
}

/** Parts of one formula. */
export const VIRTUAL_TERMS_MAX = 500;

export interface VirtualAsk {
  readonly fromMs: number;
  readonly toMs: number;
  readonly asOfMs?: number;
}

/**
 * Computes a virtual channel over `[fromMs, toMs)`. An interval that any part lacks is missing; otherwise its quality is
 * `derived`, unless the worst of the parts is worse: then that one's category, so that an estimate below shows above.
 * Parts of shorter intervals are summed up. @throws UsageError `virtual-channel` naming a part that is not there or does not fit.
 */
export async function readVirtual(
  parts: { readonly ledger: Pick<Ledger, "blocks">; readonly registry: Pick<Registry, "channelsOf"> },
  definition: VirtualChannel,
  ask: VirtualAsk,
): Promise<IntervalSpan> {
  const channels = await termChannels(parts.registry, definition);
  const blocks = await blocksOf(parts.ledger, [...new Set(channels.map(({ channelId }) => channelId))], ask);
  const { intervalSeconds } = definition;
  const frame = spanOf([], { fromMs: ask.fromMs, toMs: ask.toMs, intervalSeconds });
  const sums = new Float64Array(frame.values.length);
  const worst = new Uint8Array(frame.values.length);
  for (const [index, channel] of channels.entries()) {
    const factor = (definition.terms[index]?.factor ?? 0) * 10 ** (channel.scaler - definition.scaler);
    const own = (blocks.get(channel.channelId) ?? []).filter((block) => block.intervalSeconds === channel.intervalSeconds);
    const span = spanOf(own, { fromMs: ask.fromMs, toMs: ask.toMs, intervalSeconds: channel.intervalSeconds });
    const perSlot = intervalSeconds / channel.intervalSeconds;
    for (let slot = 0; slot < sums.length; slot += 1) {
      for (let at = slot * perSlot; at < (slot + 1) * perSlot; at += 1) {
        sums[slot] = (sums[slot] ?? 0) + (span.values[at] ?? 0) * factor;
        worst[slot] = Math.max(worst[slot] ?? 0, rankOf(span.qualities[at] ?? QUALITY.missing));
      }
    }
  }
  return {
    ...frame,
    values: sums.map((sum, slot) => (worst[slot] === RANKS.length - 1 ? 0 : Math.round(sum))),
    qualities: Uint16Array.from(worst, qualityOfRank),
  };
}

async function termChannels(registry: Pick<Registry, "channelsOf">, definition: VirtualChannel): Promise<Channel[]> {
  checkDefinition(definition);
  const known = await registry.channelsOf([...new Set(definition.terms.map(({ meterId }) => meterId))]);
  return definition.terms.map(({ meterId, channel: name }) => {
    const channel = known.find((one) => one.meterId === meterId && one.name === name && one.kind === "interval");
    if (channel === undefined) throw refuse(definition, `meter ${meterId} has no interval channel ${name}`);
    if (channel.unit !== definition.unit) throw refuse(definition, `${meterId} ${name} is in ${channel.unit}, not ${definition.unit}`);
    if (definition.intervalSeconds % channel.intervalSeconds !== 0)
      throw refuse(
        definition,
        `${meterId} ${name} has intervals of ${channel.intervalSeconds} s, which do not divide ${definition.intervalSeconds} s`,
      );
    return channel;
  });
}

/** What can be said of a formula without knowing its channels. @throws UsageError `virtual-channel`. */
export function checkDefinition(definition: VirtualChannel): void {
  const { terms, intervalSeconds } = definition;
  if (terms.length === 0 || terms.length > VIRTUAL_TERMS_MAX) throw refuse(definition, `a formula has 1 to ${VIRTUAL_TERMS_MAX} parts`);
  const strange = terms.find(({ factor }) => !Number.isFinite(factor) || factor === 0);
  if (strange !== undefined) throw refuse(definition, `the factor of ${strange.meterId} ${strange.channel} must be a number other than 0`);
  if (!Number.isInteger(intervalSeconds) || intervalSeconds <= 0 || 86_400 % intervalSeconds !== 0)
    throw refuse(definition, "its interval must divide a day");
}

async function blocksOf(
  ledger: Pick<Ledger, "blocks">,
  channelIds: readonly ChannelId[],
  { fromMs, toMs, asOfMs }: VirtualAsk,
): Promise<ReadonlyMap<ChannelId, readonly IntervalBlock[]>> {
  const stored = await ledger.blocks({
    channelIds,
    fromDayMs: Math.floor(fromMs / DAY_MS) * DAY_MS - DAY_MS,
    toDayMs: Math.ceil(toMs / DAY_MS) * DAY_MS,
    ...(asOfMs === undefined ? {} : { asOfMs }),
  });
  const found = new Map<ChannelId, IntervalBlock[]>();
  for (const { channelId, block } of stored) found.set(channelId, [...(found.get(channelId) ?? []), block]);
  return found;
}

/** Categories from sound to missing; those not named stand with `questionable`. */
const RANKS: readonly QualityCategory[] = [
  "derived",
  "raw",
  "edited",
  "estimated",
  "questionable",
  "powerQuality",
  "failedValidation",
  "missing",
];

function rankOf(code: number): number {
  if (isMissing(code)) return RANKS.length - 1;
  const { category } = unpackQuality(code);
  if (category === "valid") return 0;
  const rank = RANKS.indexOf(category);
  return rank < 0 ? RANKS.indexOf("questionable") : rank;
}

const RANK_QUALITIES = RANKS.map((category) =>
  category === "missing" ? QUALITY.missing : packQuality({ source: "mdms", category, method: "none", final: false }),
);

function qualityOfRank(rank: number): number {
  return RANK_QUALITIES[rank] ?? QUALITY.missing;
}

function refuse({ id, version }: VirtualChannel, message: string): UsageError {
  return new UsageError(`virtual channel ${id} v${version}: ${message}`, { code: "virtual-channel" });
}
