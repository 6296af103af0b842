import type { QualityCode } from "@amity/model";
import { instantParam, type SqlRunner, type Transaction } from "@amity/store";
import { channelNoOf, meterKeyOf, type ChannelId } from "./channel-id.ts";
import { isProtected } from "./merge-policy.ts";
import type { WriteStamp } from "./ledger.ts";

export interface RegisterWrite {
  readonly channelId: ChannelId;
  readonly atMs: number;
  readonly value: bigint;
  readonly quality: QualityCode;
}

export interface StoredRegister extends RegisterWrite {
  readonly version: number;
  readonly knownAtMs: number;
}

export interface RegisterOutcome {
  readonly storedCount: number;
  /** Indices of readings that differ from a person's or final value, and were not stored. */
  readonly protectedAt: readonly number[];
}

/** Appends register readings; the same value of the same instant again is nothing new, another value is a new version. */
export async function writeRegisters(
  transaction: Transaction,
  readings: readonly RegisterWrite[],
  stamp: WriteStamp,
): Promise<RegisterOutcome> {
  const unique = new Map<string, { reading: RegisterWrite; at: number }>();
  const contradicting: number[] = [];
  readings.forEach((reading, at) => {
    const key = `${reading.channelId} ${reading.atMs}`;
    const first = unique.get(key)?.reading;
    if (first === undefined) unique.set(key, { reading, at });
    else if (first.value !== reading.value) contradicting.push(at);
  });
  const wanted = [...unique.values()];
  const current = await currentRegisters(
    transaction,
    wanted.map(({ reading }) => reading),
  );
  const protectedAt: number[] = [];
  const news = wanted.flatMap(({ reading, at }, index) => {
    const stored = current.get(index);
    if (stored !== undefined && stored.value === reading.value) return [];
    if (stored !== undefined && isProtected(stored.quality)) {
      protectedAt.push(at);
      return [];
    }
    return [{ reading, version: (stored?.version ?? 0) + 1, knownAtMs: Math.max(stamp.knownAtMs, stored?.knownAtMs ?? stamp.knownAtMs) }];
  });
  if (news.length > 0) {
    await transaction.query(
      `insert into mdm.register_reading (read_at, known_at, meter_key, provenance_id, channel_no, version, quality, value)
       select read_at, known_at, meter_key, $8, channel_no, version, quality, value
       from unnest($1::timestamptz[], $2::timestamptz[], $3::integer[], $4::smallint[], $5::smallint[], $6::integer[], $7::numeric[])
         as n (read_at, known_at, meter_key, channel_no, version, quality, value)
       order by meter_key, channel_no, read_at`,
      [
        news.map(({ reading }) => instantParam(reading.atMs)),
        news.map(({ knownAtMs }) => instantParam(knownAtMs)),
        news.map(({ reading }) => meterKeyOf(reading.channelId)),
        news.map(({ reading }) => channelNoOf(reading.channelId)),
        news.map(({ version }) => version),
        news.map(({ reading }) => reading.quality),
        news.map(({ reading }) => reading.value),
        stamp.provenanceId,
      ],
    );
  }
  if (contradicting.length === 0) return { storedCount: news.length, protectedAt };
  // The same instant said twice differently in one delivery: each is a version of its own, in the order delivered.
  const rest = await writeRegisters(
    transaction,
    contradicting.flatMap((at) => readings[at] ?? []),
    stamp,
  );
  return {
    storedCount: news.length + rest.storedCount,
    protectedAt: [...protectedAt, ...rest.protectedAt.flatMap((index) => contradicting[index] ?? [])],
  };
}

interface CurrentRegister {
  readonly version: number;
  readonly knownAtMs: number;
  readonly value: bigint;
  readonly quality: number;
}

async function currentRegisters(transaction: Transaction, readings: readonly RegisterWrite[]): Promise<Map<number, CurrentRegister>> {
  const { rows } = await transaction.query<{ i: number; version: number; known_at: number; value: string; quality: number }>(
    `select k.i::integer as i, r.version, r.known_at, r.value, r.quality
     from unnest($1::integer[], $2::smallint[], $3::timestamptz[]) with ordinality as k (meter_key, channel_no, read_at, i)
     cross join lateral (
       select version, known_at, value, quality from mdm.register_reading
       where meter_key = k.meter_key and channel_no = k.channel_no and read_at = k.read_at
       order by version desc limit 1
     ) r`,
    [
      readings.map((reading) => meterKeyOf(reading.channelId)),
      readings.map((reading) => channelNoOf(reading.channelId)),
      readings.map((reading) => instantParam(reading.atMs)),
    ],
  );
  return new Map(
    rows.map((row) => [row.i - 1, { version: row.version, knownAtMs: row.known_at, value: BigInt(row.value), quality: row.quality }]),
  );
}

/** A channel's register readings from `fromMs` to before `toMs`, oldest first: current, or as known at an instant. */
export async function readRegisters(
  runner: SqlRunner,
  selection: { channelId: ChannelId; fromMs: number; toMs: number; asOfMs?: number },
): Promise<StoredRegister[]> {
  const { channelId, fromMs, toMs, asOfMs } = selection;
  const { rows } = await runner.query<{ read_at: number; version: number; known_at: number; value: string; quality: number }>(
    `select distinct on (read_at) read_at, version, known_at, value, quality from mdm.register_reading
     where meter_key = $1 and channel_no = $2 and read_at >= $3 and read_at < $4 and known_at <= coalesce($5::timestamptz, 'infinity')
     order by read_at, version desc`,
    [
      meterKeyOf(channelId),
      channelNoOf(channelId),
      instantParam(fromMs),
      instantParam(toMs),
      asOfMs === undefined ? null : instantParam(asOfMs),
    ],
  );
  return rows.map((row) => ({
    channelId,
    atMs: row.read_at,
    value: BigInt(row.value),
    quality: row.quality,
    version: row.version,
    knownAtMs: row.known_at,
  }));
}
