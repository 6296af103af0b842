import { UsageError, type AmityError } from "@amity/bytes";
import type { UsagePointId } from "@amity/model";
import type { Clock } from "@amity/runtime";
import { instantParam, type Store } from "@amity/store";
import { canonicalJson } from "../billing/canonical-json.ts";
import { STANDARD_GATE, type GateLimits } from "../billing/gate.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { prepareTariff, type ReadyTariff } from "../rating/index.ts";
import type { Registry } from "../registry/registry.ts";
import type { Tariff } from "../tariff/index.ts";
import { draftBills } from "./bill-drafts.ts";
import { findBill, keepDrafts, listBills, releaseHeld } from "./bill-table.ts";
import type { BillAsk, BillDraft, BillFilter, StoredBill } from "./stored-bill.ts";

export interface Billing {
  /**
   * Stores a tariff; the same id again must keep its published versions. With `by`, who published which version and why is
   * kept beside it (tables of `mdmRulesMigrations`). @throws UsageError `tariff-changed`.
   */
  publish(tariff: Tariff, by?: { author: string; reason: string }): Promise<void>;
  /** Who published which versions of a tariff, in the order of their word. */
  publications(tariffId: string): Promise<readonly TariffPublication[]>;
  tariffs(): Promise<Tariff[]>;
  /**
   * Rates and stores, in the order asked. A bill of the same time whose amounts still hold is given back; one that late data
   * made wrong is cancelled and made again. What earlier bills hand on (surplus, demands, the year's total) is taken from
   * those that are issued; of one usage point the earlier time is rated first. Bills that the gate stops are held, with the
   * reasons. @throws UsageError `not-rated` for those that cannot be rated at all, after the others are stored.
   */
  bill(asks: readonly BillAsk[]): Promise<StoredBill[]>;
  /**
   * Rates without storing anything, over another view of the ledger: what bills would come to. In the order asked; `undefined`
   * for one that cannot be rated.
   */
  rate(asks: readonly BillAsk[], over: Ledger): Promise<(BillDraft | undefined)[]>;
  /**
   * Lets a held bill go out all the same. It stays issued while its amounts hold. `undefined` where there is no such bill;
   * one that is not held is given back as it is. @throws UsageError `reason-missing`.
   */
  release(billId: string, by: { author: string; note: string }): Promise<StoredBill | undefined>;
  list(filter: BillFilter): Promise<StoredBill[]>;
  find(billId: string): Promise<StoredBill | undefined>;
}

export interface TariffPublication {
  readonly version: number;
  readonly author: string;
  readonly reason: string;
  readonly storedAtMs: number;
}

export interface BillingOptions {
  /** What a bill may hold without waiting for a person; limits left out are those of `STANDARD_GATE`. */
  readonly gate?: Partial<GateLimits>;
}

/** Usage points read from the ledger at once. */
const POINTS_AT_ONCE = 250;
/** Groups in work at once: while the database reads one and writes another, the program rates a third. */
const GROUPS_AT_ONCE = 3;
const LIST_MAX = 1000;

interface Parts {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly clock: Pick<Clock, "nowMs">;
}

export function createBilling(parts: Parts, options: BillingOptions = {}): Billing {
  const limits = { ...STANDARD_GATE, ...options.gate };
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
  const billGroup = async (group: readonly Ask[], made: StoredBill[], failed: Unrated[]): Promise<void> => {
    const drafts = await draftBills(parts, group, { tariffOf, limits });
    const rated: { index: number; draft: BillDraft }[] = [];
    for (const [at, { index, usagePointId }] of group.entries()) {
      const drafted = drafts[at];
      if (drafted?.kind === "rated") rated.push({ index, draft: drafted.draft });
      else if (drafted !== undefined) failed.push({ usagePointId, error: drafted.error });
    }
    const kept = await parts.store.transaction((transaction) =>
      keepDrafts(
        transaction,
        rated.map(({ draft }) => draft),
      ),
    );
    for (const [at, bill] of kept.entries()) made[rated[at]?.index ?? 0] = bill;
  };
  return {
    publications: (tariffId) => publicationsOf(parts.store, tariffId),
    async publish(tariff, by) {
      const prepared = prepareTariff(tariff);
      await publish(parts, tariff, by);
      ready.set(tariff.id, prepared);
    },
    tariffs: () => tariffsOf(parts.store),
    async bill(asks) {
      const made: StoredBill[] = [];
      const failed: Unrated[] = [];
      for (const wave of wavesOf(asks)) {
        const groups = Array.from({ length: Math.ceil(wave.length / POINTS_AT_ONCE) }, (_, index) =>
          wave.slice(index * POINTS_AT_ONCE, (index + 1) * POINTS_AT_ONCE),
        );
        let next = 0;
        const work = async (): Promise<void> => {
          for (let group = groups[next++]; group !== undefined; group = groups[next++]) await billGroup(group, made, failed);
        };
        await allSettled(Array.from({ length: Math.min(GROUPS_AT_ONCE, groups.length) }, work));
      }
      if (failed.length > 0) throw notRated(failed, asks.length);
      return made;
    },
    async rate(asks, over) {
      const drafts = await draftBills({ ...parts, ledger: over }, asks, { tariffOf, limits });
      return drafts.map((drafted) => (drafted.kind === "rated" ? drafted.draft : undefined));
    },
    async release(billId, { author, note }) {
      if (note.trim() === "")
        throw new UsageError("a release needs a reason", { code: "reason-missing", advice: "say in a few words why" });
      await releaseHeld(parts.store, billId, { note: ` - released by ${author}: ${note.trim()}`, atMs: parts.clock.nowMs() });
      return findBill(parts.store, billId);
    },
    list: (filter) => listBills(parts.store, filter, Math.min(filter.limit, LIST_MAX)),
    find: (billId) => findBill(parts.store, billId),
  };
}

type Ask = BillAsk & { readonly index: number };

interface Unrated {
  readonly usagePointId: UsagePointId;
  readonly error: AmityError;
}

/** Asks that may be rated side by side: of each usage point one, the earlier time in the earlier wave. */
function wavesOf(asks: readonly BillAsk[]): Ask[][] {
  const waves: Ask[][] = [];
  const depth = new Map<UsagePointId, number>();
  const ordered = asks.map((ask, index): Ask => ({ ...ask, index })).toSorted((a, b) => a.fromDay - b.fromDay || a.index - b.index);
  for (const ask of ordered) {
    const wave = depth.get(ask.usagePointId) ?? 0;
    depth.set(ask.usagePointId, wave + 1);
    (waves[wave] ??= []).push(ask);
  }
  return waves;
}

/** Waits for all, so that nothing is left running behind a failure, then throws the first. */
async function allSettled(work: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) if (outcome.status === "rejected") throw outcome.reason;
}

function notRated(failed: readonly Unrated[], asked: number): UsageError {
  const named = failed.slice(0, 5).map(({ usagePointId, error }) => `${usagePointId}: ${error.message}`);
  return new UsageError(`${failed.length} of ${asked} bills could not be rated (${named.join("; ")}${failed.length > 5 ? "; ..." : ""})`, {
    code: "not-rated",
    cause: failed[0]?.error,
  });
}

async function publish(parts: Parts, tariff: Tariff, by: { author: string; reason: string } | undefined): Promise<void> {
  await parts.store.transaction(async (transaction) => {
    const { rows } = await transaction.query<{ document: Tariff }>("select document from mdm.tariff where tariff_id = $1 for update", [
      tariff.id,
    ]);
    const published = rows[0]?.document.versions ?? [];
    for (const version of published) {
      const next = tariff.versions.find((candidate) => candidate.version === version.version);
      if (canonicalJson(next) !== canonicalJson(version)) {
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
    if (by === undefined) return;
    const fresh = tariff.versions.filter(({ version }) => !published.some((known) => known.version === version));
    await transaction.query(
      `insert into mdm.tariff_publication (tariff_id, version, author, reason, stored_at)
       select $1, version, $3, $4, $5 from unnest($2::integer[]) as version on conflict do nothing`,
      [tariff.id, fresh.map(({ version }) => version), by.author, by.reason, instantParam(parts.clock.nowMs())],
    );
  });
}

async function tariffsOf(store: Store): Promise<Tariff[]> {
  const { rows } = await store.query<{ document: Tariff }>("select document from mdm.tariff order by tariff_id");
  return rows.map((row) => row.document);
}

async function publicationsOf(store: Store, tariffId: string): Promise<readonly TariffPublication[]> {
  const { rows } = await store.query<{ version: number; author: string; reason: string; stored_at: number }>(
    "select version, author, reason, stored_at from mdm.tariff_publication where tariff_id = $1 order by stored_at, version",
    [tariffId],
  );
  return rows.map((row) => ({ version: row.version, author: row.author, reason: row.reason, storedAtMs: row.stored_at }));
}
