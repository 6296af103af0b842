import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RegistrationReport } from "@amity/api";
import { UsageError } from "@amity/bytes";
import { sealedKeyVault, sealedStoreOn, storeRegistry, type Registry } from "@amity/headend";
import { zoneOf } from "@amity/intervals";
import { createRegistry } from "@amity/mdm";
import { realRandom, realTimers, scaledClock } from "@amity/runtime";
import type { Store } from "@amity/store";
import { dataFolder, openDatabase, openDatabaseBeside } from "../compose/database.ts";
import { readFleetFile } from "../compose/fleet-file.ts";
import { headEndDrivers, loadMasterKey } from "../compose/head-end.ts";
import { registerFleet } from "../compose/register-fleet.ts";
import { EXIT, printJson, printLine } from "./output.ts";

export interface DevicesOptions {
  readonly databaseUrl?: string;
  readonly data: string;
  readonly json?: boolean;
}

/** `amity devices import`: a fleet from a file into the registry, its keys sealed into the vault. */
export async function importDevices(file: string, options: DevicesOptions & { readonly zone: string }): Promise<void> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${file} cannot be read: ${error.code ?? error.message}`, { code: "fleet-file" });
  });
  zoneOf(options.zone);
  const { entries, problems } = readFleetFile(text);
  const masterKey = await loadMasterKey(join(dataFolder(options.data), "master.key"));
  const report = await withDatabase(options, async (store) => {
    const clock = scaledClock(realTimers, { speed: 1 });
    const keys = sealedKeyVault(masterKey, sealedStoreOn(store), realRandom());
    const parts = { registry: storeRegistry(store), keys, drivers: headEndDrivers(), mdm: createRegistry(store, clock), clock };
    return registerFleet({ ...parts, zone: options.zone }, entries);
  });
  const all: RegistrationReport = {
    ...report,
    problems: [...problems, ...report.problems].toSorted((left, right) => left.line - right.line),
  };
  if (options.json === true) printJson(all);
  else printReport(all);
  if (all.problems.length > 0) process.exitCode = all.added + all.changed + all.unchanged > 0 ? EXIT.partial : EXIT.failed;
}

/** `amity devices list`: what is registered, page by page. */
export async function listDevices(options: DevicesOptions & { readonly limit: number; readonly after?: string }): Promise<void> {
  const page = await withDatabase(options, (store) => {
    const cursor = options.after === undefined ? {} : { cursor: options.after };
    return storeRegistry(store).devices({ limit: Math.min(Math.max(1, options.limit), LIMIT_MAX), ...cursor });
  });
  if (options.json === true) {
    printJson({
      items: page.items.map(({ device, health }) => ({ ...device, lastSeenMs: health.lastSeenMs, lastError: health.lastError })),
      next: page.next,
    });
    return;
  }
  for (const record of page.items) printLine(lineOf(record));
  if (page.next !== undefined) printLine(`more: --after ${page.next}`);
}

const LIMIT_MAX = 1_000;

/** The database, also while `amity up` runs on the embedded one. */
async function withDatabase<T>(options: DevicesOptions, work: (store: Store) => Promise<T>): Promise<T> {
  const { databaseUrl, data } = options;
  const beside = databaseUrl === undefined ? await openDatabaseBeside(data) : undefined;
  const store = beside ?? (await openDatabase({ data, ...(databaseUrl === undefined ? {} : { databaseUrl }) }));
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

function printReport({ added, changed, unchanged, keysStored, problems }: RegistrationReport): void {
  for (const { line, id, field, reason } of problems) {
    const where = [`line ${line}`, id, field].filter((part) => part !== undefined && part !== "").join(", ");
    printLine(`${where}: ${reason}`);
  }
  printLine(`${added} added, ${changed} changed, ${unchanged} as they were; ${keysStored} keys stored; ${problems.length} problems`);
}

function lineOf({ device, health }: Awaited<ReturnType<Registry["devices"]>>["items"][number]): string {
  const seen = health.lastSeenMs === undefined ? "never heard" : `heard ${new Date(health.lastSeenMs).toISOString()}`;
  const trouble = health.lastError === undefined ? "" : `, ${health.lastError.code}: ${health.lastError.message}`;
  return `${device.meterId}  ${device.protocol}  ${device.route.kind}  ${device.status}  ${seen}${trouble}`;
}
