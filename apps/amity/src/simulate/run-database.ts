import { headEndMigrations } from "@amity/headend";
import { mdmMigrations, mdmRulesMigrations } from "@amity/mdm";
import { realRandom, realTimers } from "@amity/runtime";
import { leaseMigrations, migrate, openPool, openScratchStore, type PoolOptions, type Store } from "@amity/store";

/** A database server for simulations: each run gets a database of its own on it, which is dropped afterwards. */
export interface RunServer {
  /** Runs work on a fresh, migrated database. */
  withDatabase<T>(work: (store: Store) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const CONNECTIONS_MAX = 4;

/** A scratch server of our own, or the one at `databaseUrl`, whose account must be allowed to create databases. */
export async function openRunServer(databaseUrl: string | undefined): Promise<RunServer> {
  const parts = { timers: realTimers, random: realRandom(), connectionsMax: 2 };
  if (databaseUrl === undefined) {
    const scratch = await openScratchStore(parts);
    const { connection } = scratch.server;
    return serverOn(
      scratch.store,
      (database) => ({ ...connection, database }),
      () => scratch.close(),
    );
  }
  const store = await openPool({ connection: databaseUrl, connectionsMax: 2 });
  return serverOn(
    store,
    (database) => withDatabaseName(databaseUrl, database),
    () => store.close(),
  );
}

function serverOn(store: Store, connectionTo: (database: string) => PoolOptions["connection"], close: () => Promise<void>): RunServer {
  const prefix = `amity_simulate_${Array.from(realRandom().bytes(6), (octet) => octet.toString(16).padStart(2, "0")).join("")}`;
  let runs = 0;
  return {
    close,
    async withDatabase(work) {
      const database = `${prefix}_${++runs}`;
      await store.query(`create database ${database}`);
      try {
        // What crashes here is simulated; the server itself does not, so nothing has to wait for its disk.
        await store.query(`alter database ${database} set synchronous_commit = off`);
        const own = await openPool({ connection: connectionTo(database), connectionsMax: CONNECTIONS_MAX });
        try {
          await migrate(own, [leaseMigrations, headEndMigrations, mdmMigrations, mdmRulesMigrations]);
          return await work(own);
        } finally {
          await own.close();
        }
      } finally {
        await store.query(`drop database if exists ${database} with (force)`);
      }
    },
  };
}

function withDatabaseName(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
