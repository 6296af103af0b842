import { blocksOf, DAY_MS, spanOf, utcDayStartMs, type IntervalBlock, type Zone } from "@amity/intervals";
import type { InterchangeRecord, PutAside } from "@amity/interchange";
import type { IntervalSeries } from "@amity/model";
import type { ChannelId } from "../ledger/channel-id.ts";
import type { BlockWrite, Ledger, WriteOutcome } from "../ledger/ledger.ts";
import { factsOf } from "../pipeline/channels.ts";
import type { MeterPlace } from "../registry/places.ts";
import type { Channel, ChannelDescription, Registry } from "../registry/registry.ts";
import type { Finding } from "./finding.ts";
import { joinRuns } from "./join-runs.ts";
import type { CompiledRuleSet } from "./rule-set.ts";
import { seriesEndMs, type Series } from "./series.ts";
import { markQualities, validate } from "./validate.ts";

export interface BulkLoadParts {
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly ruleSet: CompiledRuleSet;
  /** Zone of the usage points' calendars. */
  readonly zone: Zone;
  readonly holidays?: ReadonlySet<number>;
  readonly author: string;
  /** Name of the file: provenance. */
  readonly source: string;
  /** Days before the loaded ones that the rules may look at. Default 30. */
  readonly historyDays?: number;
  /** Intervals validated and committed at once; the bound of the memory taken. Default 500,000. */
  readonly groupIntervals?: number;
  /** Told of each channel's findings, before the group that holds them is committed. */
  readonly onFindings?: (channel: Channel, findings: readonly Finding[]) => Promise<void> | void;
  /**
   * Told, after the commit, of days that the ledger refused whole (another grid) or in part (edited or final values): hand
   * them to a ledger sink, which puts aside what is news. Its block is as delivered.
   */
  readonly onRefused?: (channel: Channel, block: IntervalBlock) => Promise<void> | void;
  /** Told, after the commit, of deliveries with values that another of the same group replaced: the last said was stored. */
  readonly onOverlap?: (channel: Channel, series: Series) => Promise<void> | void;
  /** Told, after the commit, of every channel day that got a version. */
  readonly onStored?: (channel: Channel, dayStartMs: number) => void;
  /** Told of what the reader put aside, and of records that are not intervals (they are not stored here). */
  readonly onOther?: (record: PutAside | Exclude<InterchangeRecord, { kind: "intervals" }>) => Promise<void> | void;
}

export interface BulkLoadSummary {
  readonly channels: number;
  readonly intervals: number;
  readonly findings: number;
  readonly blocksStored: number;
  readonly blocksUnchanged: number;
  /** Days that the ledger refused (another grid) or stored only in part (edited or final values). */
  readonly blocksRefused: number;
  /** Channel days with a gap or failed intervals, and those that stood before and changed: what a review should look at. */
  readonly toReview: readonly { readonly channelId: ChannelId; readonly dayStartMs: number }[];
}

/** Channels whose history is held in memory at once. */
const CHANNELS_AT_ONCE = 2000;
/** Days that are named for review; beyond it a review of the whole period is in order. */
const TO_REVIEW_MAX = 1_000_000;

/**
 * Loads interval records through validation straight into the ledger: one version a day that carries its verdict, instead
 * of a raw one and a validated one. What fails keeps its delivered value under a failed quality; nothing is estimated here.
 * Days that are stored already go as they came, by the ledger's delivery policy, so that no decision about them is undone.
 * The next group is read and parsed while the last is written. Loading the same again changes nothing.
 */
export async function bulkLoad(parts: BulkLoadParts, records: AsyncIterable<InterchangeRecord>): Promise<BulkLoadSummary> {
  const tally = startTally();
  const limit = parts.groupIntervals ?? 500_000;
  let group = new Map<string, IntervalSeries[]>();
  let waiting = 0;
  let writing: Promise<void> = Promise.resolve();
  const flush = async () => {
    const full = group;
    group = new Map();
    waiting = 0;
    // One group is in flight at a time: the history of the next must see it.
    await writing;
    writing = loadGroup(parts, [...full.values()], tally);
    // Its failure is awaited with the next group or at the end; until then it must not count as unhandled.
    writing.catch(() => undefined);
  };
  try {
    for await (const record of records) {
      if (record.kind !== "intervals") {
        await parts.onOther?.(record);
        continue;
      }
      const { series } = record;
      const key = `${series.meterId}\n${series.channel}\n${series.unit}\n${series.scaler}\n${series.intervalSeconds}`;
      const known = group.get(key);
      if (known !== undefined) known.push(series);
      else {
        // A group ends between channels, so that a channel's days are joined wherever the file has them together.
        if (waiting >= limit || group.size >= CHANNELS_AT_ONCE) await flush();
        group.set(key, [series]);
      }
      waiting += series.values.length;
      if (waiting >= 2 * limit) await flush();
    }
    await flush();
  } finally {
    // Also where the reader failed: nothing is left running behind the caller's back.
    await writing.catch(() => undefined);
  }
  await writing;
  return { ...tally, channels: tally.channelIds.size };
}

interface Tally {
  readonly channelIds: Set<ChannelId>;
  intervals: number;
  findings: number;
  blocksStored: number;
  blocksUnchanged: number;
  blocksRefused: number;
  readonly toReview: { readonly channelId: ChannelId; readonly dayStartMs: number }[];
}

function startTally(): Tally {
  return { channelIds: new Set(), intervals: 0, findings: 0, blocksStored: 0, blocksUnchanged: 0, blocksRefused: 0, toReview: [] };
}

async function loadGroup(parts: BulkLoadParts, deliveries: readonly (readonly IntervalSeries[])[], tally: Tally): Promise<void> {
  if (deliveries.length === 0) return;
  const channels = await channelsFor(parts.registry, deliveries, parts.author);
  const histories = await historiesOf(parts, channels, deliveries);
  const places = await parts.registry.placesOf(
    channels.map(({ meterId }) => meterId),
    lastStartMs(deliveries),
  );
  const writes: BlockWrite[] = [];
  const days: (JudgedDay & { readonly channel: Channel })[] = [];
  const overlaps: { readonly channel: Channel; readonly series: Series }[] = [];
  for (const [index, channel] of channels.entries()) {
    const judged = judgeChannel(
      parts,
      { channel, place: places.get(channel.meterId) },
      deliveries[index] ?? [],
      histories.get(channel.channelId) ?? [],
    );
    if (judged.findings.length > 0) await parts.onFindings?.(channel, judged.findings);
    tally.channelIds.add(channel.channelId);
    tally.intervals += judged.intervals;
    tally.findings += judged.findings.length;
    for (const series of judged.overlaps) overlaps.push({ channel, series });
    for (const day of judged.days) {
      writes.push({ channelId: channel.channelId, block: day.block });
      days.push({ channel, ...day });
    }
  }
  const { ruleSet, author, source } = parts;
  const outcomes = await parts.ledger.write(writes, { author, reason: "", source, ruleSet: `${ruleSet.id} v${ruleSet.version}` });
  await settleOutcomes(parts, days, outcomes, tally);
  for (const { channel, series } of overlaps) await parts.onOverlap?.(channel, series);
}

async function settleOutcomes(
  parts: BulkLoadParts,
  days: readonly (JudgedDay & { readonly channel: Channel })[],
  outcomes: readonly WriteOutcome[],
  tally: Tally,
): Promise<void> {
  for (const [index, outcome] of outcomes.entries()) {
    const day = days[index];
    if (day === undefined) continue;
    if (outcome.kind === "stored") tally.blocksStored += 1;
    else if (outcome.kind === "unchanged") tally.blocksUnchanged += 1;
    else {
      tally.blocksRefused += 1;
      await parts.onRefused?.(day.channel, day.block);
    }
    const isStored = outcome.kind === "stored" || (outcome.kind === "protected" && outcome.isStored);
    if (!isStored) continue;
    const { dayStartMs } = day.block;
    parts.onStored?.(day.channel, dayStartMs);
    if (day.needsReview && tally.toReview.length < TO_REVIEW_MAX) tally.toReview.push({ channelId: day.channel.channelId, dayStartMs });
  }
}

async function channelsFor(
  registry: Registry,
  deliveries: readonly (readonly IntervalSeries[])[],
  author: string,
): Promise<readonly Channel[]> {
  const descriptions = deliveries.flatMap((list): readonly ChannelDescription[] => {
    const [first] = list;
    return first === undefined
      ? []
      : [
          {
            meterId: first.meterId,
            name: first.channel,
            kind: "interval",
            unit: first.unit,
            scaler: first.scaler,
            intervalSeconds: first.intervalSeconds,
          },
        ];
  });
  const ids = await registry.resolve(descriptions, author);
  return descriptions.map((description, index) => ({ ...description, channelId: ids[index] ?? 0 }));
}

async function historiesOf(
  parts: BulkLoadParts,
  channels: readonly Channel[],
  deliveries: readonly (readonly IntervalSeries[])[],
): Promise<ReadonlyMap<ChannelId, readonly IntervalBlock[]>> {
  const found = new Map<ChannelId, IntervalBlock[]>();
  let [firstMs, lastMs] = [Infinity, -Infinity];
  for (const list of deliveries) {
    for (const series of list) {
      firstMs = Math.min(firstMs, series.startMs);
      lastMs = Math.max(lastMs, seriesEndMs(series) - 1);
    }
  }
  const days = parts.historyDays ?? 30;
  if (firstMs > lastMs) return found;
  const fromDayMs = utcDayStartMs(firstMs) - Math.max(0, days) * DAY_MS;
  await parts.ledger.read(
    { channelIds: channels.map((channel) => channel.channelId), fromDayMs, toDayMs: utcDayStartMs(lastMs) + DAY_MS },
    ({ channelId, block }) => {
      const list = found.get(channelId);
      if (list === undefined) found.set(channelId, [block]);
      else list.push(block);
    },
  );
  return found;
}

function lastStartMs(deliveries: readonly (readonly IntervalSeries[])[]): number {
  let lastMs = 0;
  for (const list of deliveries) for (const { startMs } of list) lastMs = Math.max(lastMs, startMs);
  return lastMs;
}

interface JudgedChannel {
  readonly intervals: number;
  readonly findings: readonly Finding[];
  readonly days: readonly JudgedDay[];
  readonly overlaps: readonly Series[];
}

interface JudgedDay {
  readonly block: IntervalBlock;
  readonly needsReview: boolean;
}

function judgeChannel(
  parts: BulkLoadParts,
  { channel, place }: { channel: Channel; place: MeterPlace | undefined },
  deliveries: readonly IntervalSeries[],
  stored: readonly IntervalBlock[],
): JudgedChannel {
  const findings: Finding[] = [];
  const days: JudgedDay[] = [];
  const doubled: Series[] = [];
  const standing = new Set(stored.map(({ dayStartMs }) => dayStartMs));
  let intervals = 0;
  for (const { series, overlaps } of joinRuns(deliveries)) {
    const history = historyBefore(stored, series, parts.historyDays ?? 30);
    const verdict = validate(
      series,
      {
        channel: factsOf(channel, parts.source, place),
        zone: parts.zone,
        ...(history === undefined ? {} : { history }),
        ...(parts.holidays === undefined ? {} : { holidays: parts.holidays }),
        ...(overlaps.length === 0 ? {} : { declared: { overlaps } }),
      },
      parts.ruleSet,
    );
    intervals += series.values.length;
    doubled.push(...overlaps);
    findings.push(...verdict.findings);
    const open = new Set<number>();
    for (const finding of verdict.findings)
      if (finding.severity !== "info") for (let day = utcDayStartMs(finding.fromMs); day < finding.toMs; day += DAY_MS) open.add(day);
    const marked = blocksOf({ ...series, qualities: markQualities(series, verdict, parts.ruleSet) });
    const delivered = marked.some(({ dayStartMs }) => standing.has(dayStartMs)) ? blocksOf(series) : marked;
    for (const [index, block] of marked.entries()) {
      const stands = standing.has(block.dayStartMs);
      days.push({ block: (stands ? delivered[index] : block) ?? block, needsReview: stands || open.has(block.dayStartMs) });
    }
  }
  return { intervals, findings, days, overlaps: doubled };
}

/** The stored days before a run, on its grid; undefined where there are none. */
function historyBefore(stored: readonly IntervalBlock[], series: Series, days: number): Series | undefined {
  const phaseSeconds = (series.startMs / 1000) % series.intervalSeconds;
  const before = stored.filter(
    (block) => block.intervalSeconds === series.intervalSeconds && block.phaseSeconds === phaseSeconds && block.dayStartMs < series.startMs,
  );
  if (before.length === 0 || seriesEndMs(series) <= series.startMs) return undefined;
  const firstMs = Math.max(Math.min(...before.map((block) => block.dayStartMs)), series.startMs - days * DAY_MS);
  return spanOf(before, { fromMs: firstMs, toMs: series.startMs, intervalSeconds: series.intervalSeconds });
}
