import { UsageError } from "@amity/bytes";
import type { UsagePointId } from "@amity/model";
import type { Clock } from "@amity/runtime";
import { instantParam, type Store, type Transaction } from "@amity/store";
import { Money } from "../rating/money.ts";
import { post, type PostOutcome, type PrepayAccount, type PrepayEntry, type PrepayTerms } from "./prepay.ts";

export interface StoredEntry {
  readonly entryNo: number;
  readonly entry: PrepayEntry;
  readonly balanceAfter: string;
  readonly debtAfter: string;
  readonly knownAtMs: number;
}

/** Prepay accounts in PostgreSQL: entries are only added, each once. */
export interface PrepayStore {
  /** Opens an account; again with the same id changes nothing. */
  open(account: { readonly accountId: string; readonly usagePointId: UsagePointId; readonly currency: string }): Promise<void>;
  /** Posts one entry; resolves after commit. Posting the same again is `repeated`. @throws UsageError `unknown-account`. */
  post(accountId: string, entry: PrepayEntry, terms: PrepayTerms): Promise<PostOutcome>;
  /** Balance, debt and last reading; `entries` holds none of them. Undefined where there is no such account. */
  account(accountId: string): Promise<PrepayAccount | undefined>;
  /** Newest first. */
  entries(accountId: string, page: { readonly limit: number; readonly beforeNo?: number }): Promise<readonly StoredEntry[]>;
}

const PAGE_MAX = 1000;

export function createPrepayStore(store: Store, clock: Pick<Clock, "nowMs">): PrepayStore {
  return {
    async open({ accountId, usagePointId, currency }) {
      await store.query(
        "insert into mdm.prepay_account (account_id, usage_point_id, currency, opened_at) values ($1, $2, $3, $4) on conflict do nothing",
        [accountId, usagePointId, currency, instantParam(clock.nowMs())],
      );
    },
    post: (accountId, entry, terms) =>
      store.transaction((transaction) => postIn(transaction, { accountId, entry, terms, nowMs: clock.nowMs() })),
    async account(accountId) {
      const { rows } = await store.query<AccountRow>(`${SELECT_ACCOUNT} where account_id = $1`, [accountId]);
      return rows[0] === undefined ? undefined : accountOfRow(rows[0], []);
    },
    async entries(accountId, { limit, beforeNo }) {
      const { rows } = await store.query<{
        entry_no: number;
        entry: PrepayEntry;
        balance_after: string;
        debt_after: string;
        known_at: number;
      }>(
        `select entry_no, entry, balance_after, debt_after, known_at from mdm.prepay_entry
         where account_id = $1 and ($2::integer is null or entry_no < $2) order by entry_no desc limit $3`,
        [accountId, beforeNo ?? null, Math.min(limit, PAGE_MAX)],
      );
      return rows.map((row) => ({
        entryNo: row.entry_no,
        entry: row.entry,
        balanceAfter: row.balance_after,
        debtAfter: row.debt_after,
        knownAtMs: row.known_at,
      }));
    },
  };
}

interface Posting {
  readonly accountId: string;
  readonly entry: PrepayEntry;
  readonly terms: PrepayTerms;
  readonly nowMs: number;
}

async function postIn(transaction: Transaction, { accountId, entry, terms, nowMs }: Posting): Promise<PostOutcome> {
  // The account's row is the lock that puts its entries in one order.
  const { rows } = await transaction.query<AccountRow>(`${SELECT_ACCOUNT} where account_id = $1 for update`, [accountId]);
  const [row] = rows;
  if (row === undefined) throw new UsageError(`there is no prepay account ${accountId}`, { code: "unknown-account" });
  const wanted = entry.kind === "correction" ? [entry.entryId, entry.corrects] : [entry.entryId];
  const known = await transaction.query<{ entry: PrepayEntry }>(
    "select entry from mdm.prepay_entry where account_id = $1 and entry_id = any ($2::text[])",
    [accountId, wanted],
  );
  const before = accountOfRow(
    row,
    known.rows.map((found) => found.entry),
  );
  const outcome = post(before, entry, terms);
  if (outcome.kind !== "posted") return outcome;
  const { balance, debt, lastReadAtMs } = outcome.account;
  await transaction.query(
    `insert into mdm.prepay_entry (account_id, entry_id, entry_no, entry, balance_after, debt_after, known_at) values ($1, $2, $3, $4, $5, $6, $7)`,
    [accountId, entry.entryId, row.entries + 1, JSON.stringify(entry), balance.toFixed(), debt.toFixed(), instantParam(nowMs)],
  );
  await transaction.query(
    "update mdm.prepay_account set balance = $2, debt = $3, last_read_at = $4, entries = entries + 1 where account_id = $1",
    [accountId, balance.toFixed(), debt.toFixed(), lastReadAtMs === undefined ? null : instantParam(lastReadAtMs)],
  );
  return outcome;
}

const SELECT_ACCOUNT = "select balance, debt, last_read_at, entries from mdm.prepay_account";

interface AccountRow {
  balance: string;
  debt: string;
  last_read_at: number | null;
  entries: number;
}

function accountOfRow(row: AccountRow, entries: readonly PrepayEntry[]): PrepayAccount {
  return {
    balance: new Money(row.balance),
    debt: new Money(row.debt),
    lastReadAtMs: row.last_read_at ?? undefined,
    entries: new Map(entries.map((entry) => [entry.entryId, entry])),
  };
}
