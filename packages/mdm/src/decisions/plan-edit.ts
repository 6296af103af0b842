import { UsageError } from "@amity/bytes";
import { DAY_MS, isMissingSlot, localDayOf, resolveLocal, slotStartMs, type IntervalBlock } from "@amity/intervals";
import { packQuality, type QualityMethod } from "@amity/model";
import { instantParam } from "@amity/store";
import { blockKeyOf } from "../ledger/channel-id.ts";
import { channelsById } from "../pipeline/channels.ts";
import { exceptionOf, SELECT_EXCEPTIONS, type ExceptionRow } from "../pipeline/exception-rows.ts";
import { Money } from "../rating/money.ts";
import type { Channel } from "../registry/registry.ts";
import type { DecisionAsk, IntervalChange } from "./decision.ts";
import { completePlan, type Plan, type PlannedDay, type PlanParts, type Tell } from "./plan.ts";
import { estimatedSpans, type SpanEstimates } from "./span-estimates.ts";
import { daysUnder, slotsWithin, spansByChannel, type ChannelSpan } from "./stored-days.ts";

/** Longest span of one edit: two months. */
const EDIT_DAYS_MAX = 62;
/** Largest value that a person may set, in counts. */
const COUNTS_MAX = 2 ** 40;
const FINAL = 0x8000;

interface Edit {
  readonly spans: readonly ChannelSpan[];
  readonly change: IntervalChange;
}

/** What a slot becomes; `undefined` leaves it as it is. */
interface Slot {
  readonly value: number;
  readonly quality: number;
}

/**
 * What an edit of one channel's time would do. Open exceptions that lie wholly within it are closed with it.
 * @throws UsageError naming what of the ask does not hold: `unknown-channel`, `edit-span`, `edit-values`, `edit-final`, `no-estimate`.
 */
export async function planEdit(parts: PlanParts, ask: Extract<DecisionAsk, { kind: "edit" }>, tell: Tell): Promise<Plan> {
  const channel = (await channelsById(parts.store, [ask.channelId])).get(ask.channelId);
  if (channel === undefined || channel.kind !== "interval")
    throw new UsageError(`${ask.channelId} is no interval channel`, { code: "unknown-channel" });
  const { fromMs, toMs, change } = ask;
  const days = await plannedEdits(parts, { spans: [{ channel, fromMs, toMs }], change }, tell);
  const { rows } = await parts.store.query<ExceptionRow>(
    `${SELECT_EXCEPTIONS} where channel_id = $1 and state = 'open' and from_at >= $2 and to_at <= $3 and severity <> 'info' order by exception_id`,
    [ask.channelId, instantParam(fromMs), instantParam(toMs)],
  );
  const after = change.kind === "estimate" ? "estimated" : "edited";
  return completePlan(parts, { days, exceptions: rows.map((row) => ({ exception: exceptionOf(row), after })) }, []);
}

/** The days of spans with a change made over them; days that it does not change are left out. @throws UsageError as `planEdit`. */
export async function plannedEdits(parts: PlanParts, { spans, change }: Edit, tell: Tell): Promise<PlannedDay[]> {
  checkSpans(parts, spans);
  checkChange(change);
  const days = await daysUnder(parts, spans, tell);
  const slotOf = await slotMaker(parts, { spans, change }, tell);
  const grouped = spansByChannel(spans);
  const planned: PlannedDay[] = [];
  let intervals = 0;
  for (const { channel, versions, current } of days.values()) {
    const slots = (grouped.get(channel.channelId) ?? []).flatMap((span) => slotsWithin(current, span).map((slot) => ({ slot, span })));
    intervals += slots.length;
    const block = changedBlock(current, slots, (slot, span) => slotOf({ channel, block: current, slot, span }));
    if (block !== undefined) planned.push({ channel, version: versions.length, before: current, block });
  }
  if (change.kind === "values" && intervals !== change.values.length)
    throw editError("edit-values", `${change.values.length} values are given for ${intervals} intervals`);
  return planned;
}

function changedBlock(
  current: IntervalBlock,
  slots: readonly { slot: number; span: ChannelSpan }[],
  slotOf: (slot: number, span: ChannelSpan) => Slot | undefined,
): IntervalBlock | undefined {
  const values = current.values.slice();
  const qualities = current.qualities.slice();
  let changed = false;
  for (const { slot, span } of slots) {
    const made = slotOf(slot, span);
    if (made === undefined || (values[slot] === made.value && qualities[slot] === made.quality)) continue;
    if (((qualities[slot] ?? 0) & FINAL) !== 0)
      throw editError("edit-final", `the interval at ${new Date(slotStartMs(current, slot)).toISOString()} is final: nothing replaces it`);
    if (!Number.isSafeInteger(made.value) || Math.abs(made.value) > COUNTS_MAX)
      throw editError("edit-values", `${made.value} is no value that an interval can hold`);
    values[slot] = made.value;
    qualities[slot] = made.quality;
    changed = true;
  }
  return changed ? { ...current, values, qualities } : undefined;
}

interface At {
  readonly channel: Channel;
  readonly block: IntervalBlock;
  readonly slot: number;
  readonly span: ChannelSpan;
}

/** The function that says what each slot becomes. */
async function slotMaker(parts: PlanParts, { spans, change }: Edit, tell: Tell): Promise<(at: At) => Slot | undefined> {
  switch (change.kind) {
    case "set":
      return () => ({ value: change.value, quality: edited("manual") });
    case "values":
      return ({ block, slot, span }) => {
        const index = Math.floor((slotStartMs(block, slot) - span.fromMs) / (block.intervalSeconds * 1000));
        const value = change.values[index] ?? null;
        return value === null ? undefined : { value, quality: edited("manual") };
      };
    case "scale":
      return ({ block, slot }) => {
        if (isMissingSlot(block.qualities[slot] ?? 0)) return undefined;
        const value = new Money(block.values[slot] ?? 0).times(change.factor).round().toNumber();
        return { value, quality: edited("scaled") };
      };
    case "copyDay":
      return copier(parts, spans, change.day, tell);
    case "estimate":
      return fromEstimates(await estimatedSpans(parts, { spans, change }));
  }
}

/** Copies from the same time of day of another civil day. */
async function copier(parts: PlanParts, spans: readonly ChannelSpan[], day: number, tell: Tell): Promise<(at: At) => Slot | undefined> {
  const dayMs = day * DAY_MS;
  const fromMs = resolveLocal(parts.zone, dayMs).instantMs;
  const toMs = resolveLocal(parts.zone, dayMs + DAY_MS).instantMs;
  const channels = new Map(spans.map(({ channel }) => [channel.channelId, channel]));
  const sources = await daysUnder(
    parts,
    [...channels.values()].map((channel) => ({ channel, fromMs, toMs })),
    tell,
  );
  return ({ channel, block, slot }) => {
    const startMs = slotStartMs(block, slot);
    const timeOfDayMs = startMs + parts.zone.offsetMsAt(startMs) - localDayOf(parts.zone, startMs) * DAY_MS;
    const sourceMs = resolveLocal(parts.zone, dayMs + timeOfDayMs).instantMs;
    const source = sources.get(blockKeyOf(channel.channelId, Math.floor(sourceMs / DAY_MS) * DAY_MS))?.current;
    const at = source === undefined ? -1 : (sourceMs - slotStartMs(source, 0)) / (source.intervalSeconds * 1000);
    if (source === undefined || !Number.isInteger(at) || isMissingSlot(source.qualities[at] ?? 0x3d00))
      throw editError("edit-values", `there is no value at ${new Date(sourceMs).toISOString()} to copy`);
    return { value: source.values[at] ?? 0, quality: edited("copied") };
  };
}

function fromEstimates(estimates: SpanEstimates): (at: At) => Slot | undefined {
  return ({ channel, block, slot }) => estimates.at(channel.channelId, slotStartMs(block, slot));
}

function edited(method: QualityMethod): number {
  return packQuality({ source: "mdms", category: "edited", method, final: false });
}

function checkSpans(parts: PlanParts, spans: readonly ChannelSpan[]): void {
  const nowMs = parts.clock.nowMs();
  for (const { fromMs, toMs } of spans) {
    if (!(toMs > fromMs)) throw editError("edit-span", "the span ends before it begins");
    if (toMs - fromMs > EDIT_DAYS_MAX * DAY_MS) throw editError("edit-span", `the span is longer than ${EDIT_DAYS_MAX} days`);
    if (toMs > nowMs) throw editError("edit-span", `the span ends at ${new Date(toMs).toISOString()}, which is still to come`);
  }
}

function checkChange(change: IntervalChange): void {
  if (change.kind === "scale" && !/^\d{1,4}(\.\d{1,9})?$/.test(change.factor))
    throw editError("edit-values", `${change.factor} is no factor: a decimal like 0.5`);
}

function editError(code: string, message: string): UsageError {
  return new UsageError(message, { code });
}
