import { UsageError } from "@amity/bytes";
import type { Commodity, MeterId, Unit, UsagePointId } from "@amity/model";
import type { Clock } from "@amity/runtime";
import { instantParam, type SqlRunner, type Store } from "@amity/store";
import { channelIdOf, meterKeyOf, type ChannelId } from "../ledger/channel-id.ts";
import { placesOf, type MeterPlace } from "./places.ts";
import { usagePointsOf, type UsagePoint } from "./premises.ts";

export type ChannelKind = "interval" | "register";

/** What makes a channel one channel: any other unit, scaler or interval length is another. */
export interface ChannelDescription {
  readonly meterId: MeterId;
  /** OBIS code or another protocol's stable name. */
  readonly name: string;
  readonly kind: ChannelKind;
  readonly unit: Unit;
  readonly scaler: number;
  /** 0 for registers. */
  readonly intervalSeconds: number;
}

export interface Channel extends ChannelDescription {
  readonly channelId: ChannelId;
}

/** A meter's stay at a usage point. */
export interface MeterInstallation {
  readonly meterId: MeterId;
  readonly usagePointId: UsagePointId;
  readonly installedAtMs: number;
  /** Absent while it is there. */
  readonly removedAtMs?: number;
  /** Of current and voltage transformers; decimal text. */
  readonly multiplier: string;
  /** Connected the wrong way round: what it counts as import was export, and the other way about. */
  readonly isReversed?: boolean;
}

/** A usage point as it is declared. */
export interface NewUsagePoint {
  readonly usagePointId: UsagePointId;
  readonly commodity: Commodity;
  readonly timeZone: string;
  readonly channelClass?: string;
  /** The house or flat: its usage points of all commodities share it. */
  readonly premisesId?: string;
  /** Who pays. */
  readonly customerId?: string;
}

/** Which meters and channels the ledger knows. */
export interface Registry {
  /** The numbers of channels; unknown meters and channels are registered on the way. In the order asked. */
  resolve(descriptions: readonly ChannelDescription[], registeredBy: string): Promise<ChannelId[]>;
  /** Numbers of meters, registered on the way. */
  resolveMeters(meterIds: readonly MeterId[], registeredBy: string): Promise<Map<MeterId, number>>;
  /** Which of these meters are known already. */
  knownMeters(meterIds: readonly MeterId[]): Promise<Set<MeterId>>;
  channelsOf(meterIds: readonly MeterId[]): Promise<Channel[]>;
  /** Declares a usage point, class `residential` if none is given; again with the same identifier changes nothing. */
  addUsagePoint(point: NewUsagePoint): Promise<void>;
  /** The usage points of a place or a customer, electricity first; without either none. */
  usagePointsOf(of: { premisesId?: string; customerId?: string }): Promise<UsagePoint[]>;
  usagePoint(usagePointId: UsagePointId): Promise<UsagePoint | undefined>;
  /**
   * Records that a meter was installed; ends the stay of the meter that was there, and of this meter where it was. A meter
   * exchange is this and nothing else; a change of current or voltage transformers, or of the direction, is the same meter again
   * at that instant. Stays may be told in any order: one that is told late ends where the next begins.
   */
  install(installation: MeterInstallation): Promise<void>;
  installationsOf(usagePointId: UsagePointId): Promise<MeterInstallation[]>;
  /** Where meters stood at an instant; those never installed are left out. */
  placesOf(meterIds: readonly MeterId[], atMs: number): Promise<Map<MeterId, MeterPlace>>;
}

/** Channels remembered in memory; beyond it the database is asked again. */
const KNOWN_MAX = 2_000_000;
const NAME_MAX = 200;
const CHANNELS_PER_METER = 256;

export function createRegistry(store: Store, clock: Pick<Clock, "nowMs">): Registry {
  const meters = new Map<MeterId, number>();
  const channels = new Map<string, ChannelId>();
  const bound = (map: Map<string, unknown>): void => {
    if (map.size > KNOWN_MAX) map.clear();
  };

  const resolveMeters = async (meterIds: readonly MeterId[], registeredBy: string): Promise<Map<MeterId, number>> => {
    const missing = [...new Set(meterIds)].filter((meterId) => !meters.has(meterId));
    if (missing.length > 0) {
      bound(meters);
      for (const [meterId, key] of await registerMeters(store, missing, { registeredBy, nowMs: clock.nowMs() })) meters.set(meterId, key);
    }
    return new Map(meterIds.map((meterId) => [meterId, required(meters.get(meterId), meterId)]));
  };

  return {
    resolveMeters,
    async resolve(descriptions, registeredBy) {
      const keys = descriptions.map(keyOf);
      const missing = new Map<string, ChannelDescription>();
      descriptions.forEach((description, index) => {
        const key = keys[index] ?? "";
        if (!channels.has(key)) missing.set(key, description);
      });
      if (missing.size > 0) {
        bound(channels);
        const wanted = [...missing.values()];
        const meterKeys = await resolveMeters(
          wanted.map((description) => description.meterId),
          registeredBy,
        );
        const found = await registerChannels(store, wanted, meterKeys, clock.nowMs());
        for (const [key, channelId] of found) channels.set(key, channelId);
      }
      return keys.map((key) => required(channels.get(key), key));
    },
    async knownMeters(meterIds) {
      const { rows } = await store.query<{ meter_id: string }>("select meter_id from mdm.meter where meter_id = any ($1::text[])", [
        meterIds,
      ]);
      return new Set(rows.map((row) => row.meter_id));
    },
    channelsOf: (meterIds) => channelsOf(store, meterIds),
    async addUsagePoint({ usagePointId, commodity, timeZone, channelClass = "residential", premisesId, customerId }) {
      await store.query(
        `insert into mdm.usage_point (usage_point_id, commodity, time_zone, created_at, channel_class, premises_id, customer_id)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
        [usagePointId, commodity, timeZone, instantParam(clock.nowMs()), channelClass, premisesId ?? null, customerId ?? null],
      );
    },
    usagePointsOf: (of) => usagePointsOf(store, of),
    async usagePoint(usagePointId) {
      return (await usagePointsOf(store, { usagePointId }))[0];
    },
    async install(installation) {
      const keys = await resolveMeters([installation.meterId], "installation");
      await install(store, required(keys.get(installation.meterId), installation.meterId), installation);
    },
    installationsOf: (usagePointId) => installationsOf(store, usagePointId),
    placesOf: (meterIds, atMs) => placesOf(store, meterIds, atMs),
  };
}

function keyOf(description: ChannelDescription): string {
  const { meterId, name, kind, unit, scaler, intervalSeconds } = description;
  if (meterId === "" || meterId.length > NAME_MAX || name === "" || name.length > NAME_MAX) {
    throw new UsageError(`meter and channel names must have 1 to ${NAME_MAX} characters`, { code: "name" });
  }
  return `${meterId}\n${name}\n${kind}\n${unit}\n${scaler}\n${intervalSeconds}`;
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new UsageError(`${what} is not registered`, { code: "unknown-meter" });
  return value;
}

async function registerMeters(
  store: Store,
  meterIds: readonly MeterId[],
  by: { registeredBy: string; nowMs: number },
): Promise<[MeterId, number][]> {
  return store.transaction(async (transaction) => {
    // Sorted, so that two programs registering the same meters cannot wait for each other in a ring.
    await transaction.query(
      `insert into mdm.meter (meter_id, registered_at, registered_by)
       select id, $2, $3 from unnest($1::text[]) as id order by id on conflict (meter_id) do nothing`,
      [meterIds, instantParam(by.nowMs), by.registeredBy],
    );
    const { rows } = await transaction.query<{ meter_id: string; meter_key: number }>(
      "select meter_id, meter_key from mdm.meter where meter_id = any ($1::text[])",
      [meterIds],
    );
    return rows.map((row): [MeterId, number] => [row.meter_id, row.meter_key]);
  });
}

async function registerChannels(
  store: Store,
  descriptions: readonly ChannelDescription[],
  meterKeys: ReadonlyMap<MeterId, number>,
  nowMs: number,
): Promise<[string, ChannelId][]> {
  const meterIds = [...new Set(descriptions.map((description) => description.meterId))];
  return store.transaction(async (transaction) => {
    // The meter's row is the lock under which its channels get their numbers.
    await transaction.query("select 1 from mdm.meter where meter_id = any ($1::text[]) order by meter_id for update", [meterIds]);
    const known = await channelsOf(transaction, meterIds);
    const found = new Map(known.map((channel) => [keyOf(channel), channel.channelId]));
    const counts = new Map<number, number>();
    for (const { channelId } of known) counts.set(meterKeyOf(channelId), (counts.get(meterKeyOf(channelId)) ?? 0) + 1);
    const fresh = descriptions.filter((description) => !found.has(keyOf(description)));
    const rows = fresh.map((description) => {
      const meterKey = required(meterKeys.get(description.meterId), description.meterId);
      const channelNo = counts.get(meterKey) ?? 0;
      if (channelNo >= CHANNELS_PER_METER) {
        throw new UsageError(`meter ${description.meterId} has more than ${CHANNELS_PER_METER} channels`, { code: "limit" });
      }
      counts.set(meterKey, channelNo + 1);
      found.set(keyOf(description), channelIdOf(meterKey, channelNo));
      return { ...description, meterKey, channelNo };
    });
    if (rows.length > 0) {
      const columns = ["meter_key", "channel_no", "name", "kind", "unit", "scaler", "interval_seconds", "registered_at"];
      let index = 0;
      await transaction.copyIn({ table: "mdm.channel", columns }, (out) => {
        const row = rows[index++];
        if (row === undefined) return false;
        out.int4(row.meterKey).int2(row.channelNo).text(row.name).text(row.kind).text(row.unit);
        out.int2(row.scaler).int4(row.intervalSeconds).instant(nowMs);
        return true;
      });
    }
    return [...found];
  });
}

interface ChannelRow {
  meter_id: string;
  meter_key: number;
  channel_no: number;
  name: string;
  kind: ChannelKind;
  unit: Unit;
  scaler: number;
  interval_seconds: number;
}

/** All channels of meters, by meter and number. */
export async function channelsOf(runner: SqlRunner, meterIds: readonly MeterId[]): Promise<Channel[]> {
  const { rows } = await runner.query<ChannelRow>(
    `select meter_id, c.meter_key, channel_no, name, kind, unit, scaler, interval_seconds
     from mdm.meter m join mdm.channel c on c.meter_key = m.meter_key
     where meter_id = any ($1::text[]) order by meter_id, channel_no`,
    [meterIds],
  );
  return rows.map((row) => ({
    channelId: channelIdOf(row.meter_key, row.channel_no),
    meterId: row.meter_id,
    name: row.name,
    kind: row.kind,
    unit: row.unit,
    scaler: row.scaler,
    intervalSeconds: row.interval_seconds,
  }));
}

async function install(store: Store, meterKey: number, installation: MeterInstallation): Promise<void> {
  const { usagePointId, installedAtMs, removedAtMs, multiplier, isReversed = false } = installation;
  const installedAt = instantParam(installedAtMs);
  await store.transaction(async (transaction) => {
    await transaction.query(
      `update mdm.meter_installation set removed_at = $3
       where (usage_point_id = $1 or meter_key = $2) and installed_at < $3 and (removed_at is null or removed_at > $3)`,
      [usagePointId, meterKey, installedAt],
    );
    const { rows } = await transaction.query<{ next: number | null }>(
      "select min(installed_at) as next from mdm.meter_installation where (usage_point_id = $1 or meter_key = $2) and installed_at > $3",
      [usagePointId, meterKey, installedAt],
    );
    const endMs = Math.min(removedAtMs ?? Number.POSITIVE_INFINITY, rows[0]?.next ?? Number.POSITIVE_INFINITY);
    await transaction.query(
      `insert into mdm.meter_installation (meter_key, installed_at, removed_at, usage_point_id, multiplier, is_reversed)
       values ($1, $2, $3, $4, $5, $6)
       on conflict (meter_key, installed_at) do update set removed_at = excluded.removed_at, multiplier = excluded.multiplier,
         is_reversed = excluded.is_reversed`,
      [meterKey, installedAt, Number.isFinite(endMs) ? instantParam(endMs) : null, usagePointId, multiplier, isReversed],
    );
  });
}

async function installationsOf(store: Store, usagePointId: UsagePointId): Promise<MeterInstallation[]> {
  const { rows } = await store.query<{
    meter_id: string;
    installed_at: number;
    removed_at: number | null;
    multiplier: string;
    is_reversed: boolean;
  }>(
    `select meter_id, installed_at, removed_at, multiplier::text as multiplier, is_reversed
     from mdm.meter_installation i join mdm.meter m on m.meter_key = i.meter_key
     where usage_point_id = $1 order by installed_at`,
    [usagePointId],
  );
  return rows.map((row) => ({
    meterId: row.meter_id,
    usagePointId,
    installedAtMs: row.installed_at,
    ...(row.removed_at === null ? {} : { removedAtMs: row.removed_at }),
    multiplier: row.multiplier,
    ...(row.is_reversed ? { isReversed: true } : {}),
  }));
}
