import { DAY_MS, MISSING_QUALITY, type IntervalBlock } from "@amity/intervals";
import { isEstimated, isMissing, QUALITY, type EndDeviceEvent, type MeterId } from "@amity/model";
import { instantParam, type SqlRunner } from "@amity/store";
import { allVersions } from "../ledger/block-table.ts";
import { blockKeyOf, channelNoOf, meterKeyOf, type ChannelId } from "../ledger/channel-id.ts";
import type { EventSpan } from "../vee/context.ts";
import type { ChannelDay } from "./channels.ts";
import { beginsOrEndsSupply } from "./event-spans.ts";

/** How far from an event of loss or return of supply an open exception may lie that it explains. */
const REACH_DAYS = 7;

/**
 * The days of open exceptions that events of loss or return of supply may explain: to be reviewed again. Empty for other events.
 */
export async function daysToExplain(runner: SqlRunner, events: readonly EndDeviceEvent[]): Promise<ChannelDay[]> {
  const spans = new Map<MeterId, { fromMs: number; toMs: number }>();
  for (const { meterId, kind, atMs } of events) {
    if (!beginsOrEndsSupply(kind)) continue;
    const span = spans.get(meterId) ?? { fromMs: atMs, toMs: atMs };
    spans.set(meterId, { fromMs: Math.min(span.fromMs, atMs), toMs: Math.max(span.toMs, atMs) });
  }
  if (spans.size === 0) return [];
  const { rows } = await runner.query<{ channel_id: bigint; from_at: number; to_at: number }>(
    `select e.channel_id, e.from_at, e.to_at
     from unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) as n (meter_id, from_at, to_at)
     join mdm.vee_exception e on e.meter_id = n.meter_id and e.state = 'open' and e.from_at < n.to_at and e.to_at > n.from_at`,
    [
      [...spans.keys()],
      [...spans.values()].map(({ fromMs }) => instantParam(fromMs - REACH_DAYS * DAY_MS)),
      [...spans.values()].map(({ toMs }) => instantParam(toMs + REACH_DAYS * DAY_MS)),
    ],
  );
  const days = new Map<number, ChannelDay>();
  for (const { channel_id, from_at, to_at } of rows)
    for (const day of daysOf(Number(channel_id), { fromMs: from_at, toMs: to_at }))
      days.set(blockKeyOf(day.channelId, day.dayStartMs), day);
  return [...days.values()];
}

/** A channel under review, with the times at which it had no supply. */
export interface ReviewedTimes {
  readonly channelId: ChannelId;
  /** UTC midnights. */
  readonly days: readonly number[];
  readonly spans: readonly EventSpan[];
}

const NO_SUPPLY: ReadonlySet<EventSpan["kind"]> = new Set(["outage", "disconnected"]);

/**
 * Days with what was delivered in the place of estimates, by `blockKeyOf`: where an exception is open and a loss of supply that
 * was not known when the estimates were made touches it. Judged again, the rules and the estimators know it. Days that a person
 * changed are left alone.
 */
export async function restoredDays(runner: SqlRunner, reviewed: readonly ReviewedTimes[]): Promise<ReadonlyMap<number, IntervalBlock>> {
  const dark = reviewed.filter(({ spans }) => spans.some(({ kind }) => NO_SUPPLY.has(kind)));
  const restored = new Map<number, IntervalBlock>();
  if (dark.length === 0) return restored;
  const spansOf = await explainedSpans(runner, dark);
  const keys = new Map<number, ChannelDay>();
  for (const [channelId, spans] of spansOf)
    for (const span of spans) for (const day of daysOf(channelId, span)) keys.set(blockKeyOf(channelId, day.dayStartMs), day);
  const days = await withoutPersons(runner, [...keys.values()]);
  const versions = await allVersions(runner, days);
  for (const [index, { channelId, dayStartMs }] of days.entries()) {
    const block = deliveredAgain(versions[index] ?? [], spansOf.get(channelId) ?? []);
    if (block !== undefined) restored.set(blockKeyOf(channelId, dayStartMs), block);
  }
  return restored;
}

/** The times of open exceptions that a loss of supply touches, where every day of them is under review. */
async function explainedSpans(
  runner: SqlRunner,
  dark: readonly ReviewedTimes[],
): Promise<ReadonlyMap<ChannelId, readonly { fromMs: number; toMs: number }[]>> {
  const byChannel = new Map(dark.map((times) => [times.channelId, times]));
  const { rows } = await runner.query<{ channel_id: bigint; from_at: number; to_at: number }>(
    "select channel_id, from_at, to_at from mdm.vee_exception where channel_id = any ($1::bigint[]) and state = 'open' order by from_at",
    [[...byChannel.keys()]],
  );
  const found = new Map<ChannelId, { fromMs: number; toMs: number }[]>();
  for (const { channel_id, from_at: fromMs, to_at: toMs } of rows) {
    const channelId = Number(channel_id);
    const times = byChannel.get(channelId);
    const isTouched = times?.spans.some((span) => NO_SUPPLY.has(span.kind) && span.fromMs < toMs && span.toMs > fromMs) ?? false;
    const isWhole = daysOf(channelId, { fromMs, toMs }).every(({ dayStartMs }) => times?.days.includes(dayStartMs) ?? false);
    if (isTouched && isWhole) found.set(channelId, [...(found.get(channelId) ?? []), { fromMs, toMs }]);
  }
  return found;
}

async function withoutPersons(runner: SqlRunner, days: readonly ChannelDay[]): Promise<ChannelDay[]> {
  if (days.length === 0) return [];
  const { rows } = await runner.query<{ i: number }>(
    `select distinct n.i::integer as i
     from unnest($1::integer[], $2::smallint[], $3::integer[]) with ordinality as n (meter_key, channel_no, day, i)
     join mdm.edit e on e.meter_key = n.meter_key and e.channel_no = n.channel_no and e.day = date '1970-01-01' + n.day`,
    [
      days.map(({ channelId }) => meterKeyOf(channelId)),
      days.map(({ channelId }) => channelNoOf(channelId)),
      days.map(({ dayStartMs }) => dayStartMs / DAY_MS),
    ],
  );
  const edited = new Set(rows.map(({ i }) => i - 1));
  return days.filter((_, index) => !edited.has(index));
}

/** The current version with the last measured value, or a hole, in the place of estimates over spans; `undefined` where there are none. */
function deliveredAgain(versions: readonly IntervalBlock[], spans: readonly { fromMs: number; toMs: number }[]): IntervalBlock | undefined {
  const current = versions.at(-1);
  if (current === undefined) return undefined;
  const values = current.values.slice();
  const qualities = current.qualities.slice();
  let changed = false;
  for (let slot = 0; slot < values.length; slot++) {
    const startMs = current.dayStartMs + (current.phaseSeconds + slot * current.intervalSeconds) * 1000;
    if (!isEstimated(qualities[slot] ?? 0) || !spans.some(({ fromMs, toMs }) => startMs >= fromMs && startMs < toMs)) continue;
    const said = versions.findLast(({ qualities: had }) => !isMissing(had[slot] ?? MISSING_QUALITY) && !isEstimated(had[slot] ?? 0));
    values[slot] = said?.values[slot] ?? 0;
    qualities[slot] = said === undefined ? MISSING_QUALITY : QUALITY.raw;
    changed = true;
  }
  return changed ? { ...current, values, qualities } : undefined;
}

function daysOf(channelId: ChannelId, { fromMs, toMs }: { fromMs: number; toMs: number }): ChannelDay[] {
  const days: ChannelDay[] = [];
  for (let dayStartMs = Math.floor(fromMs / DAY_MS) * DAY_MS; dayStartMs < toMs; dayStartMs += DAY_MS) days.push({ channelId, dayStartMs });
  return days;
}
