import { DAY_MS, packBlockInto, packedBlockMax, unpackBlock, type IntervalBlock } from "@amity/intervals";
import { dayOf, instantOf, int2Of, int4Of, type SqlRunner, type Transaction } from "@amity/store";
import { UsageError } from "@amity/bytes";
import { channelIdOf, channelNoOf, dayNumberOf, meterKeyOf, type ChannelId } from "./channel-id.ts";

/** A block as the ledger holds it. */
export interface StoredBlock {
  readonly channelId: ChannelId;
  readonly version: number;
  readonly knownAtMs: number;
  readonly provenanceId: number;
  readonly block: IntervalBlock;
}

/** Names one channel's one day. */
export interface BlockKey {
  readonly channelId: ChannelId;
  readonly dayStartMs: number;
}

export interface CurrentBlock {
  readonly version: number;
  readonly knownAtMs: number;
  readonly octets: Uint8Array;
}

/** A row to be appended. */
export interface NewBlock {
  readonly channelId: ChannelId;
  readonly version: number;
  readonly knownAtMs: number;
  readonly provenanceId: number;
  readonly block: IntervalBlock;
}

/** Channels named in one statement of a bulk read. */
const CHANNELS_PER_READ = 4000;
const CHANNELS_MAX = 1_000_000;
const EPOCH = "date '1970-01-01'";

/** The current version of each key that has one, by its index in `keys`. */
export async function currentBlocks(transaction: Transaction, keys: readonly BlockKey[]): Promise<Map<number, CurrentBlock>> {
  // A fresh table has no statistics yet; every look-up here is a descent of the primary key.
  await transaction.query("set local enable_seqscan = off");
  const { rows } = await transaction.query<{ i: number; version: number; known_at: number; octets: Uint8Array }>(
    `select k.i::integer as i, b.version, b.known_at, b.octets
     from unnest($1::integer[], $2::smallint[], $3::integer[]) with ordinality as k (meter_key, channel_no, day, i)
     cross join lateral (
       select version, known_at, octets from mdm.interval_block
       where meter_key = k.meter_key and channel_no = k.channel_no and day = ${EPOCH} + k.day
       order by version desc limit 1
     ) b`,
    [
      `{${keys.map((key) => meterKeyOf(key.channelId)).join(",")}}`,
      `{${keys.map((key) => channelNoOf(key.channelId)).join(",")}}`,
      `{${keys.map((key) => dayNumberOf(key.dayStartMs)).join(",")}}`,
    ],
  );
  return new Map(rows.map((row) => [row.i - 1, { version: row.version, knownAtMs: row.known_at, octets: row.octets }]));
}

/** Appends rows by COPY. @throws UsageError `sql-23505` if another writer appended the same version first. */
export async function appendBlocks(transaction: Transaction, blocks: readonly NewBlock[]): Promise<void> {
  let index = 0;
  let room = new Uint8Array(packedBlockMax(96));
  await transaction.copyIn(
    { table: "mdm.interval_block", columns: ["known_at", "meter_key", "day", "provenance_id", "channel_no", "version", "octets"] },
    (row) => {
      const next = blocks[index++];
      if (next === undefined) return false;
      const { block, channelId } = next;
      const needed = packedBlockMax(block.values.length);
      if (room.length < needed) room = new Uint8Array(needed);
      const length = packBlockInto(block, room, 0);
      row.instant(next.knownAtMs).int4(meterKeyOf(channelId)).date(block.dayStartMs).int4(next.provenanceId);
      row.int2(channelNoOf(channelId)).int2(next.version).bytes(room, 0, length);
      return true;
    },
  );
}

export interface BlockSelection {
  readonly channelIds: readonly ChannelId[];
  /** UTC midnight of the first day. */
  readonly fromDayMs: number;
  /** UTC midnight after the last day. */
  readonly toDayMs: number;
  /** What was known at that instant; the current versions if absent. */
  readonly asOfMs?: number;
}

/**
 * Hands out the selected days, one version each, in no promised order.
 * @throws UsageError `limit` for more channels than one read may name.
 */
export async function readSelection(
  transaction: Transaction,
  selection: BlockSelection,
  take: (stored: StoredBlock) => void,
): Promise<number> {
  const { channelIds, fromDayMs, toDayMs } = selection;
  if (channelIds.length > CHANNELS_MAX) throw new UsageError(`${channelIds.length} channels exceed ${CHANNELS_MAX}`, { code: "limit" });
  const days = `day >= ${EPOCH} + ${Math.floor(fromDayMs / DAY_MS)} and day < ${EPOCH} + ${Math.ceil(toDayMs / DAY_MS)}`;
  const known = selection.asOfMs === undefined ? "" : `and known_at <= '${new Date(selection.asOfMs).toISOString()}'`;
  let count = 0;
  for (let at = 0; at < channelIds.length; at += CHANNELS_PER_READ) {
    const wanted = new Set(channelIds.slice(at, at + CHANNELS_PER_READ));
    count += await transaction.copyOut(
      `select distinct on (meter_key, channel_no, day) meter_key, channel_no, day, version, known_at, provenance_id, octets
       from mdm.interval_block
       where ${channelCondition(wanted)} and ${days} ${known}
       order by meter_key desc, channel_no desc, day desc, version desc`,
      (fields) => {
        const channelId = channelIdOf(int4Of(fields[0]), int2Of(fields[1]));
        if (wanted.has(channelId)) take(storedBlockOf(channelId, fields));
      },
    );
  }
  return count;
}

/** Naming meters and channel numbers apart keeps the statement short; what it lets through too much is dropped at the reader. */
function channelCondition(wanted: ReadonlySet<ChannelId>): string {
  const meters = new Set<number>();
  const numbers = new Set<number>();
  for (const channelId of wanted) {
    if (!Number.isSafeInteger(channelId) || channelId < 0) throw new UsageError(`${channelId} is no channel`, { code: "channel" });
    meters.add(meterKeyOf(channelId));
    numbers.add(channelNoOf(channelId));
  }
  return `meter_key = any ('{${[...meters].join(",")}}'::integer[]) and channel_no = any ('{${[...numbers].join(",")}}'::smallint[])`;
}

function storedBlockOf(channelId: ChannelId, fields: readonly (Uint8Array | undefined)[]): StoredBlock {
  return {
    channelId,
    version: int2Of(fields[3]),
    knownAtMs: instantOf(fields[4]),
    provenanceId: int4Of(fields[5]),
    block: unpackBlock(fields[6] ?? new Uint8Array(0), dayOf(fields[2])),
  };
}

/** Every version of one channel's day, oldest first. */
export async function versionsOf(runner: SqlRunner, key: BlockKey): Promise<StoredBlock[]> {
  const { rows } = await runner.query<{ version: number; known_at: number; provenance_id: number; octets: Uint8Array }>(
    `select version, known_at, provenance_id, octets from mdm.interval_block
     where meter_key = $1 and channel_no = $2 and day = ${EPOCH} + $3::integer order by version`,
    [meterKeyOf(key.channelId), channelNoOf(key.channelId), dayNumberOf(key.dayStartMs)],
  );
  return rows.map((row) => ({
    channelId: key.channelId,
    version: row.version,
    knownAtMs: row.known_at,
    provenanceId: row.provenance_id,
    block: unpackBlock(row.octets, key.dayStartMs),
  }));
}

/** Every version of many days, oldest first, by the index in `keys`. */
export async function allVersions(runner: SqlRunner, keys: readonly BlockKey[]): Promise<IntervalBlock[][]> {
  const { rows } = await runner.query<{ i: number; octets: Uint8Array }>(
    `select k.i::integer as i, b.octets
     from unnest($1::integer[], $2::smallint[], $3::integer[]) with ordinality as k (meter_key, channel_no, day, i)
     join mdm.interval_block b on b.meter_key = k.meter_key and b.channel_no = k.channel_no and b.day = ${EPOCH} + k.day
     order by k.i, b.version`,
    [
      keys.map((key) => meterKeyOf(key.channelId)),
      keys.map((key) => channelNoOf(key.channelId)),
      keys.map((key) => dayNumberOf(key.dayStartMs)),
    ],
  );
  const found: IntervalBlock[][] = keys.map(() => []);
  for (const row of rows) found[row.i - 1]?.push(unpackBlock(row.octets, keys[row.i - 1]?.dayStartMs ?? 0));
  return found;
}

/** Chosen versions exactly: what a bill pinned. Keys without such a version are left out. */
export async function readPinned(runner: SqlRunner, pins: readonly (BlockKey & { version: number })[]): Promise<StoredBlock[]> {
  const { rows } = await runner.query<{ i: number; known_at: number; provenance_id: number; octets: Uint8Array }>(
    `select k.i::integer as i, b.known_at, b.provenance_id, b.octets
     from unnest($1::integer[], $2::smallint[], $3::integer[], $4::smallint[]) with ordinality as k (meter_key, channel_no, day, version, i)
     join mdm.interval_block b on b.meter_key = k.meter_key and b.channel_no = k.channel_no and b.day = ${EPOCH} + k.day and b.version = k.version
     order by k.i`,
    [
      pins.map((pin) => meterKeyOf(pin.channelId)),
      pins.map((pin) => channelNoOf(pin.channelId)),
      pins.map((pin) => dayNumberOf(pin.dayStartMs)),
      pins.map((pin) => pin.version),
    ],
  );
  return rows.flatMap((row) => {
    const pin = pins[row.i - 1];
    if (pin === undefined) return [];
    const block = unpackBlock(row.octets, pin.dayStartMs);
    return [{ channelId: pin.channelId, version: pin.version, knownAtMs: row.known_at, provenanceId: row.provenance_id, block }];
  });
}
