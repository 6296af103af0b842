import { UsageError } from "@amity/bytes";
import { DAY_MS, localDayOf, spanOf, startOfLocalDayMs, type IntervalBlock, type IntervalSpan } from "@amity/intervals";
import { isEstimated, isMissing, QUALITY, type UsagePointId } from "@amity/model";
import { rehearse, type Rehearsal } from "../billing/rehearsal.ts";
import { allVersions } from "../ledger/block-table.ts";
import type { ChannelId } from "../ledger/channel-id.ts";
import { isProtected } from "../ledger/merge-policy.ts";
import { prepareTariff, rate } from "../rating/index.ts";
import { placesOf } from "../registry/places.ts";
import type { Channel } from "../registry/registry.ts";
import type { Tariff } from "../tariff/index.ts";
import { dryRun, type CompiledRuleSet, type DryRunReport, type DryRunSubject } from "../vee/index.ts";
import { channelsById, factsOf } from "./channels.ts";
import { spansOfEvents } from "./event-spans.ts";
import { eventsOf, registerFactsOf, registersOf } from "./review-inputs.ts";
import type { ReviewParts } from "./review.ts";
import { readUsage, type UsageReaderParts } from "./usage-reader.ts";

/** Usage points that one rehearsal holds in memory. */
const POINTS_MAX = 2000;
/** Channel days that one dry run holds in memory. */
const CHANNEL_DAYS_MAX = 50_000;
const HISTORY_DAYS = 28;
const IMPORT = "1-0:1.8.0";

export interface RehearsalAsk {
  readonly current: Tariff;
  readonly candidate: Tariff;
  readonly usagePointIds: readonly UsagePointId[];
  /** Civil days of the current tariff's zone, `toDay` exclusive. */
  readonly fromDay: number;
  readonly toDay: number;
}

/**
 * Bills stored usage under two tariffs, side by side; nothing is stored.
 * @throws UsageError `limit` for more than 2,000 usage points, and where a tariff is not sound.
 */
export async function rehearseStored(parts: UsageReaderParts, ask: RehearsalAsk): Promise<Rehearsal> {
  const { usagePointIds, fromDay, toDay } = ask;
  if (usagePointIds.length > POINTS_MAX)
    throw new UsageError(`${usagePointIds.length} usage points exceed ${POINTS_MAX}`, { code: "limit", advice: "rehearse on a sample" });
  const [current, candidate] = [prepareTariff(ask.current), prepareTariff(ask.candidate)];
  const usages = await readUsage(
    parts,
    usagePointIds.map((usagePointId) => ({ usagePointId, fromDay, toDay, zone: current.zone })),
  );
  const inputs = usages.map((usage, index) => ({ usagePointId: usagePointIds[index] ?? "", fromDay, toDay, usage }));
  return rehearse(current, candidate, inputs);
}

export interface DryRunAsk {
  readonly candidate: CompiledRuleSet;
  readonly channelIds: readonly ChannelId[];
  /** UTC midnights, `toDayMs` exclusive. */
  readonly fromDayMs: number;
  readonly toDayMs: number;
  /** Bills the whole local days of import channels by it, to show what the change would cost; absent: bills are not compared. */
  readonly tariff?: Tariff;
}

/**
 * Tries a rule set on stored history as it was delivered, against the one in force; nothing is stored.
 * @throws UsageError `limit` for more than 50,000 channel days.
 */
export async function dryRunStored(parts: ReviewParts, ask: DryRunAsk): Promise<DryRunReport> {
  const { fromDayMs, toDayMs } = ask;
  const days = (toDayMs - fromDayMs) / DAY_MS;
  if (ask.channelIds.length * days > CHANNEL_DAYS_MAX)
    throw new UsageError(`${ask.channelIds.length} channels x ${days} days exceed ${CHANNEL_DAYS_MAX}`, {
      code: "limit",
      advice: "try a sample",
    });
  const channels = [...(await channelsById(parts.store, ask.channelIds)).values()].filter(({ kind }) => kind === "interval");
  const delivered = await deliveredBlocks(parts, channels, { fromDayMs: fromDayMs - HISTORY_DAYS * DAY_MS, toDayMs });
  const meterIds = [...new Set(channels.map(({ meterId }) => meterId))];
  const registers = await registersOf(parts.store, meterIds, fromDayMs, toDayMs);
  const events = await eventsOf(parts.store, meterIds, fromDayMs, toDayMs);
  const places = await placesOf(parts.store, meterIds, toDayMs);
  const bill = billingOf(ask.tariff);
  const subjects = channels.flatMap((channel): DryRunSubject[] => {
    const blocks = (delivered.get(channel.channelId) ?? []).filter((block) => block.intervalSeconds === channel.intervalSeconds);
    const firstMs = Math.max(fromDayMs, Math.min(...blocks.map(({ dayStartMs }) => dayStartMs)));
    if (firstMs >= toDayMs) return [];
    const { intervalSeconds } = channel;
    const facts = registerFactsOf(channel, registers);
    const place = places.get(channel.meterId);
    return [
      {
        series: spanOf(blocks, { fromMs: firstMs, toMs: toDayMs, intervalSeconds }),
        context: {
          channel: factsOf(channel, "headend", place),
          zone: parts.zone,
          history: spanOf(blocks, { fromMs: fromDayMs - HISTORY_DAYS * DAY_MS, toMs: firstMs, intervalSeconds }),
          spans: spansOfEvents(events.get(channel.meterId) ?? [], toDayMs),
          ...(facts === undefined ? {} : { registers: facts }),
          ...(parts.holidays === undefined ? {} : { holidays: parts.holidays }),
        },
        ...(bill === undefined || channel.name !== IMPORT ? {} : { bill: (series) => bill(channel, series, place?.multiplier ?? 1) }),
      },
    ];
  });
  return dryRun({ current: parts.ruleSet, candidate: ask.candidate, estimation: parts.plan }, subjects);
}

/** Stored days with the values as they came: before validation, without estimates; a person's and final values as they are. */
async function deliveredBlocks(
  parts: ReviewParts,
  channels: readonly Channel[],
  time: { fromDayMs: number; toDayMs: number },
): Promise<ReadonlyMap<ChannelId, readonly IntervalBlock[]>> {
  const keys: { channelId: ChannelId; dayStartMs: number }[] = [];
  await parts.ledger.read({ channelIds: channels.map(({ channelId }) => channelId), ...time }, ({ channelId, block }) =>
    keys.push({ channelId, dayStartMs: block.dayStartMs }),
  );
  const versions = await allVersions(parts.store, keys);
  const found = new Map<ChannelId, IntervalBlock[]>();
  for (const [index, { channelId }] of keys.entries()) {
    const block = deliveredBlock(versions[index] ?? []);
    if (block === undefined) continue;
    const list = found.get(channelId);
    if (list === undefined) found.set(channelId, [block]);
    else list.push(block);
  }
  return found;
}

/** `versions` oldest first. */
function deliveredBlock(versions: readonly IntervalBlock[]): IntervalBlock | undefined {
  const current = versions.at(-1);
  if (current === undefined) return undefined;
  const values = current.values.slice();
  const qualities = current.qualities.slice();
  for (let slot = 0; slot < values.length; slot++) {
    if (isProtected(qualities[slot] ?? 0)) continue;
    const said = versions.findLast((version) => isMeasured(version.qualities[slot]));
    values[slot] = said?.values[slot] ?? 0;
    qualities[slot] = said === undefined ? QUALITY.missing : QUALITY.raw;
  }
  return { ...current, values, qualities };
}

function isMeasured(quality: number | undefined): boolean {
  return quality !== undefined && !isMissing(quality) && !isEstimated(quality);
}

function billingOf(tariff: Tariff | undefined): ((channel: Channel, series: IntervalSpan, multiplier: number) => string) | undefined {
  if (tariff === undefined) return undefined;
  const ready = prepareTariff(tariff);
  return ({ channelId, scaler, meterId }, series, multiplier) => {
    const endMs = series.startMs + series.values.length * series.intervalSeconds * 1000;
    const firstDay = localDayOf(ready.zone, series.startMs);
    const fromDay = startOfLocalDayMs(ready.zone, firstDay) < series.startMs ? firstDay + 1 : firstDay;
    const toDay = localDayOf(ready.zone, endMs);
    if (toDay <= fromDay) return "0";
    const [fromMs, toMs] = [startOfLocalDayMs(ready.zone, fromDay), startOfLocalDayMs(ready.zone, toDay)];
    const part = { channelId: String(channelId), series, scaler, multiplier, blocks: [] };
    return rate(ready, { usagePointId: meterId, fromDay, toDay, usage: { fromMs, toMs, flows: { import: [part] } } }).total;
  };
}
