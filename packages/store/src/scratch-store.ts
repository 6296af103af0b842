import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Random, Timers } from "@amity/runtime";
import { startEmbedded, type EmbeddedPostgres } from "./embedded/embedded-postgres.ts";
import { openPool } from "./pg-store.ts";
import type { Store } from "./store.ts";

export interface ScratchStore {
  readonly store: Store;
  readonly server: EmbeddedPostgres;
  /** Ends the server and removes everything. */
  close(): Promise<void>;
}

/** A fresh embedded database in the machine's temporary folder: for tests, benchmarks and simulations. Ready in about a second. */
export async function openScratchStore(parts: { timers: Timers; random: Random; connectionsMax?: number }): Promise<ScratchStore> {
  const folder = await mkdtemp(join(tmpdir(), "amity-scratch-"));
  // The server's account must pass through.
  await chmod(folder, 0o755);
  const server = await startEmbedded({ folder, timers: parts.timers, random: parts.random });
  const store = await openPool({
    connection: server.connection,
    ...(parts.connectionsMax === undefined ? {} : { connectionsMax: parts.connectionsMax }),
  });
  return {
    store,
    server,
    async close() {
      await store.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
