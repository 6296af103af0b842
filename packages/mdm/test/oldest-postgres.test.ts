import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DAY_MS } from "@amity/intervals";
import { leaseMigrations, migrate, openStore, type Store } from "@amity/store";
import { describe, expect, test } from "vitest";
import { createLedger, createLedgerSink, createRegistry, mdmMigrations } from "../src/index.ts";
import { DAY, deliveryOf, handClock, seriesOf } from "./ledger-fixture.ts";

/** Where Debian and Ubuntu keep the oldest version that is supported. */
const PROGRAMS = "/usr/lib/postgresql/15/bin";

describe.skipIf(!existsSync(join(PROGRAMS, "postgres")))("the ledger on the oldest supported PostgreSQL, by URL", () => {
  test("migrates, stores, merges and reads as on the embedded one", async () => {
    await onServer(async (store) => {
      await migrate(store, [leaseMigrations, mdmMigrations]);
      const clock = handClock();
      const ledger = createLedger(store, clock);
      const registry = createRegistry(store, clock);
      const sink = createLedgerSink({ store, ledger, registry, clock });
      await sink.accept([deliveryOf(seriesOf("M1", DAY, [1, 2, 3]))]);
      await sink.accept([deliveryOf(seriesOf("M1", DAY, [1, 2, 3])), deliveryOf(seriesOf("M1", DAY + 3 * 900_000, [4]))]);
      const [channel] = await registry.channelsOf(["M1"]);
      const [stored] = await ledger.blocks({ channelIds: [channel?.channelId ?? -1], fromDayMs: DAY, toDayMs: DAY + DAY_MS });
      expect(stored?.version).toBe(2);
      expect([...(stored?.block.values.subarray(0, 5) ?? [])]).toEqual([1, 2, 3, 4, 0]);
    });
  });
});

async function onServer(work: (store: Store) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "amity-pg15-"));
  const account = accountOf("postgres");
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  chmodSync(folder, 0o755);
  const options = { ...account, cwd: "/", env: { PATH: "/usr/bin:/bin", LC_ALL: "C" } };
  const cluster = join(folder, "cluster");
  execFileSync(join(PROGRAMS, "initdb"), ["-D", cluster, "-U", "amity", "-A", "trust", "-E", "UTF8", "--no-sync"], {
    ...options,
    stdio: "ignore",
  });
  const server = spawn(join(PROGRAMS, "postgres"), ["-D", cluster, "-k", folder, "-c", "listen_addresses="], {
    ...options,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(server, "exit");
  for await (const text of server.stderr) if (String(text).includes("ready to accept connections")) break;
  try {
    const store = await openStore({ url: `postgres://amity@/postgres?host=${encodeURIComponent(folder)}` });
    try {
      await work(store);
    } finally {
      await store.close();
    }
  } finally {
    server.kill("SIGINT");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

function accountOf(name: string): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const fields = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .find((entry) => entry[0] === name);
  return { uid: Number(fields?.[2] ?? 65534), gid: Number(fields?.[3] ?? 65534) };
}
