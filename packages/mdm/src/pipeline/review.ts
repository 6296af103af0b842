import { DAY_MS, isMissingSlot, MISSING_QUALITY, spanOf, type IntervalBlock, type IntervalSpan, type Zone } from "@amity/intervals";
import { QUALITY_CATEGORIES, qualityCategoryOf } from "@amity/model";
import type { Clock } from "@amity/runtime";
import type { Store } from "@amity/store";
import { estimate, type EstimationPlan } from "../estimation/index.ts";
import type { StoredBlock } from "../ledger/block-table.ts";
import { blockKeyOf, type ChannelId } from "../ledger/channel-id.ts";
import type { BlockWrite, Ledger } from "../ledger/ledger.ts";
import { placesOf, type MeterPlace } from "../registry/places.ts";
import type { Channel } from "../registry/registry.ts";
import { markQualities, validate, type CompiledRuleSet, type RulesInForce, type VeeContext } from "../vee/index.ts";
import { channelsById, factsOf, type ChannelDay } from "./channels.ts";
import { spansOfEvents } from "./event-spans.ts";
import type { ExceptionQueue, RaisedFinding, SoundSpan } from "./exception-queue.ts";
import { restoredDays } from "./explained-days.ts";
import { raisedOf } from "./raised-finding.ts";
import { eventsOf, registerFactsOf, registersOf, type RegisterPoints } from "./review-inputs.ts";
import { surroundingsOf, type Surroundings, type TemperatureOf } from "./surroundings.ts";

/** What a review is made with. */
export interface ReviewParts {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly exceptions: ExceptionQueue;
  readonly clock: Pick<Clock, "nowMs">;
  readonly ruleSet: CompiledRuleSet;
  readonly plan: EstimationPlan;
  /** The rules of each day by their activations; where absent, `ruleSet` and `plan` hold for all. */
  readonly inForce?: RulesInForce;
  /** Zone of the usage points' calendars. */
  readonly zone: Zone;
  readonly holidays?: ReadonlySet<number>;
  /** The weather, for rules and estimators of gas and heat. */
  readonly temperatureOf?: TemperatureOf;
  /**
   * How far a day should be covered: to its end (default: a meter that falls silent is a finding), or to the channel's last
   * value (a file that ends at noon is not a gap).
   */
  readonly expectUntil?: "dayEnd" | "lastValue";
}

export interface ReviewSummary {
  readonly channels: number;
  readonly intervals: number;
  readonly findings: number;
  readonly blocksWritten: number;
}

/** Days before the reviewed ones that rules and estimators may look at. */
const HISTORY_DAYS = 28;
/** Channels whose blocks are held in memory at once. */
const CHANNELS_AT_ONCE = 256;

/**
 * Validates and estimates whole UTC days of channels and stores the outcome as new versions: what passed becomes validated,
 * what failed or is missing is estimated, findings go to the queue. Values that arrive meanwhile win: a superseded write is
 * dropped, its arrival asks for another review. Only days that are over should be given: what is missing is filled.
 */
export async function reviewDays(parts: ReviewParts, days: readonly ChannelDay[]): Promise<ReviewSummary> {
  const total = { channels: 0, intervals: 0, findings: 0, blocksWritten: 0 };
  for (const { ruling, ruled } of await byRules(parts, days)) {
    const summary = await reviewUnder(ruling, ruled);
    total.channels += summary.channels;
    total.intervals += summary.intervals;
    total.findings += summary.findings;
    total.blocksWritten += summary.blocksWritten;
  }
  return total;
}

/** Days apart by the rules that hold for them. */
async function byRules(parts: ReviewParts, days: readonly ChannelDay[]): Promise<{ ruling: ReviewParts; ruled: ChannelDay[] }[]> {
  if (parts.inForce === undefined) return [{ ruling: parts, ruled: [...days] }];
  const starts = [...new Set(days.map(({ dayStartMs }) => dayStartMs))];
  const rules = await parts.inForce.forInstants(starts);
  const groups = new Map<string, { ruling: ReviewParts; ruled: ChannelDay[] }>();
  const groupOf = new Map<number, ChannelDay[]>();
  for (const [index, dayStartMs] of starts.entries()) {
    const { ruleSet, plan } = rules[index] ?? parts;
    const key = `${ruleSet.id} ${ruleSet.version} ${plan.id} ${plan.version}`;
    const group = groups.get(key) ?? { ruling: { ...parts, ruleSet, plan }, ruled: [] };
    groups.set(key, group);
    groupOf.set(dayStartMs, group.ruled);
  }
  for (const day of days) groupOf.get(day.dayStartMs)?.push(day);
  return [...groups.values()];
}

async function reviewUnder(parts: ReviewParts, days: readonly ChannelDay[]): Promise<ReviewSummary> {
  const total = { channels: 0, intervals: 0, findings: 0, blocksWritten: 0 };
  const byChannel = new Map<ChannelId, number[]>();
  for (const { channelId, dayStartMs } of days) {
    const known = byChannel.get(channelId);
    if (known === undefined) byChannel.set(channelId, [dayStartMs]);
    else known.push(dayStartMs);
  }
  const entries = [...byChannel];
  for (let at = 0; at < entries.length; at += CHANNELS_AT_ONCE) {
    const summary = await reviewGroup(parts, new Map(entries.slice(at, at + CHANNELS_AT_ONCE)));
    total.channels += summary.channels;
    total.intervals += summary.intervals;
    total.findings += summary.findings;
    total.blocksWritten += summary.blocksWritten;
  }
  return total;
}

async function reviewGroup(parts: ReviewParts, days: ReadonlyMap<ChannelId, readonly number[]>): Promise<ReviewSummary> {
  const channels = await channelsById(parts.store, [...days.keys()]);
  const wanted = [...channels.values()].filter((channel) => channel.kind === "interval");
  const all = [...days.values()].flat();
  const fromDayMs = Math.min(...all) - HISTORY_DAYS * DAY_MS;
  const toDayMs = Math.max(...all) + DAY_MS;
  const stored = new Map<ChannelId, StoredBlock[]>();
  await parts.ledger.read({ channelIds: wanted.map(({ channelId }) => channelId), fromDayMs, toDayMs }, (block) => {
    const list = stored.get(block.channelId);
    if (list === undefined) stored.set(block.channelId, [block]);
    else list.push(block);
  });
  const meterIds = [...new Set(wanted.map(({ meterId }) => meterId))];
  const registers = await registersOf(parts.store, meterIds, fromDayMs, toDayMs);
  const events = await eventsOf(parts.store, meterIds, fromDayMs, toDayMs);
  const places = await placesOf(parts.store, meterIds, toDayMs);
  const times = wanted.map(({ channelId, meterId }) => ({
    channelId,
    days: days.get(channelId) ?? [],
    spans: spansOfEvents(events.get(meterId) ?? [], toDayMs),
  }));
  const restored = await restoredDays(parts.store, times);
  const surroundings = await surroundingsOf(parts, wanted, { fromMs: fromDayMs, toMs: toDayMs });
  const writes: BlockWrite[] = [];
  const raised: RaisedFinding[] = [];
  const sound: SoundSpan[] = [];
  let intervals = 0;
  for (const [index, channel] of wanted.entries()) {
    const reviewed = reviewChannel(parts, {
      channel,
      days: times[index]?.days ?? [],
      blocks: stored.get(channel.channelId) ?? [],
      restored,
      registers,
      place: places.get(channel.meterId),
      spans: times[index]?.spans ?? [],
      surroundings: surroundings.get(channel.channelId) ?? {},
    });
    intervals += reviewed.intervals;
    writes.push(...reviewed.writes);
    sound.push(...reviewed.sound);
    raised.push(...reviewed.raised);
  }
  const ruleSet = `${parts.ruleSet.id} v${parts.ruleSet.version}`;
  const outcomes = await parts.ledger.write(writes, { author: "vee", reason: "validation and estimation", source: "", ruleSet });
  await parts.exceptions.raise(raised, sound);
  const blocksWritten = outcomes.filter((outcome) => outcome.kind === "stored").length;
  return { channels: wanted.length, intervals, findings: raised.length, blocksWritten };
}

interface ChannelReview {
  readonly channel: Channel;
  readonly days: readonly number[];
  readonly blocks: readonly StoredBlock[];
  /** Days that are judged as they were delivered instead of as they stand, by `blockKeyOf`. */
  readonly restored: ReadonlyMap<number, IntervalBlock>;
  readonly registers: RegisterPoints;
  readonly place: MeterPlace | undefined;
  readonly spans: VeeContext["spans"];
  readonly surroundings: Surroundings;
}

interface ReviewedChannel {
  readonly writes: readonly BlockWrite[];
  readonly raised: readonly RaisedFinding[];
  readonly sound: readonly SoundSpan[];
  readonly intervals: number;
}

function reviewChannel(parts: ReviewParts, review: ChannelReview): ReviewedChannel {
  const writes: BlockWrite[] = [];
  const raised: RaisedFinding[] = [];
  const sound: SoundSpan[] = [];
  let intervals = 0;
  for (const run of runsOf(review.days)) {
    const judged = judge(parts, review, run);
    if (judged === undefined) continue;
    intervals += judged.series.values.length;
    raised.push(...judged.raised);
    sound.push(...soundSpans(review.channel.channelId, judged.series));
    for (let dayStartMs = run.fromDayMs; dayStartMs < run.toDayMs; dayStartMs += DAY_MS) {
      const write = writeOf(review, dayStartMs, judged.series);
      if (write !== undefined) writes.push(write);
    }
  }
  return { writes, raised, sound, intervals };
}

/** Validates and estimates one run of days. `undefined` where the channel has no value up to its end. */
function judge(
  parts: ReviewParts,
  review: ChannelReview,
  run: { fromDayMs: number; toDayMs: number },
): { series: IntervalSpan; raised: RaisedFinding[] } | undefined {
  const { channel, spans } = review;
  const { intervalSeconds } = channel;
  const blocks = review.blocks
    .map(({ block }) => review.restored.get(blockKeyOf(channel.channelId, block.dayStartMs)) ?? block)
    .filter((block) => block.dayStartMs < run.toDayMs);
  const firstMs = firstValueMs(blocks);
  if (firstMs === undefined) return undefined;
  const phaseSeconds = blocks[0]?.phaseSeconds ?? 0;
  const onGrid = blocks.filter((block) => block.intervalSeconds === intervalSeconds && block.phaseSeconds === phaseSeconds);
  const fromMs = Math.max(run.fromDayMs, firstMs);
  const toMs = parts.expectUntil === "lastValue" ? Math.min(run.toDayMs, lastValueEndMs(review.blocks) ?? run.toDayMs) : run.toDayMs;
  const series = spanOf(onGrid, { fromMs, toMs, intervalSeconds });
  if (series.values.length === 0) return undefined;
  const history = spanOf(onGrid, { fromMs: run.fromDayMs - HISTORY_DAYS * DAY_MS, toMs: fromMs, intervalSeconds });
  const facts = registerFactsOf(channel, review.registers);
  const context: VeeContext = {
    channel: factsOf(channel, "headend", review.place),
    zone: parts.zone,
    history,
    ...review.surroundings,
    ...(spans === undefined ? {} : { spans }),
    ...(facts === undefined ? {} : { registers: facts }),
    ...(parts.holidays === undefined ? {} : { holidays: parts.holidays }),
  };
  const verdict = validate(series, context, parts.ruleSet);
  const marked = { ...series, qualities: markQualities(series, verdict, parts.ruleSet) };
  const filled = verdict.terminated ? undefined : estimate(marked, context, parts.plan);
  const outcome: IntervalSpan = filled === undefined ? marked : { ...marked, values: filled.values, qualities: filled.qualities };
  return { series: outcome, raised: verdict.findings.map((finding) => raisedOf(channel, finding, { delivered: marked, filled })) };
}

/** Qualities that need nobody any more: measured and found valid, or a person's. */
const SOUND: readonly boolean[] = QUALITY_CATEGORIES.map((category) => category === "valid" || category === "edited" || category === "raw");

/** The runs of sound values: what stood open within one has been made good. */
function soundSpans(channelId: ChannelId, series: IntervalSpan): SoundSpan[] {
  const spans: SoundSpan[] = [];
  const stepMs = series.intervalSeconds * 1000;
  let from = -1;
  for (let index = 0; index <= series.qualities.length; index++) {
    const isSound = index < series.qualities.length && SOUND[qualityCategoryOf(series.qualities[index] ?? 0)] === true;
    if (isSound && from < 0) from = index;
    if (isSound || from < 0) continue;
    spans.push({ channelId, fromMs: series.startMs + from * stepMs, toMs: series.startMs + index * stepMs });
    from = -1;
  }
  return spans;
}

function firstValueMs(blocks: readonly IntervalBlock[]): number | undefined {
  let first: number | undefined;
  for (const block of blocks) {
    const slot = block.qualities.findIndex((quality) => !isMissingSlot(quality));
    if (slot < 0) continue;
    const atMs = block.dayStartMs + (block.phaseSeconds + slot * block.intervalSeconds) * 1000;
    if (first === undefined || atMs < first) first = atMs;
  }
  return first;
}

function lastValueEndMs(stored: readonly StoredBlock[]): number | undefined {
  let last: number | undefined;
  for (const { block } of stored) {
    const slot = block.qualities.findLastIndex((quality) => !isMissingSlot(quality));
    if (slot < 0) continue;
    const endMs = block.dayStartMs + (block.phaseSeconds + (slot + 1) * block.intervalSeconds) * 1000;
    if (last === undefined || endMs > last) last = endMs;
  }
  return last;
}

/** The day's next version, `undefined` where the review changed nothing of it. */
function writeOf(review: ChannelReview, dayStartMs: number, series: IntervalSpan): BlockWrite | undefined {
  const stored = review.blocks.find((candidate) => candidate.block.dayStartMs === dayStartMs);
  const { channelId, intervalSeconds } = review.channel;
  const phaseSeconds = stored?.block.phaseSeconds ?? review.blocks[0]?.block.phaseSeconds ?? 0;
  const slots = 86_400 / intervalSeconds;
  const values = stored?.block.values.slice() ?? new Float64Array(slots);
  const qualities = stored?.block.qualities.slice() ?? new Uint16Array(slots).fill(MISSING_QUALITY);
  let changed = false;
  const offset = Math.round((series.startMs - dayStartMs - phaseSeconds * 1000) / (intervalSeconds * 1000));
  for (let slot = Math.max(0, offset); slot < slots; slot++) {
    const at = slot - offset;
    if (at >= series.values.length) break;
    const value = series.values[at] ?? 0;
    const quality = series.qualities[at] ?? MISSING_QUALITY;
    if (values[slot] === value && qualities[slot] === quality) continue;
    values[slot] = value;
    qualities[slot] = quality;
    changed = true;
  }
  if (!changed) return undefined;
  const block: IntervalBlock = { dayStartMs, intervalSeconds, phaseSeconds, values, qualities };
  return { channelId, block, mode: "replace", expectedVersion: stored?.version ?? 0 };
}

/** Days in ascending runs without a hole. */
function runsOf(days: readonly number[]): { fromDayMs: number; toDayMs: number }[] {
  const runs: { fromDayMs: number; toDayMs: number }[] = [];
  for (const dayStartMs of [...new Set(days)].toSorted((left, right) => left - right)) {
    const last = runs.at(-1);
    if (last !== undefined && last.toDayMs === dayStartMs) last.toDayMs = dayStartMs + DAY_MS;
    else runs.push({ fromDayMs: dayStartMs, toDayMs: dayStartMs + DAY_MS });
  }
  return runs;
}
