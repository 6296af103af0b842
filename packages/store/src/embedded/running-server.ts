import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { readRecord } from "./data-folder.ts";
import { EMBEDDED_DATABASE, EMBEDDED_USER, type EmbeddedPostgres } from "./embedded-postgres.ts";
import { isPostmasterOf } from "./processes.ts";

/**
 * How to reach the server that another living program runs on a data folder; `undefined` where none runs. That program goes on
 * owning the server: when it ends, connections end with it.
 * @throws UsageError `data-folder` for a damaged folder.
 */
export async function runningServer(folder: string): Promise<EmbeddedPostgres["connection"] | undefined> {
  const record = await readRecord(folder);
  if (record === undefined) return undefined;
  const cluster = join(record.location, "cluster");
  // Lines of PostgreSQL's own file: process, data folder, start, port, folder of the socket, address listened on.
  const lines = (await readFile(join(cluster, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
  const [pid, port, socketFolder = "", address = ""] = [Number(lines[0]), Number(lines[3]), lines[4]?.trim(), lines[5]?.trim()];
  if (!(pid > 0) || !(port > 0) || !(await isPostmasterOf(pid, await realpath(cluster)))) return undefined;
  const host = socketFolder === "" ? address : socketFolder;
  return host === "" ? undefined : { host, port, user: EMBEDDED_USER, password: record.password, database: EMBEDDED_DATABASE };
}
