import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LinkError, UsageError } from "@amity/bytes";
import { realTimers, seededRandom } from "@amity/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openPool, startEmbedded, type EmbeddedPostgres } from "../src/index.ts";
import { processesIn } from "../src/embedded/processes.ts";

let folder: string;
let running: EmbeddedPostgres[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "amity-test-"));
  await chmod(folder, 0o755);
  running = [];
});

afterEach(async () => {
  for (const server of running) await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(inside = folder): Promise<EmbeddedPostgres> {
  const server = await startEmbedded({ folder: inside, timers: realTimers, random: seededRandom(folder) });
  running.push(server);
  return server;
}

describe("the embedded PostgreSQL", () => {
  test("keeps its data between starts and never runs as root", async () => {
    const first = await start();
    const store = await openPool({ connection: first.connection });
    await store.query("create table kept (value integer)");
    await store.query("insert into kept values (42)");
    await store.close();
    if (process.platform === "linux") {
      const status = await readFile(`/proc/${first.pid}/status`, "utf8");
      expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).not.toBe("0");
    }
    await first.stop();
    const again = await openPool({ connection: (await start()).connection });
    expect((await again.query("select value from kept")).rows).toEqual([{ value: 42 }]);
    await again.close();
  });

  test("keeps durability switched on and listens on no network", async () => {
    const store = await openPool({ connection: (await start()).connection });
    const { rows } = await store.query(
      `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit, current_setting('full_page_writes') as pages,
              current_setting('data_checksums') as checksums, current_setting('listen_addresses') as addresses`,
    );
    expect(rows).toEqual([
      { fsync: "on", commit: "on", pages: "on", checksums: "on", addresses: process.platform === "win32" ? "127.0.0.1" : "" },
    ]);
    await store.close();
  });

  test("lets nobody in without the password, which only its owner can read", async () => {
    const { connection } = await start();
    const refusal = await openPool({ connection: { ...connection, password: "guess" } }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ blame: "link", code: "database-denied" });
    expect((await stat(join(folder, "postgres.json"))).mode & 0o077).toBe(0);
  });

  test("refuses a folder that a living program uses", async () => {
    await start();
    await expect(start()).rejects.toMatchObject({ code: "data-in-use" });
  });

  test("stops the server that a killed program left and goes on with its data", async () => {
    const script = `
      import { realTimers, seededRandom } from "@amity/runtime";
      import { openPool, startEmbedded } from "@amity/store";
      const server = await startEmbedded({ folder: process.argv[1], timers: realTimers, random: seededRandom(1) });
      const store = await openPool({ connection: server.connection });
      await store.query("create table kept as select 7 as value");
      process.kill(process.pid, "SIGKILL");`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script, folder], {
      cwd: import.meta.dirname,
      stdio: "inherit",
    });
    const [, signal] = await new Promise<[number | null, string | null]>((resolve) => child.once("exit", (...how) => resolve(how)));
    expect(signal).toBe("SIGKILL");
    const store = await openPool({ connection: (await start()).connection });
    expect((await store.query("select value from kept")).rows).toEqual([{ value: 7 }]);
    await store.close();
  });

  test.skipIf(process.platform !== "linux")("recovers by itself when the postmaster was killed under open transactions", async () => {
    const first = await start();
    const store = await openPool({ connection: first.connection });
    await store.query("create table kept (value integer primary key)");
    await store.query("insert into kept select generate_series(1, 1000)");
    const hanging = store.transaction(async (transaction) => {
      await transaction.query("insert into kept values (5000)");
      process.kill(first.pid, "SIGKILL");
      await transaction.query("select pg_sleep(60)");
    });
    await expect(hanging).rejects.toBeInstanceOf(LinkError);
    await first.exited;
    await first.stop();
    const again = await openPool({ connection: (await start()).connection });
    expect((await again.query("select count(*)::integer as count, max(value) as max from kept")).rows).toEqual([
      { count: 1000, max: 1000 },
    ]);
    await again.close();
    await store.close();
  });

  test("begins again where the making of a cluster was interrupted", async () => {
    await mkdir(join(folder, "postgres", "cluster.new", "base"), { recursive: true });
    const store = await openPool({ connection: (await start()).connection });
    expect((await store.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await store.close();
  });

  test.skipIf(process.getuid?.() !== 0)("finds a place that its account can reach when the folder is private to root", async () => {
    await chmod(folder, 0o700);
    const server = await start(join(folder, "data"));
    const store = await openPool({ connection: server.connection });
    const { rows } = await store.query<{ place: string }>("select current_setting('data_directory') as place");
    expect(rows[0]?.place.startsWith(folder)).toBe(false);
    await store.close();
    await server.stop();
    const again = await openPool({ connection: (await start(join(folder, "data"))).connection });
    expect((await again.query("select current_setting('data_directory') as place")).rows).toEqual(rows);
    await again.close();
    for (const left of running) await left.stop();
    await rm(join(rows[0]?.place ?? "", ".."), { recursive: true, force: true });
  });

  test.skipIf(process.platform !== "linux")("leaves no process behind when it stops", async () => {
    const server = await start();
    await server.stop();
    expect(await processesIn(join(folder, "postgres", "cluster"))).toEqual([]);
  });

  test("says so when a cluster is of another version", async () => {
    await (await start()).stop();
    const { writeFile } = await import("node:fs/promises");
    await writeFile(join(folder, "postgres", "cluster", "PG_VERSION"), "17\n");
    const refusal = await start().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UsageError);
    expect(refusal).toMatchObject({ code: "cluster-version" });
  });
});

test("a database that does not answer is a clear error", async () => {
  const refusal = await openPool({ connection: "postgres://nobody@127.0.0.1:1/none" }).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ blame: "link", code: "database-lost" });
});
