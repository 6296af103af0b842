import type { MeterId } from "@amity/model";
import { instantParam, type SqlRunner } from "@amity/store";
import { bestRead, type CandidateRead } from "../billing/best-read.ts";
import { channelIdOf, channelNoOf, meterKeyOf, type ChannelId } from "../ledger/channel-id.ts";
import type { Channel } from "../registry/registry.ts";
import { registerUsage } from "../usage/register-usage.ts";
import type { UsagePart } from "../usage/usage.ts";

/** The part of an ask in which one meter stood there. */
export interface Stay {
  readonly meterId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly multiplier: number;
  readonly isReversed: boolean;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** How far from the wanted instant a read is still looked for, to be interpolated between. */
const REACH_MS = 40 * DAY_MS;
/** A read this near to the wanted instant stands for it. */
const NEAR_MS = 12 * HOUR_MS;

/** Usage of a register over a stay; `undefined` where its reads do not reach over it. */
export type RegisterPartOf = (channel: Channel, stay: Stay) => UsagePart | undefined;

/**
 * Usage of meters that give registers alone: the advance between the best reads at both ends of each stay, spread evenly over
 * its hours (`registerUsage`), so that every tariff rates it. All reads in one query.
 */
export async function registerParts(
  runner: SqlRunner,
  stays: readonly Stay[],
  byMeter: ReadonlyMap<MeterId, readonly Channel[]>,
  asOfMs: number | undefined,
): Promise<RegisterPartOf> {
  const concerned = stays.filter(({ meterId }) => byMeter.has(meterId));
  if (concerned.length === 0) return () => undefined;
  const channels = [...new Set(concerned.flatMap(({ meterId }) => byMeter.get(meterId) ?? []))];
  const fromMs = Math.min(...concerned.map((stay) => stay.fromMs)) - REACH_MS;
  const toMs = Math.max(...concerned.map((stay) => stay.toMs)) + REACH_MS;
  const { rows } = await runner.query<{ meter_key: number; channel_no: number; read_at: number; value: string; quality: number }>(
    `select distinct on (r.meter_key, r.channel_no, r.read_at) r.meter_key, r.channel_no, r.read_at, r.value, r.quality
     from unnest($1::integer[], $2::smallint[]) as wanted (meter_key, channel_no)
     join mdm.register_reading r on r.meter_key = wanted.meter_key and r.channel_no = wanted.channel_no
     where r.read_at >= $3 and r.read_at <= $4 and r.known_at <= coalesce($5::timestamptz, 'infinity')
     order by r.meter_key, r.channel_no, r.read_at, r.version desc`,
    [
      channels.map(({ channelId }) => meterKeyOf(channelId)),
      channels.map(({ channelId }) => channelNoOf(channelId)),
      instantParam(fromMs),
      instantParam(toMs),
      asOfMs === undefined ? null : instantParam(asOfMs),
    ],
  );
  const reads = new Map<ChannelId, CandidateRead[]>();
  for (const row of rows) {
    const channelId = channelIdOf(row.meter_key, row.channel_no);
    const list = reads.get(channelId) ?? [];
    list.push({ atMs: row.read_at, value: Number(row.value), quality: row.quality });
    reads.set(channelId, list);
  }
  return (channel, stay) => partOf(channel, stay, reads.get(channel.channelId) ?? []);
}

function partOf(channel: Channel, stay: Stay, reads: readonly CandidateRead[]): UsagePart | undefined {
  const [fromMs, toMs] = [onHour(stay.fromMs), onHour(stay.toMs)];
  const [first, last] = [readAt(reads, fromMs), readAt(reads, toMs)];
  if (first === undefined || last === undefined || toMs <= fromMs) return undefined;
  const { scaler } = channel;
  return registerUsage({ channelId: String(channel.channelId), fromMs, toMs, counts: last - first, scaler, multiplier: stay.multiplier });
}

function readAt(reads: readonly CandidateRead[], wantedMs: number): number | undefined {
  const best = bestRead(reads, { wantedMs, earliestMs: wantedMs - NEAR_MS, latestMs: wantedMs + NEAR_MS });
  return best.kind === "none" ? undefined : best.read.value;
}

function onHour(instantMs: number): number {
  return Math.round(instantMs / HOUR_MS) * HOUR_MS;
}
