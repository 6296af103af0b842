import { isAbsolute, join, resolve } from "node:path";
import { realRandom, realTimers } from "@amity/runtime";
import { headEndMigrations } from "@amity/headend";
import { mdmMigrations, mdmRulesMigrations } from "@amity/mdm";
import { leaseMigrations, migrate, openBeside, openStore, type Store } from "@amity/store";

/** Which database: the embedded one in a folder, or any PostgreSQL 15 or newer. */
export interface DatabaseChoice {
  readonly databaseUrl?: string;
  /** Data folder of the program; the embedded database lives below it. */
  readonly data: string;
}

/** Opens the database and brings every schema up to date. */
export async function openDatabase(choice: DatabaseChoice): Promise<Store> {
  const store = await openStore(
    choice.databaseUrl === undefined
      ? { embedded: { folder: join(dataFolder(choice.data), "postgres"), timers: realTimers, random: realRandom() } }
      : { url: choice.databaseUrl },
  );
  try {
    await migrate(store, [leaseMigrations, headEndMigrations, mdmMigrations, mdmRulesMigrations]);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The embedded database that another program runs on the data folder right now, as it is; `undefined` where none does. */
export function openDatabaseBeside(data: string): Promise<Store | undefined> {
  return openBeside(join(dataFolder(data), "postgres"));
}

/** The data folder as an absolute path; relative ones count from where the command was called. */
export function dataFolder(data: string): string {
  return isAbsolute(data) ? data : resolve(process.cwd(), data);
}
