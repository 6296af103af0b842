import { DAY_MS, formatDay } from "@amity/intervals";
import type { UsagePointId } from "@amity/model";
import { instantParam, type SqlRunner, type Transaction } from "@amity/store";
import type { Bill } from "../rating/index.ts";
import type { BlockRef } from "../usage/usage.ts";
import type { BillAsk, BillDraft, BillFilter, BillState, StoredBill } from "./stored-bill.ts";

/**
 * Stores drafts. The latest revision stays where its lines are the same (an issued one also where the draft would wait:
 * nothing that is out is taken back for the same amounts); otherwise it is cancelled and the draft becomes the next.
 */
export async function keepDrafts(transaction: Transaction, drafts: readonly BillDraft[]): Promise<StoredBill[]> {
  const latest = await latestRevisions(transaction, drafts);
  const cancelled: StoredBill[] = [];
  const made: StoredBill[] = [];
  const kept = drafts.map((draft): StoredBill => {
    const before = latest.get(keyOf(draft));
    if (before !== undefined && stands(before, draft)) return before;
    if (before !== undefined && before.state !== "cancelled") cancelled.push(before);
    const revision = (before?.revision ?? 0) + 1;
    const bill = { ...draft, revision, billId: `${draft.usagePointId}-${formatDay(draft.fromDay)}-${draft.tariffId}-${revision}` };
    made.push(bill);
    return bill;
  });
  if (cancelled.length > 0) {
    await transaction.query(
      `update mdm.bill b set state = 'cancelled' from unnest($1::text[], $2::text[]) as n (usage_point_id, bill_id)
       where b.usage_point_id = n.usage_point_id and b.bill_id = n.bill_id`,
      [cancelled.map(({ usagePointId }) => usagePointId), cancelled.map(({ billId }) => billId)],
    );
  }
  if (made.length > 0) await insert(transaction, made);
  return kept;
}

/** Lets a held bill go out by a person's word. `undefined` where there is none that is held. */
export async function releaseHeld(runner: SqlRunner, billId: string, release: { note: string; atMs: number }): Promise<void> {
  await runner.query(
    "update mdm.bill set state = 'issued', issued_at = $2, held_because = held_because || $3 where bill_id = $1 and state = 'held'",
    [billId, instantParam(release.atMs), release.note],
  );
}

/** Bills, newest period first. */
export async function listBills(runner: SqlRunner, filter: BillFilter, limit: number): Promise<StoredBill[]> {
  const { rows } = await runner.query<BillRow>(
    `${SELECT} where ($1::text is null or usage_point_id = $1) and ($2::text is null or meter_id = $2) and ($3::text is null or state = $3)
       and ($4::date is null or (to_day, bill_id) < ($4, $5))
       and ($7::text is null or coalesce(document ->> 'commodity', 'electricity') = $7)
     order by to_day desc, bill_id desc limit $6`,
    [
      filter.usagePointId ?? null,
      filter.meterId ?? null,
      filter.state ?? null,
      filter.after === undefined ? null : formatDay(filter.after.toDay),
      filter.after?.billId ?? null,
      limit,
      filter.commodity ?? null,
    ],
  );
  return rows.map(billOf);
}

export async function findBill(runner: SqlRunner, billId: string): Promise<StoredBill | undefined> {
  const { rows } = await runner.query<BillRow>(`${SELECT} where bill_id = $1`, [billId]);
  return rows[0] === undefined ? undefined : billOf(rows[0]);
}

/** A bill that stands: which, by what, and when. */
export type StandingBill = Pick<StoredBill, "billId" | "usagePointId" | "tariffId" | "fromDay" | "toDay">;

/** Bills of usage points that are issued or held and may lie within `[fromMs, toMs)` (to the day of any zone). */
export async function standingBills(
  runner: SqlRunner,
  usagePointIds: readonly UsagePointId[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<StandingBill[]> {
  const { rows } = await runner.query<{ bill_id: string; usage_point_id: string; tariff_id: string; from_day: number; to_day: number }>(
    `select bill_id, usage_point_id, tariff_id, from_day - date '1970-01-01' as from_day, to_day - date '1970-01-01' as to_day
     from mdm.bill
     where usage_point_id = any ($1::text[]) and state <> 'cancelled' and from_day >= $2::date and to_day <= $3::date
     order by usage_point_id, from_day`,
    [usagePointIds, formatDay(Math.floor(fromMs / DAY_MS) - 1), formatDay(Math.ceil(toMs / DAY_MS) + 1)],
  );
  return rows.map((row) => ({
    billId: row.bill_id,
    usagePointId: row.usage_point_id,
    tariffId: row.tariff_id,
    fromDay: row.from_day,
    toDay: row.to_day,
  }));
}

/** What a later bill needs of an earlier one. */
export interface EarlierBill extends Pick<Bill, "to" | "total" | "carried" | "peakKw"> {
  readonly state: Exclude<BillState, "cancelled">;
  readonly days: number;
}

/** The bills of the same usage point and tariff that end within `lookBackDays` before each ask, oldest first, in the order asked. */
export async function earlierBills(runner: SqlRunner, asks: readonly BillAsk[], lookBackDays: number): Promise<readonly EarlierBill[][]> {
  const { rows } = await runner.query<EarlierRow>(
    `select n.i::integer as i, b.from_day - date '1970-01-01' as from_day, b.to_day - date '1970-01-01' as to_day, b.state, b.total,
       b.document -> 'carried' as carried, b.document ->> 'peakKw' as peak_kw
     from unnest($1::text[], $2::text[], $3::date[]) with ordinality as n (usage_point_id, tariff_id, from_day, i)
     join mdm.bill b on b.usage_point_id = n.usage_point_id and b.tariff_id = n.tariff_id
     where b.state <> 'cancelled' and b.to_day <= n.from_day and b.to_day > n.from_day - $4::integer
     order by n.i, b.to_day`,
    [
      asks.map(({ usagePointId }) => usagePointId),
      asks.map(({ tariffId }) => tariffId),
      asks.map(({ fromDay }) => formatDay(fromDay)),
      lookBackDays,
    ],
  );
  const found: EarlierBill[][] = asks.map(() => []);
  for (const row of rows) {
    found[row.i - 1]?.push({
      state: row.state,
      days: row.to_day - row.from_day,
      to: formatDay(row.to_day),
      total: row.total,
      ...(row.carried === null ? {} : { carried: row.carried }),
      ...(row.peak_kw === null ? {} : { peakKw: row.peak_kw }),
    });
  }
  return found;
}

interface EarlierRow {
  i: number;
  from_day: number;
  to_day: number;
  state: EarlierBill["state"];
  total: string;
  carried: NonNullable<Bill["carried"]> | null;
  peak_kw: string | null;
}

async function latestRevisions(transaction: Transaction, drafts: readonly BillDraft[]): Promise<Map<string, StoredBill>> {
  const { rows } = await transaction.query<BillRow>(
    `${SELECT} b join unnest($1::text[], $2::text[], $3::date[], $4::date[]) as n (usage_point_id, tariff_id, from_day, to_day)
       using (usage_point_id, tariff_id, from_day, to_day)
     order by revision for update of b`,
    [
      drafts.map(({ usagePointId }) => usagePointId),
      drafts.map(({ tariffId }) => tariffId),
      drafts.map(({ fromDay }) => formatDay(fromDay)),
      drafts.map(({ toDay }) => formatDay(toDay)),
    ],
  );
  return new Map(rows.map(billOf).map((bill): [string, StoredBill] => [keyOf(bill), bill]));
}

function stands(before: StoredBill, draft: BillDraft): boolean {
  return (before.state === draft.state || before.state === "issued") && sameAmounts(before.bill, draft.bill);
}

function sameAmounts(left: Bill, right: Bill): boolean {
  const amounts = (bill: Bill): string => JSON.stringify(bill.lines.map(({ chargeId, quantity, amount }) => [chargeId, quantity, amount]));
  return amounts(left) === amounts(right);
}

function keyOf({ usagePointId, tariffId, fromDay, toDay }: BillAsk): string {
  return JSON.stringify([usagePointId, tariffId, fromDay, toDay]);
}

async function insert(transaction: Transaction, bills: readonly StoredBill[]): Promise<void> {
  await transaction.query(INSERT, [
    bills.map(({ usagePointId }) => usagePointId),
    bills.map(({ billId }) => billId),
    bills.map(({ meterId }) => meterId),
    bills.map(({ tariffId }) => tariffId),
    bills.map(({ fromDay }) => formatDay(fromDay)),
    bills.map(({ toDay }) => formatDay(toDay)),
    bills.map(({ revision }) => revision),
    bills.map(({ state }) => state),
    bills.map(({ bill }) => bill.currency),
    bills.map(({ bill }) => bill.total),
    bills.map(({ energyWh }) => Math.round(energyWh)),
    bills.map(({ estimatedShare }) => estimatedShare),
    bills.map(({ knownAtMs }) => instantParam(knownAtMs)),
    bills.map(({ issuedAtMs }) => (issuedAtMs === undefined ? null : instantParam(issuedAtMs))),
    bills.map(({ heldBecause }) => heldBecause),
    bills.map(({ bill }) => JSON.stringify({ ...bill, pinned: packPins(bill.pinned) })),
  ]);
}

const INSERT = `insert into mdm.bill (usage_point_id, bill_id, meter_id, tariff_id, from_day, to_day, revision, state, currency, total,
    energy_wh, estimated_share, known_at, issued_at, held_because, document)
  select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::date[], $6::date[], $7::integer[], $8::text[], $9::text[], $10::numeric[],
    $11::bigint[], $12::real[], $13::timestamptz[], $14::timestamptz[], $15::text[], $16::jsonb[])`;

const SELECT = `select usage_point_id, bill_id, meter_id, tariff_id, from_day - date '1970-01-01' as from_day, to_day - date '1970-01-01' as to_day,
  revision, state, energy_wh, estimated_share, known_at, issued_at, held_because, document from mdm.bill`;

/** Days in a row of one channel with one version, as kept in the document: channel, first day's number, days, version. */
export type PinRun = readonly [channelId: string, fromDay: number, days: number, version: number];

/** Pinned versions as runs of days: a month of untouched days is one of them. */
export function packPins(pins: readonly BlockRef[]): PinRun[] {
  const runs: [string, number, number, number][] = [];
  for (const { channelId, dayStartMs, version } of inPinOrder(pins)) {
    const day = dayStartMs / DAY_MS;
    const last = runs.at(-1);
    if (last !== undefined && last[0] === channelId && last[3] === version && last[1] + last[2] === day) last[2] += 1;
    else runs.push([channelId, day, 1, version]);
  }
  return runs;
}

/** By channel and day: as they come back from the database. */
export function inPinOrder(pins: readonly BlockRef[]): BlockRef[] {
  return pins.toSorted((a, b) => (a.channelId === b.channelId ? a.dayStartMs - b.dayStartMs : a.channelId < b.channelId ? -1 : 1));
}

/** The reverse of `packPins`, by channel and day. Pins of bills that were kept singly pass through. */
export function unpackPins(kept: readonly (PinRun | BlockRef)[]): BlockRef[] {
  return kept.flatMap((entry): BlockRef[] => {
    if ("version" in entry) return [entry];
    const [channelId, fromDay, days, version] = entry;
    return Array.from({ length: days }, (_, index) => ({ channelId, dayStartMs: (fromDay + index) * DAY_MS, version }));
  });
}

interface BillRow {
  usage_point_id: UsagePointId;
  bill_id: string;
  meter_id: string;
  tariff_id: string;
  from_day: number;
  to_day: number;
  revision: number;
  state: BillState;
  energy_wh: bigint;
  estimated_share: number;
  known_at: number;
  issued_at: number | null;
  held_because: string;
  document: Omit<Bill, "pinned"> & { readonly pinned: readonly (PinRun | BlockRef)[] };
}

function billOf(row: BillRow): StoredBill {
  return {
    billId: row.bill_id,
    usagePointId: row.usage_point_id,
    meterId: row.meter_id,
    tariffId: row.tariff_id,
    fromDay: row.from_day,
    toDay: row.to_day,
    revision: row.revision,
    state: row.state,
    energyWh: Number(row.energy_wh),
    estimatedShare: row.estimated_share,
    knownAtMs: row.known_at,
    issuedAtMs: row.issued_at ?? undefined,
    heldBecause: row.held_because,
    bill: { ...row.document, pinned: unpackPins(row.document.pinned) },
  };
}
