import { readdir, readFile, readlink } from "node:fs/promises";
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Processes that work in this folder: a server's backends, orphaned by the death of their postmaster. Known on Linux only. */
export async function processesIn(folder: string): Promise<number[]> {
  if (process.platform !== "linux") return [];
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(names.map((name) => readlink(`/proc/${name}/cwd`).catch(() => "")));
  return names.filter((_, index) => folders[index] === folder).map(Number);
}

/** A text that tells a living process from a later one of the same number; `undefined` if there is none. */
export async function startMarkOf(pid: number): Promise<string | undefined> {
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  if (process.platform !== "linux") return "alive";
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // Fields after the name in parentheses; the state is the 1st of them, the start time the 20th (proc(5), fields 3 and 22).
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields === undefined || fields[0] === "Z") return undefined;
  return fields[19];
}

/** True if a process of that number exists and is no zombie's shadow of another user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** True if `pid` is a postmaster of this cluster: it works in its data directory. */
export async function isPostmasterOf(pid: number, cluster: string): Promise<boolean> {
  if ((await startMarkOf(pid)) === undefined) return false;
  if (process.platform === "linux") {
    const folder = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
    return folder === cluster && name.startsWith("postgres");
  }
  const { stdout } = await run("ps", ["-p", String(pid), "-o", "command="]).catch(() => ({ stdout: "" }));
  return stdout.includes("postgres") && stdout.includes(cluster);
}
