import { DAY_MS } from "@amity/intervals";
import type { SqlRunner } from "@amity/store";
import type { StoredBlock } from "../ledger/block-table.ts";
import { blockKeyOf } from "../ledger/channel-id.ts";
import type { BlockSelection } from "../ledger/block-table.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Billing } from "../pipeline/billing.ts";
import type { BillAsk } from "../pipeline/stored-bill.ts";
import { Money } from "../rating/money.ts";
import type { BillChange, DecisionEffect } from "./decision.ts";
import type { PlannedDay, Tell } from "./plan.ts";

/** Bills that one preview rates again. */
const RATED_MAX = 400;
const RATED_AT_ONCE = 50;
/** Bills of which a preview says what becomes of them. */
const CHANGES_MAX = 200;

interface TouchedBill extends BillAsk {
  readonly billId: string;
  readonly state: "held" | "issued";
  readonly currency: string;
  readonly total: string;
}

/** The held and issued bills whose time the days lie in, latest first. */
async function touchedBills(runner: SqlRunner, days: readonly PlannedDay[]): Promise<TouchedBill[]> {
  const spans = new Map<string, { from: number; to: number }>();
  for (const { channel, block } of days) {
    const day = block.dayStartMs / DAY_MS;
    const span = spans.get(channel.meterId) ?? { from: day, to: day };
    spans.set(channel.meterId, { from: Math.min(span.from, day), to: Math.max(span.to, day) });
  }
  return billsOver(
    runner,
    [...spans.entries()].map(([meterId, span]) => ({ meterId, ...span })),
  );
}

/** The held and issued bills over the days that a decision wrote, latest first. */
export async function billsOfDecision(runner: SqlRunner, decisionId: string): Promise<TouchedBill[]> {
  const { rows } = await runner.query<{ meter_id: string; first: number; last: number }>(
    `select m.meter_id, min(e.day) - date '1970-01-01' as first, max(e.day) - date '1970-01-01' as last
     from mdm.edit e join mdm.meter m on m.meter_key = e.meter_key where e.edit_id = $1 group by m.meter_id`,
    [decisionId],
  );
  return billsOver(
    runner,
    rows.map(({ meter_id, first, last }) => ({ meterId: meter_id, from: first, to: last })),
  );
}

async function billsOver(runner: SqlRunner, spans: readonly { meterId: string; from: number; to: number }[]): Promise<TouchedBill[]> {
  if (spans.length === 0) return [];
  const { rows } = await runner.query<{
    bill_id: string;
    usage_point_id: string;
    tariff_id: string;
    from_day: number;
    to_day: number;
    state: "held" | "issued";
    currency: string;
    total: string;
  }>(TOUCHED, [spans.map(({ meterId }) => meterId), spans.map(({ from }) => from), spans.map(({ to }) => to)]);
  return rows.map((row) => ({
    billId: row.bill_id,
    usagePointId: row.usage_point_id,
    tariffId: row.tariff_id,
    fromDay: row.from_day,
    toDay: row.to_day,
    state: row.state,
    currency: row.currency,
    total: row.total,
  }));
}

/** What the bills over planned days would come to, rated over the ledger as it would be. */
export async function billEffect(
  parts: { store: SqlRunner; ledger: Ledger; billing: Pick<Billing, "rate"> },
  days: readonly PlannedDay[],
  tell: Tell,
): Promise<DecisionEffect["bills"]> {
  const touched = await touchedBills(parts.store, days);
  const rated = touched.slice(0, RATED_MAX);
  const ledger = ledgerWith(parts.ledger, days);
  const changes: BillChange[] = [];
  let change = new Money(0);
  for (let at = 0; at < rated.length; at += RATED_AT_ONCE) {
    tell({ phase: "rating", done: at, total: rated.length });
    const group = rated.slice(at, at + RATED_AT_ONCE);
    const drafts = await parts.billing.rate(group, ledger);
    for (const [index, { billId, usagePointId, state, currency, total }] of group.entries()) {
      const after = drafts[index]?.bill.total;
      if (after === undefined || new Money(after).eq(total)) continue;
      change = change.plus(after).minus(total);
      changes.push({ billId, usagePointId, state, currency, before: total, after });
    }
  }
  return {
    changes: changes.slice(0, CHANGES_MAX),
    rated: rated.length,
    notRated: touched.length - rated.length,
    change: change.toFixed(2),
  };
}

/** The ledger as it would be with planned days in place: for reading only. */
function ledgerWith(ledger: Ledger, days: readonly PlannedDay[]): Ledger {
  const planned = new Map(days.map((day) => [blockKeyOf(day.channel.channelId, day.block.dayStartMs), day]));
  const read = async (selection: BlockSelection, take: (stored: StoredBlock) => void): Promise<number> => {
    const wanted = new Set(selection.channelIds);
    const seen = new Set<number>();
    let count = await ledger.read(selection, (stored) => {
      const key = blockKeyOf(stored.channelId, stored.block.dayStartMs);
      const day = planned.get(key);
      seen.add(key);
      take(day === undefined ? stored : { ...stored, version: stored.version + 1, block: day.block });
    });
    for (const [key, { channel, block }] of planned) {
      const isWithin = block.dayStartMs >= selection.fromDayMs && block.dayStartMs < selection.toDayMs;
      if (seen.has(key) || !isWithin || !wanted.has(channel.channelId)) continue;
      take({ channelId: channel.channelId, version: 1, knownAtMs: 0, provenanceId: 0, block });
      count++;
    }
    return count;
  };
  return {
    ...ledger,
    read,
    async blocks(selection) {
      const found: StoredBlock[] = [];
      await read(selection, (stored) => found.push(stored));
      return found;
    },
  };
}

/** A meter that was never installed is billed as the usage point of its own name. A civil day reaches into two UTC days. */
const TOUCHED = `
select distinct b.bill_id, b.usage_point_id, b.tariff_id, b.from_day - date '1970-01-01' as from_day, b.to_day - date '1970-01-01' as to_day,
  b.state, b.currency, b.total
from unnest($1::text[], $2::integer[], $3::integer[]) as n (meter_id, from_day, to_day)
join mdm.meter m on m.meter_id = n.meter_id
left join mdm.meter_installation i on i.meter_key = m.meter_key
join mdm.bill b on b.usage_point_id = coalesce(i.usage_point_id, m.meter_id)
where b.state <> 'cancelled' and b.from_day <= date '1970-01-01' + n.to_day + 1 and b.to_day >= date '1970-01-01' + n.from_day
order by to_day desc, b.bill_id`;
