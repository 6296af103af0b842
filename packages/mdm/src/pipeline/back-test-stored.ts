import { UsageError } from "@amity/bytes";
import { DAY_MS, spanOf, type IntervalBlock } from "@amity/intervals";
import type { Commodity, Unit } from "@amity/model";
import type { Random } from "@amity/runtime";
import { startBackTest, type BackTest, type BackTestReport } from "../estimation/index.ts";
import type { ChannelId } from "../ledger/channel-id.ts";
import { placesOf } from "../registry/places.ts";
import type { Channel } from "../registry/registry.ts";
import { channelsById, factsOf } from "./channels.ts";
import { spansOfEvents } from "./event-spans.ts";
import { eventsOf } from "./review-inputs.ts";
import type { ReviewParts } from "./review.ts";
import { surroundingsOf } from "./surroundings.ts";
import { UNWATCHED, type RunWatch } from "./run-watch.ts";

/** Channels of one run. */
const CHANNELS_MAX = 20_000;
const CHANNELS_AT_ONCE = 8;

export interface BackTestAsk {
  readonly channelIds: readonly ChannelId[];
  /** UTC midnights, `toDayMs` exclusive. */
  readonly fromDayMs: number;
  readonly toDayMs: number;
  /** Lengths of the holes that are made, in minutes; those that are no whole number of a channel's intervals are left out for it. */
  readonly holeMinutes: readonly number[];
  /** Holes of each length in each channel. */
  readonly holesEach: number;
  readonly random: Random;
}

/** How the estimators did on one class of channels; errors are in counts of `scaler` and `unit`. */
export interface StoredBackTest {
  readonly channelClass: string;
  readonly commodity: Commodity;
  readonly unit: Unit;
  readonly scaler: number;
  readonly intervalSeconds: number;
  readonly channels: number;
  readonly report: BackTestReport;
}

/**
 * Hides measured values of stored channels and scores each estimator, by class, commodity and interval length. Nothing is
 * stored. `undefined` when cancelled. @throws UsageError `limit` for more than 20,000 channels.
 */
export async function backTestStored(
  parts: ReviewParts,
  ask: BackTestAsk,
  watch: RunWatch = UNWATCHED,
): Promise<readonly StoredBackTest[] | undefined> {
  if (ask.channelIds.length > CHANNELS_MAX)
    throw new UsageError(`${ask.channelIds.length} channels exceed ${CHANNELS_MAX}`, { code: "limit", advice: "test a sample" });
  const channels = [...(await channelsById(parts.store, ask.channelIds)).values()].filter(({ kind }) => kind === "interval");
  const classes = new Map<string, ClassInWork>();
  watch.onProgress(0, channels.length);
  for (let at = 0; at < channels.length; at += CHANNELS_AT_ONCE) {
    if (watch.isCancelled()) return undefined;
    const group = channels.slice(at, at + CHANNELS_AT_ONCE);
    await testGroup(parts, group, ask, classes);
    watch.onProgress(at + group.length, channels.length);
  }
  return [...classes.values()].map(({ test, ...about }) => ({ ...about, report: test.report() }));
}

interface ClassInWork extends Omit<StoredBackTest, "report" | "channels"> {
  channels: number;
  readonly test: BackTest;
}

async function testGroup(
  parts: ReviewParts,
  channels: readonly Channel[],
  ask: BackTestAsk,
  classes: Map<string, ClassInWork>,
): Promise<void> {
  const { fromDayMs, toDayMs } = ask;
  const meterIds = [...new Set(channels.map(({ meterId }) => meterId))];
  const channelIds = channels.map(({ channelId }) => channelId);
  const [places, events, stored, surroundings] = await Promise.all([
    placesOf(parts.store, meterIds, toDayMs),
    eventsOf(parts.store, meterIds, fromDayMs, toDayMs),
    parts.ledger.blocks({ channelIds, fromDayMs, toDayMs }),
    surroundingsOf(parts, channels, { fromMs: fromDayMs, toMs: toDayMs }),
  ]);
  const blocks = new Map<ChannelId, IntervalBlock[]>(channelIds.map((channelId) => [channelId, []]));
  for (const { channelId, block } of stored) blocks.get(channelId)?.push(block);
  for (const channel of channels) {
    const { intervalSeconds, meterId } = channel;
    const known = (blocks.get(channel.channelId) ?? []).filter((block) => block.intervalSeconds === intervalSeconds);
    if (known.length === 0) continue;
    const firstMs = Math.min(...known.map(({ dayStartMs }) => dayStartMs));
    const lastMs = Math.max(...known.map(({ dayStartMs }) => dayStartMs)) + DAY_MS;
    const facts = factsOf(channel, "headend", places.get(meterId));
    const entry = classOf(classes, channel, { ...ask, channelClass: facts.channelClass, commodity: facts.commodity });
    if (entry === undefined) continue;
    entry.channels += 1;
    entry.test.add(spanOf(known, { fromMs: firstMs, toMs: lastMs, intervalSeconds }), {
      channel: facts,
      zone: parts.zone,
      spans: spansOfEvents(events.get(meterId) ?? [], toDayMs),
      ...surroundings.get(channel.channelId),
      ...(parts.holidays === undefined ? {} : { holidays: parts.holidays }),
    });
  }
}

function classOf(
  classes: Map<string, ClassInWork>,
  { unit, scaler, intervalSeconds }: Channel,
  { channelClass, commodity, holeMinutes, holesEach, random }: BackTestAsk & Pick<StoredBackTest, "channelClass" | "commodity">,
): ClassInWork | undefined {
  const key = [channelClass, commodity, unit, scaler, intervalSeconds].join("\n");
  const known = classes.get(key);
  if (known !== undefined) return known;
  const holeIntervals = holeMinutes.map((minutes) => (minutes * 60) / intervalSeconds).filter((length) => Number.isInteger(length));
  if (holeIntervals.length === 0) return undefined;
  const test = startBackTest({ holeIntervals, holesEach, random });
  const entry: ClassInWork = { channelClass, commodity, unit, scaler, intervalSeconds, channels: 0, test };
  classes.set(key, entry);
  return entry;
}
