import { digest } from "@amity/crypto";
import { toHex, UsageError } from "@amity/bytes";
import { instantParam, type Store, type Transaction } from "./store.ts";

/** One step of a schema. Never changed once released: a correction is the next step. */
export interface Migration {
  /** 1, 2, 3, ... within its owner. */
  readonly number: number;
  /** A few words, kebab-case. */
  readonly name: string;
  /** Statements, run in one transaction. */
  readonly sql: string;
}

/** The migrations of one package. Owners are applied in the order given. */
export interface MigrationSet {
  /** Package that owns the tables, e.g. `mdm`: also the schema it keeps them in. */
  readonly owner: string;
  readonly migrations: readonly Migration[];
}

export interface AppliedMigration {
  readonly owner: string;
  readonly number: number;
  readonly name: string;
}

/** Key of the advisory lock under which schemas change: "amity" in ASCII. */
const LOCK_KEY = 0x616d697479n;

/** On Citus this is a local table of the coordinator. */
const LEDGER_OF_MIGRATIONS = `
create schema if not exists amity;
create table if not exists amity.migration (
  owner text not null,
  number integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default clock_timestamp(),
  primary key (owner, number)
)`;

/**
 * Brings the schema up to date: each missing migration in a transaction of its own, under a lock, so that many programs
 * may start at once. Returns what was applied now.
 * @throws UsageError `migration-changed` if an applied one differs from the code, `migration-unknown` if the database is newer than
 * the program, `migration-order` if numbers have gaps.
 */
export async function migrate(store: Store, sets: readonly MigrationSet[], nowMs?: number): Promise<AppliedMigration[]> {
  for (const set of sets) requireOrder(set);
  await store.transaction(async (transaction) => {
    await lock(transaction);
    await transaction.query(LEDGER_OF_MIGRATIONS);
  });
  const applied: AppliedMigration[] = [];
  for (const { owner, migrations } of sets) {
    for (const migration of migrations) {
      const isNew = await store.transaction((transaction) => applyOnce(transaction, owner, migration, nowMs));
      if (isNew) applied.push({ owner, number: migration.number, name: migration.name });
    }
    await requireNoneAhead(store, owner, migrations.length);
  }
  return applied;
}

async function applyOnce(transaction: Transaction, owner: string, migration: Migration, nowMs: number | undefined): Promise<boolean> {
  await lock(transaction);
  const { number, name } = migration;
  const checksum = toHex(digest("sha256", new TextEncoder().encode(migration.sql)));
  const { rows } = await transaction.query<{ name: string; checksum: string }>(
    "select name, checksum from amity.migration where owner = $1 and number = $2",
    [owner, number],
  );
  const known = rows[0];
  if (known !== undefined) {
    if (known.checksum === checksum) return false;
    throw new UsageError(`migration ${owner} ${number} (${known.name}) was applied with other statements than the program holds`, {
      code: "migration-changed",
      advice: "never edit a released migration: restore it and add a new one",
    });
  }
  await transaction.query(migration.sql);
  await transaction.query(
    "insert into amity.migration (owner, number, name, checksum, applied_at) values ($1, $2, $3, $4, coalesce($5::timestamptz, clock_timestamp()))",
    [owner, number, name, checksum, nowMs === undefined ? null : instantParam(nowMs)],
  );
  return true;
}

async function requireNoneAhead(store: Store, owner: string, count: number): Promise<void> {
  const { rows } = await store.query<{ number: number; name: string }>(
    "select number, name from amity.migration where owner = $1 and number > $2 order by number limit 1",
    [owner, count],
  );
  const ahead = rows[0];
  if (ahead === undefined) return;
  throw new UsageError(`the database has migration ${owner} ${ahead.number} (${ahead.name}), which this program does not know`, {
    code: "migration-unknown",
    advice: "run the newer version of Amity that made it",
  });
}

function requireOrder(set: MigrationSet): void {
  set.migrations.forEach((migration, index) => {
    if (migration.number !== index + 1) {
      throw new UsageError(`migration ${set.owner} ${migration.number} stands where ${index + 1} belongs`, { code: "migration-order" });
    }
  });
}

/** Held until the transaction ends. */
async function lock(transaction: Transaction): Promise<void> {
  await transaction.query("select pg_advisory_xact_lock($1)", [LOCK_KEY]);
}
