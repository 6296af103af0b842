import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "@amity/store";
import { openDatabase } from "../compose/database.ts";

/** Runs work on a fresh embedded PostgreSQL, with the settings that `amity up` uses, and removes it afterwards. */
export async function withBenchStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const data = await mkdtemp(join(tmpdir(), "amity-bench-"));
  try {
    const store = await openDatabase({ data });
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}
