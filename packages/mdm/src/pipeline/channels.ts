import { commodityOfChannel, METERED_QUANTITIES, type MeasurementKind, type Unit } from "@amity/model";
import type { SqlRunner } from "@amity/store";
import { channelIdOf, channelNoOf, meterKeyOf, type ChannelId } from "../ledger/channel-id.ts";
import type { MeterPlace } from "../registry/places.ts";
import type { Channel } from "../registry/registry.ts";
import type { ChannelFacts } from "../vee/context.ts";

export interface ChannelDay {
  readonly channelId: ChannelId;
  /** UTC midnight. */
  readonly dayStartMs: number;
}

interface ChannelRow {
  meter_id: string;
  meter_key: number;
  channel_no: number;
  name: string;
  kind: "interval" | "register";
  unit: Unit;
  scaler: number;
  interval_seconds: number;
}

/** Channels by their numbers; unknown numbers are left out. */
export async function channelsById(runner: SqlRunner, channelIds: readonly ChannelId[]): Promise<Map<ChannelId, Channel>> {
  const { rows } = await runner.query<ChannelRow>(
    `select m.meter_id, c.meter_key, c.channel_no, c.name, c.kind, c.unit, c.scaler, c.interval_seconds
     from unnest($1::integer[], $2::smallint[]) as wanted (meter_key, channel_no)
     join mdm.channel c on c.meter_key = wanted.meter_key and c.channel_no = wanted.channel_no
     join mdm.meter m on m.meter_key = c.meter_key`,
    [channelIds.map(meterKeyOf), channelIds.map(channelNoOf)],
  );
  return new Map(
    rows.map((row): [ChannelId, Channel] => {
      const channelId = channelIdOf(row.meter_key, row.channel_no);
      const { meter_id: meterId, name, kind, unit, scaler, interval_seconds: intervalSeconds } = row;
      return [channelId, { channelId, meterId, name, kind, unit, scaler, intervalSeconds }];
    }),
  );
}

/** Every interval channel that has a block on one of the days, by UTC midnights `[fromDayMs, toDayMs)`. */
export async function activeIntervalChannels(runner: SqlRunner, fromDayMs: number, toDayMs: number): Promise<ChannelId[]> {
  const { rows } = await runner.query<{ meter_key: number; channel_no: number }>(
    `select c.meter_key, c.channel_no from mdm.channel c
     where c.kind = 'interval' and exists (
       select 1 from mdm.interval_block b
       where b.meter_key = c.meter_key and b.channel_no = c.channel_no and b.day >= $1::date and b.day < $2::date)`,
    [new Date(fromDayMs).toISOString().slice(0, 10), new Date(toDayMs).toISOString().slice(0, 10)],
  );
  return rows.map((row) => channelIdOf(row.meter_key, row.channel_no));
}

const KINDS: Partial<Record<Unit, MeasurementKind>> = {
  Wh: "energy",
  J: "energy",
  varh: "reactiveEnergy",
  m3: "volume",
  degC: "temperature",
};

/** The C group of net active energy (import less export) in an OBIS name, IEC 62056-6-1. */
const NET_ENERGY = /^\d+-\d+:16\./;

/** What rules need to know of a channel beside its values; `place` is where its meter stands, absent where that is not known. */
export function factsOf(channel: Channel, source: string, place?: MeterPlace): ChannelFacts {
  const { name, unit, scaler, intervalSeconds } = channel;
  return {
    channelId: String(channel.channelId),
    unit,
    scaler,
    commodity: place?.commodity ?? commodityOfChannel(name) ?? (unit === "m3" ? "gas" : "electricity"),
    kind: METERED_QUANTITIES[name]?.kind ?? KINDS[unit] ?? "other",
    flow: METERED_QUANTITIES[name]?.flow ?? "forward",
    channelClass: place?.channelClass ?? "residential",
    source,
    multiplier: place?.multiplier ?? 1,
    intervalSeconds,
    mayBeNegative: NET_ENERGY.test(name),
  };
}
