import { toHex, UsageError } from "@amity/bytes";
import type { SqlRunner } from "@amity/store";
import type { CounterStore } from "../invocation-counters.ts";
import type { SealedSecret, SealedStore } from "../key-vault.ts";

/** Sealed secrets in `headend.secret`. */
export function sealedStoreOn(store: SqlRunner): SealedStore {
  return {
    async load(owner) {
      const { rows } = await store.query<SealedSecret>("select owner, purpose, sealed from headend.secret where owner = $1", [owner]);
      return rows;
    },
    async save(secrets) {
      const sealed = secrets.map((secret) => ({ owner: secret.owner, purpose: secret.purpose, sealed: toHex(secret.sealed) }));
      await store.query(
        `insert into headend.secret (owner, purpose, sealed)
         select owner, purpose, decode(sealed, 'hex') from jsonb_to_recordset($1::jsonb) as fresh (owner text, purpose text, sealed text)
         on conflict (owner, purpose) do update set sealed = excluded.sealed`,
        [JSON.stringify(sealed)],
      );
    },
  };
}

/** Invocation counters in `headend.counter`: one statement reserves, so two head-ends never get the same number. */
export function counterStoreOn(store: SqlRunner): CounterStore {
  return {
    async reserve(name, count) {
      const { rows } = await store.query<{ first: bigint }>(
        `insert into headend.counter as known (name, next) values ($1, 1 + $2::bigint)
         on conflict (name) do update set next = known.next + $2::bigint
         returning next - $2::bigint as first`,
        [name, count],
      );
      const [row] = rows;
      if (row === undefined) throw new UsageError(`no counter ${name} came back`, { code: "counter" });
      return Number(row.first);
    },
    async raise(name, value) {
      await store.query(
        `insert into headend.counter as known (name, next) values ($1, $2)
         on conflict (name) do update set next = greatest(known.next, excluded.next)`,
        [name, value],
      );
    },
  };
}
