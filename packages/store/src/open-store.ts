import { startEmbedded, type EmbeddedOptions } from "./embedded/embedded-postgres.ts";
import { runningServer } from "./embedded/running-server.ts";
import { openPool } from "./pg-store.ts";
import type { Store } from "./store.ts";

/**
 * Opens the database: any PostgreSQL 15 or newer by URL, or the embedded one on a folder. Closing the store stops the embedded
 * server too.
 * @throws as `openPool` and `startEmbedded`.
 */
export async function openStore(
  options: { url: string; connectionsMax?: number } | { embedded: EmbeddedOptions; connectionsMax?: number },
): Promise<Store> {
  const pool = options.connectionsMax === undefined ? {} : { connectionsMax: options.connectionsMax };
  if ("url" in options) return openPool({ connection: options.url, ...pool });
  const server = await startEmbedded(options.embedded);
  try {
    const store = await openPool({ connection: server.connection, ...pool });
    const close = store.close.bind(store);
    return Object.assign(store, {
      close: async () => {
        await close();
        await server.stop();
      },
    });
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/**
 * A store on the embedded database that another program runs on the folder right now; `undefined` where none does. Closing it
 * leaves the server running.
 * @throws as `openPool`, and UsageError `data-folder` for a damaged folder.
 */
export async function openBeside(folder: string): Promise<Store | undefined> {
  const connection = await runningServer(folder);
  return connection === undefined ? undefined : openPool({ connection });
}
