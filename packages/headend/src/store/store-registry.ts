import type { Store } from "@amity/store";
import type { Registry } from "../registry.ts";
import { commandStoreOn } from "./command-store.ts";
import { deviceStoreOn } from "./device-store.ts";
import { firmwareStoreOn } from "./firmware-store.ts";
import { readingStoreOn } from "./reading-store.ts";

/** The registry on PostgreSQL, schema `headend` (apply `headEndMigrations` first). */
export function storeRegistry(store: Store): Registry {
  return { ...deviceStoreOn(store), ...readingStoreOn(store), ...commandStoreOn(store), ...firmwareStoreOn(store) };
}
