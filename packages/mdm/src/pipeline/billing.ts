import { UsageError } from "@amity/bytes";
import { formatDay, zoneOf } from "@amity/intervals";
import type { UsagePointId } from "@amity/model";
import type { Clock } from "@amity/runtime";
import { instantParam, type Store, type Transaction } from "@amity/store";
import type { Ledger } from "../ledger/ledger.ts";
import { prepareTariff, rate, type Bill, type ReadyTariff } from "../rating/index.ts";
import type { Registry } from "../registry/registry.ts";
import type { Tariff } from "../tariff/index.ts";
import { usageTotals } from "./usage-totals.ts";
import { installationsOfAll, readUsage } from "./usage-reader.ts";

export type BillState = "held" | "issued" | "cancelled";

/** A bill as it is kept. A bill that is out is never changed: late data cancel it and make the next revision. */
export interface StoredBill {
  readonly billId: string;
  readonly usagePointId: UsagePointId;
  readonly meterId: string;
  readonly tariffId: string;
  readonly fromDay: number;
  readonly toDay: number;
  readonly revision: number;
  readonly state: BillState;
  readonly energyWh: number;
  /** Share of the energy that is estimated, 0 to 1. */
  readonly estimatedShare: number;
  /** The ledger as of this instant gives the bill's intervals again; `bill.pinned` names their versions. */
  readonly knownAtMs: number;
  readonly issuedAtMs: number | undefined;
  readonly heldBecause: string;
  readonly bill: Bill;
}

export interface BillAsk {
  readonly usagePointId: UsagePointId;
  readonly tariffId: string;
  /** Civil days in the tariff's zone, `toDay` exclusive. */
  readonly fromDay: number;
  readonly toDay: number;
}

export interface BillFilter {
  readonly usagePointId?: UsagePointId;
  readonly meterId?: string;
  readonly state?: BillState;
  readonly limit: number;
  /** Only what comes after this one in the list (newest period first). */
  readonly after?: { readonly toDay: number; readonly billId: string };
}

export interface Billing {
  /** Stores a tariff; the same id again must keep its published versions. @throws UsageError `tariff-changed`. */
  publish(tariff: Tariff): Promise<void>;
  tariffs(): Promise<Tariff[]>;
  /**
   * Rates and stores. A bill of the same time whose amounts still hold is given back; one that late data made wrong is
   * cancelled and made again. Bills with more missing or failed time than the gate allows are held, with the reason.
   */
  bill(asks: readonly BillAsk[]): Promise<StoredBill[]>;
  list(filter: BillFilter): Promise<StoredBill[]>;
  find(billId: string): Promise<StoredBill | undefined>;
}

export interface BillingOptions {
  /** Largest share of intervals that may be missing or failed on an issued bill. Default 0. */
  readonly missingShareMax?: number;
}

/** Usage points read from the ledger at once. */
const POINTS_AT_ONCE = 500;
const LIST_MAX = 1000;

interface Parts {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly clock: Pick<Clock, "nowMs">;
}

export function createBilling(parts: Parts, options: BillingOptions = {}): Billing {
  const ready = new Map<string, ReadyTariff>();
  const tariffOf = async (tariffId: string): Promise<ReadyTariff> => {
    let tariff = ready.get(tariffId);
    if (tariff === undefined) {
      const { rows } = await parts.store.query<{ document: Tariff }>("select document from mdm.tariff where tariff_id = $1", [tariffId]);
      const [row] = rows;
      if (row === undefined) throw new UsageError(`there is no tariff ${tariffId}`, { code: "unknown-tariff" });
      tariff = prepareTariff(row.document);
      ready.set(tariffId, tariff);
    }
    return tariff;
  };
  return {
    async publish(tariff) {
      ready.set(tariff.id, prepareTariff(tariff));
      await publish(parts, tariff);
    },
    async tariffs() {
      const { rows } = await parts.store.query<{ document: Tariff }>("select document from mdm.tariff order by tariff_id");
      return rows.map((row) => row.document);
    },
    async bill(asks) {
      const made: StoredBill[] = [];
      for (let at = 0; at < asks.length; at += POINTS_AT_ONCE) {
        const group = asks.slice(at, at + POINTS_AT_ONCE);
        const drafts = await rateAll(parts, group, tariffOf, options);
        made.push(...(await parts.store.transaction((transaction) => keepAll(transaction, drafts))));
      }
      return made;
    },
    async list(filter) {
      const { rows } = await parts.store.query<BillRow>(
        `${SELECT} where ($1::text is null or usage_point_id = $1) and ($2::text is null or meter_id = $2) and ($3::text is null or state = $3)
           and ($4::date is null or (to_day, bill_id) < ($4, $5))
         order by to_day desc, bill_id desc limit $6`,
        [
          filter.usagePointId ?? null,
          filter.meterId ?? null,
          filter.state ?? null,
          filter.after === undefined ? null : formatDay(filter.after.toDay),
          filter.after?.billId ?? null,
          Math.min(filter.limit, LIST_MAX),
        ],
      );
      return rows.map(billOf);
    },
    async find(billId) {
      const { rows } = await parts.store.query<BillRow>(`${SELECT} where bill_id = $1`, [billId]);
      return rows[0] === undefined ? undefined : billOf(rows[0]);
    },
  };
}

async function publish(parts: Parts, tariff: Tariff): Promise<void> {
  await parts.store.transaction(async (transaction) => {
    const { rows } = await transaction.query<{ document: Tariff }>("select document from mdm.tariff where tariff_id = $1 for update", [
      tariff.id,
    ]);
    for (const version of rows[0]?.document.versions ?? []) {
      const next = tariff.versions.find((candidate) => candidate.version === version.version);
      if (canonical(next) !== canonical(version)) {
        throw new UsageError(`version ${version.version} of tariff ${tariff.id} is published and cannot change`, {
          code: "tariff-changed",
          advice: "publish the change as a new version with its own effectiveFrom",
        });
      }
    }
    await transaction.query(
      "insert into mdm.tariff (tariff_id, document, stored_at) values ($1, $2, $3) on conflict (tariff_id) do update set document = $2, stored_at = $3",
      [tariff.id, JSON.stringify(tariff), instantParam(parts.clock.nowMs())],
    );
  });
}

/** JSON with its keys in one order: the database does not keep that of the writer. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  );
}

type Draft = Omit<StoredBill, "billId" | "revision">;

async function rateAll(
  parts: Parts,
  asks: readonly BillAsk[],
  tariffOf: (id: string) => Promise<ReadyTariff>,
  options: BillingOptions,
): Promise<Draft[]> {
  const tariffs = await Promise.all(asks.map((ask) => tariffOf(ask.tariffId)));
  const knownAtMs = parts.clock.nowMs();
  const usages = await readUsage(
    parts,
    asks.map((ask, index) => ({ ...ask, zone: tariffs[index]?.zone ?? zoneOf("UTC"), asOfMs: knownAtMs })),
  );
  const installations = await installationsOfAll(parts.store, [...new Set(asks.map((ask) => ask.usagePointId))]);
  return asks.map((ask, index): Draft => {
    const tariff = tariffs[index];
    const usage = usages[index];
    if (tariff === undefined || usage === undefined) throw new UsageError("no usage", { code: "unknown-usage-point" });
    const bill = rate(tariff, { ...ask, usage });
    const totals = usageTotals(usage);
    const unsound = bill.quality.missing + bill.quality.failed;
    const share = bill.quality.intervals === 0 ? 1 : unsound / bill.quality.intervals;
    const isHeld = share > (options.missingShareMax ?? 0);
    return {
      ...ask,
      meterId: installations.get(ask.usagePointId)?.at(-1)?.meterId ?? ask.usagePointId,
      state: isHeld ? "held" : "issued",
      energyWh: totals.importWh,
      estimatedShare: totals.estimatedShare,
      knownAtMs,
      issuedAtMs: isHeld ? undefined : knownAtMs,
      heldBecause: isHeld ? `${unsound} of ${bill.quality.intervals} intervals are missing or failed` : "",
      bill,
    };
  });
}

/** The latest revision stays where its lines are the same; otherwise it is cancelled and the draft becomes the next. */
async function keepAll(transaction: Transaction, drafts: readonly Draft[]): Promise<StoredBill[]> {
  const latest = await latestRevisions(transaction, drafts);
  const cancelled: StoredBill[] = [];
  const made: StoredBill[] = [];
  const kept = drafts.map((draft): StoredBill => {
    const before = latest.get(keyOf(draft));
    if (before !== undefined && before.state === draft.state && sameAmounts(before.bill, draft.bill)) return before;
    if (before !== undefined && before.state !== "cancelled") cancelled.push(before);
    const revision = (before?.revision ?? 0) + 1;
    const bill = { ...draft, revision, billId: `${draft.usagePointId}-${formatDay(draft.fromDay)}-${draft.tariffId}-${revision}` };
    made.push(bill);
    return bill;
  });
  await transaction.query(
    `update mdm.bill b set state = 'cancelled' from unnest($1::text[], $2::text[]) as n (usage_point_id, bill_id)
     where b.usage_point_id = n.usage_point_id and b.bill_id = n.bill_id`,
    [cancelled.map(({ usagePointId }) => usagePointId), cancelled.map(({ billId }) => billId)],
  );
  await transaction.query(INSERT, [JSON.stringify(made.map(rowOf))]);
  return kept;
}

async function latestRevisions(transaction: Transaction, drafts: readonly Draft[]): Promise<Map<string, StoredBill>> {
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

function keyOf({ usagePointId, tariffId, fromDay, toDay }: BillAsk): string {
  return JSON.stringify([usagePointId, tariffId, fromDay, toDay]);
}

function sameAmounts(left: Bill, right: Bill): boolean {
  const amounts = (bill: Bill): string => JSON.stringify(bill.lines.map(({ chargeId, quantity, amount }) => [chargeId, quantity, amount]));
  return amounts(left) === amounts(right);
}

function rowOf(bill: StoredBill): Record<string, unknown> {
  return {
    usage_point_id: bill.usagePointId,
    bill_id: bill.billId,
    meter_id: bill.meterId,
    tariff_id: bill.tariffId,
    from_day: formatDay(bill.fromDay),
    to_day: formatDay(bill.toDay),
    revision: bill.revision,
    state: bill.state,
    currency: bill.bill.currency,
    total: bill.bill.total,
    energy_wh: Math.round(bill.energyWh),
    estimated_share: bill.estimatedShare,
    known_at: instantParam(bill.knownAtMs),
    issued_at: bill.issuedAtMs === undefined ? null : instantParam(bill.issuedAtMs),
    held_because: bill.heldBecause,
    document: bill.bill,
  };
}

const INSERT = `insert into mdm.bill select * from jsonb_populate_recordset(null::mdm.bill, $1::jsonb)`;

const SELECT = `select usage_point_id, bill_id, meter_id, tariff_id, from_day - date '1970-01-01' as from_day, to_day - date '1970-01-01' as to_day,
  revision, state, energy_wh, estimated_share, known_at, issued_at, held_because, document from mdm.bill`;

interface BillRow {
  usage_point_id: string;
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
  document: Bill;
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
    bill: row.document,
  };
}
