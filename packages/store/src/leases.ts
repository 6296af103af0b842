import { LinkError, UsageError } from "@amity/bytes";
import type { MigrationSet } from "./migrations.ts";
import { instantParam, type SqlRunner, type Store, type Transaction } from "./store.ts";

/** The right to do one named job alone, for a while. */
export interface Lease {
  readonly name: string;
  readonly holder: string;
  /** Grows with every new holding of the name: whoever holds a smaller one has been replaced. */
  readonly fencingToken: bigint;
  readonly expiresAtMs: number;
}

/** On Citus a reference table (small, read everywhere): `name` alone is its key. */
export const leaseMigrations: MigrationSet = {
  owner: "store",
  migrations: [
    {
      number: 1,
      name: "leases",
      sql: `
create table amity.lease (
  name text primary key,
  holder text not null,
  fencing_token bigint not null,
  expires_at timestamptz not null
)`,
    },
  ],
};

const TTL_MAX_MS = 24 * 3_600_000;

/**
 * Takes or renews a lease. A renewal keeps its fencing token; a free or run-out lease gets the next one.
 * `undefined` while somebody else holds it. Time is the database's own, or `nowMs` where a simulation keeps it.
 */
export async function acquireLease(
  store: SqlRunner,
  request: { name: string; holder: string; ttlMs: number; nowMs?: number },
): Promise<Lease | undefined> {
  const { name, holder, ttlMs } = request;
  if (!(ttlMs > 0 && ttlMs <= TTL_MAX_MS))
    throw new UsageError(`a lease of ${ttlMs} ms is not within 0 to ${TTL_MAX_MS}`, { code: "limit" });
  const { rows } = await store.query<{ fencing_token: bigint; expires_at: number }>(
    `with clock as (select coalesce($4::timestamptz, clock_timestamp()) as now)
     insert into amity.lease as held (name, holder, fencing_token, expires_at)
     select $1, $2, 1, now + $3 * interval '1 millisecond' from clock
     on conflict (name) do update set
       fencing_token = held.fencing_token
         + case when held.holder = excluded.holder and held.expires_at > coalesce($4::timestamptz, clock_timestamp()) then 0 else 1 end,
       holder = excluded.holder,
       expires_at = excluded.expires_at
     where held.holder = excluded.holder or held.expires_at <= coalesce($4::timestamptz, clock_timestamp())
     returning fencing_token, expires_at`,
    [name, holder, ttlMs, request.nowMs === undefined ? null : instantParam(request.nowMs)],
  );
  const row = rows[0];
  return row === undefined ? undefined : { name, holder, fencingToken: row.fencing_token, expiresAtMs: row.expires_at };
}

/** Gives a lease back; one that was lost already stays with its new holder. */
export async function releaseLease(store: Store, lease: Lease): Promise<void> {
  await store.query("update amity.lease set expires_at = '-infinity' where name = $1 and fencing_token = $2", [
    lease.name,
    lease.fencingToken,
  ]);
}

/**
 * Call within the transaction that does the job's writes: they commit only if nobody has taken the lease since.
 * (Running out alone does no harm: the fence counts, not the clock.)
 * @throws LinkError `lease-lost`
 */
export async function requireLease(transaction: Transaction, lease: Lease): Promise<void> {
  const { rows } = await transaction.query<{ fencing_token: bigint }>("select fencing_token from amity.lease where name = $1 for share", [
    lease.name,
  ]);
  if (rows[0]?.fencing_token !== lease.fencingToken) {
    throw new LinkError(`the lease on ${lease.name} has gone to another holder`, {
      code: "lease-lost",
      advice: "this worker stops; the new holder goes on",
    });
  }
}
