import { spawn, type ChildProcess } from "node:child_process";
import { chown, mkdir, readdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { LinkError, toHex, UsageError } from "@amity/bytes";
import type { Random, Timers } from "@amity/runtime";
import pg from "pg";
import { serverAccount, type Account } from "./account.ts";
import { findBinaries, type Binaries } from "./binaries.ts";
import { openDataFolder, type DataFolder } from "./data-folder.ts";
import { isPostmasterOf, processesIn, startMarkOf } from "./processes.ts";

export interface EmbeddedOptions {
  /** Kept between starts: the whole database, its password and its log. */
  readonly folder: string;
  readonly timers: Timers;
  readonly random: Random;
}

export interface EmbeddedPostgres {
  readonly connection: { host: string; port: number; user: string; password: string; database: string };
  /** The server's process. */
  readonly pid: number;
  /** Settles when the server has ended, whoever ended it. */
  readonly exited: Promise<void>;
  /** Ends the server in order: everything is on disk, the next start needs no recovery. */
  stop(): Promise<void>;
}

export const EMBEDDED_USER = "amity";
export const EMBEDDED_DATABASE = "postgres";
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 30_000;
const POLL_MS = 40;
/** A Unix socket's path must fit in 107 octets, its name takes about 16. */
const SOCKET_FOLDER_MAX = 88;
const ERROR_TEXT_MAX = 2000;

/**
 * Starts PostgreSQL on a folder, making the cluster at first use. As root, the server runs as an unprivileged account. It is
 * reached through a Unix socket (loopback on Windows) with a password that only we can read. A server left over from a
 * killed program is stopped first; when this program is killed, the server ends by itself soon after.
 * @throws UsageError (`embedded-missing`, `embedded-account`, `data-in-use`, `data-folder`, `cluster-version`), LinkError
 * `embedded-start` with the end of the server's log.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const account = await serverAccount();
  const binaries = await findBinaries(account);
  const data = await openDataFolder(options.folder, account, options.random);
  try {
    await stopLeftover(data, options.timers);
    await requireCluster(data, binaries, account);
    return await launch({ data, binaries, account }, options);
  } catch (error) {
    await data.release();
    throw error;
  }
}

interface Setup {
  readonly data: DataFolder;
  readonly binaries: Binaries;
  readonly account: Account | undefined;
}

async function stopLeftover(data: DataFolder, timers: Timers): Promise<void> {
  const pidFile = join(data.cluster, "postmaster.pid");
  const pid = Number((await readFile(pidFile, "utf8").catch(() => "")).split("\n")[0]);
  if (!(pid > 0)) return;
  const cluster = await realpath(data.cluster);
  for (const signal of ["SIGINT", "SIGQUIT"] as const) {
    if (!(await isPostmasterOf(pid, cluster))) break;
    process.kill(pid, signal);
    await waitWhile(timers, () => isPostmasterOf(pid, cluster));
  }
  // Backends whose postmaster was killed end by themselves; a second server must never run beside them.
  await waitWhile(timers, async () => (await processesIn(cluster)).length > 0);
  const left = await processesIn(cluster);
  if (left.length > 0 || (await isPostmasterOf(pid, cluster))) {
    throw new LinkError(`a PostgreSQL left over from before does not end (process ${[pid, ...left].join(", ")})`, {
      code: "embedded-start",
      advice: "end it by hand, then start again",
    });
  }
  // The file's number may belong to a stranger by now, for whose sake PostgreSQL would refuse to start.
  if ((await startMarkOf(pid)) !== undefined) await rm(pidFile, { force: true });
}

async function waitWhile(timers: Timers, condition: () => Promise<boolean>): Promise<void> {
  const deadlineMs = timers.elapsedMs() + STOP_TIMEOUT_MS;
  while (timers.elapsedMs() < deadlineMs && (await condition())) await timers.sleep(POLL_MS);
}

async function requireCluster(data: DataFolder, binaries: Binaries, account: Account | undefined): Promise<void> {
  const version = await readFile(join(data.cluster, "PG_VERSION"), "utf8").catch(() => undefined);
  if (version === undefined) return makeCluster(data, binaries, account);
  const output = await runProgram(binaries.postgres, ["--version"], account);
  const major = /(\d+)/.exec(output)?.[1];
  if (major !== version.trim()) {
    throw new UsageError(`the data folder holds a cluster of PostgreSQL ${version.trim()}, the embedded server is ${major}`, {
      code: "cluster-version",
      advice: "dump it with the old version and load it into a new folder",
    });
  }
}

/** Made under another name first: a half-made cluster is never taken for a whole one. */
async function makeCluster(data: DataFolder, binaries: Binaries, account: Account | undefined): Promise<void> {
  const fresh = `${data.cluster}.new`;
  const passwordFile = join(data.location, "password.new");
  await rm(fresh, { recursive: true, force: true });
  await writeFile(passwordFile, `${data.password}\n`, { mode: 0o600 });
  try {
    if (account !== undefined) await chown(passwordFile, account.uid, account.gid);
    const args = [
      `--pgdata=${fresh}`,
      `--username=${EMBEDDED_USER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
    ];
    await runProgram(binaries.initdb, [...args, "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"], account);
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(fresh, data.cluster);
}

async function launch(setup: Setup, options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { data, binaries, account } = setup;
  const place = await listenPlace(data, account, options.random);
  const args = ["-D", data.cluster, "-p", String(place.port), ...place.args, ...settings(data)];
  const child = spawn(binaries.postgres, args, {
    ...identityOf(account),
    cwd: data.location,
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString("utf8")).slice(-ERROR_TEXT_MAX)));
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", (error) => {
      errors += error.message;
      resolve();
    });
  });
  const { pid } = child;
  const connection = { host: place.host, port: place.port, user: EMBEDDED_USER, password: data.password, database: EMBEDDED_DATABASE };
  const isReady = pid !== undefined && (await answers(connection, options.timers, exited));
  if (!isReady || pid === undefined) {
    if (pid !== undefined && child.exitCode === null) child.kill("SIGQUIT");
    const detail = [errors, await logTail(data.log)].join("\n").trim().slice(-ERROR_TEXT_MAX);
    throw new LinkError(`the embedded PostgreSQL does not start:\n${detail}`, {
      code: "embedded-start",
      advice: `its log is in ${data.log}`,
    });
  }
  const watchdog = startWatchdog(pid, account);
  child.unref();
  Reflect.apply(Reflect.get(child.stderr, "unref") as () => void, child.stderr, []);
  void exited.then(() => watchdog?.kill("SIGKILL"));
  return { connection, pid, exited, stop: () => stop(child, { exited, data, timers: options.timers, place }) };
}

/** Durability stays on (fsync, synchronous_commit, full_page_writes); the rest is for bulk writes on one small machine. */
function settings(data: DataFolder): string[] {
  const sharedMegabytes = Math.round(Math.min(512, Math.max(64, totalmem() / 2 ** 20 / 8)));
  const values: Record<string, string | number> = {
    shared_buffers: `${sharedMegabytes}MB`,
    max_connections: 60,
    max_wal_size: "2GB",
    wal_buffers: "16MB",
    checkpoint_timeout: "10min",
    checkpoint_completion_target: 0.9,
    maintenance_work_mem: "64MB",
    work_mem: "16MB",
    effective_cache_size: `${sharedMegabytes * 3}MB`,
    random_page_cost: 1.1,
    jit: "off",
    max_wal_senders: 0,
    wal_level: "minimal",
    password_encryption: "scram-sha-256",
    logging_collector: "on",
    log_directory: data.log,
    log_filename: "postgres-%a.log",
    log_truncate_on_rotation: "on",
    log_rotation_age: "1d",
    log_rotation_size: 0,
    log_timezone: "UTC",
    timezone: "UTC",
    lc_messages: "C",
  };
  return Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

interface ListenPlace {
  readonly host: string;
  readonly port: number;
  readonly args: readonly string[];
  /** To be removed at the end. */
  readonly temporary: string | undefined;
}

async function listenPlace(data: DataFolder, account: Account | undefined, random: Random): Promise<ListenPlace> {
  if (process.platform === "win32") {
    return { host: "127.0.0.1", port: await freePort(), args: ["-c", "listen_addresses=127.0.0.1"], temporary: undefined };
  }
  const inside = join(data.location, "run");
  const isShort = Buffer.byteLength(inside) <= SOCKET_FOLDER_MAX;
  const folder = isShort ? inside : join(tmpdir(), `amity-${toHex(random.bytes(8))}`);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  if (account !== undefined) await chown(folder, account.uid, account.gid);
  return { host: folder, port: 5432, args: ["-c", "listen_addresses=", "-k", folder], temporary: isShort ? undefined : folder };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === "object" && bound !== null ? bound.port : 0));
    });
  });
}

/** Asks until the server answers a statement; false once it has ended or the time is up. */
async function answers(connection: EmbeddedPostgres["connection"], timers: Timers, exited: Promise<void>): Promise<boolean> {
  let hasEnded = false;
  void exited.then(() => (hasEnded = true));
  const deadlineMs = timers.elapsedMs() + START_TIMEOUT_MS;
  while (!hasEnded && timers.elapsedMs() < deadlineMs) {
    const client = new pg.Client({ ...connection, connectionTimeoutMillis: 5000 });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.query("select 1");
      return true;
    } catch {
      await timers.sleep(POLL_MS);
    } finally {
      await client.end().catch(() => {});
    }
  }
  return false;
}

/**
 * A shell that waits for the end of its input, which comes when this program ends in any way, and then asks the server to end:
 * so nothing outlives a killed program for long.
 */
function startWatchdog(pid: number, account: Account | undefined): ChildProcess | undefined {
  if (process.platform === "win32") return undefined;
  const script = 'read -r ignored; kill -INT "$1"';
  const watchdog = spawn("/bin/sh", ["-c", script, "sh", String(pid)], {
    ...identityOf(account),
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watchdog.on("error", () => {});
  watchdog.unref();
  Reflect.apply(Reflect.get(watchdog.stdin, "unref") as () => void, watchdog.stdin, []);
  return watchdog;
}

async function stop(
  child: ChildProcess,
  context: { exited: Promise<void>; data: DataFolder; timers: Timers; place: ListenPlace },
): Promise<void> {
  const { exited, data, timers, place } = context;
  child.ref();
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGINT");
  const forced = timers.after(STOP_TIMEOUT_MS, () => child.kill("SIGQUIT"));
  await exited;
  forced.cancel();
  if (place.temporary !== undefined) await rm(place.temporary, { recursive: true, force: true });
  await data.release();
}

/** Nothing of our own environment reaches the server. */
function identityOf(account: Account | undefined): { uid?: number; gid?: number; env: NodeJS.ProcessEnv } {
  const env = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
  return account === undefined ? { env } : { uid: account.uid, gid: account.gid, env };
}

function runProgram(program: string, args: readonly string[], account: Account | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...identityOf(account), cwd: "/", stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    const collect = (chunk: Buffer): void => void (text = (text + chunk.toString("utf8")).slice(-ERROR_TEXT_MAX));
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", (cause) => reject(new LinkError(`${program} cannot be run: ${cause.message}`, { code: "embedded-start", cause })));
    child.once("close", (code) => {
      if (code === 0) resolve(text);
      else reject(new LinkError(`${program} failed:\n${text.trim()}`, { code: "embedded-start" }));
    });
  });
}

async function logTail(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8").catch(() => "")));
  return texts.join("\n").slice(-ERROR_TEXT_MAX);
}
