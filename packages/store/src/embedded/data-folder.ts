import { chown, mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toHex, UsageError } from "@amity/bytes";
import type { Random } from "@amity/runtime";
import { canReach, type Account } from "./account.ts";
import { SHARED_FOLDER } from "./binaries.ts";
import { startMarkOf } from "./processes.ts";

/** What we remember of a cluster; holds the password, so only we may read the file. */
interface ClusterRecord {
  readonly password: string;
  /** Folder of cluster, log and socket; owned by the server's account. */
  readonly location: string;
}

export interface DataFolder extends ClusterRecord {
  readonly cluster: string;
  readonly log: string;
  /** Lets others use the folder. */
  release(): Promise<void>;
}

const RECORD = "postgres.json";
const LOCK = "amity.lock";

/**
 * Opens a data folder for this process alone and settles where its cluster lies: inside, or, where the server's account
 * cannot pass through the folders above (a checkout below /root), at a place of its own below /var/lib/amity that the
 * folder remembers.
 * @throws UsageError `data-in-use` if another living program has it, `data-folder` if it cannot be written.
 */
export async function openDataFolder(folder: string, account: Account | undefined, random: Random): Promise<DataFolder> {
  try {
    await mkdir(folder, { recursive: true });
    await claim(folder);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`the data folder ${folder} cannot be written: ${(cause as Error).message}`, { code: "data-folder", cause });
  }
  const record = (await readRecord(folder)) ?? (await makeRecord(folder, account, random));
  await makeOwned(record.location, account, 0o755);
  const log = join(record.location, "log");
  await makeOwned(log, account, 0o755);
  return { ...record, log, cluster: join(record.location, "cluster"), release: () => rm(join(folder, LOCK), { force: true }) };
}

/** What the folder remembers; `undefined` for one that never held a database. @throws UsageError `data-folder` where it is damaged. */
export async function readRecord(folder: string): Promise<ClusterRecord | undefined> {
  const path = join(folder, RECORD);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const record: unknown = JSON.parse(text);
  if (typeof record === "object" && record !== null && "password" in record && "location" in record) {
    const { password, location } = record;
    // A relative location moves with its folder.
    if (typeof password === "string" && typeof location === "string") {
      return { password, location: location === "postgres" ? join(folder, "postgres") : location };
    }
  }
  throw new UsageError(`${path} is damaged`, {
    code: "data-folder",
    advice: "restore it from a backup: it holds the password of the embedded database",
  });
}

async function makeRecord(folder: string, account: Account | undefined, random: Random): Promise<ClusterRecord> {
  const password = toHex(random.bytes(24));
  const isReachable = account === undefined || (await canReach(folder, account));
  const elsewhere = join(SHARED_FOLDER, "clusters", toHex(random.bytes(6)));
  if (!isReachable) await mkdir(join(SHARED_FOLDER, "clusters"), { recursive: true, mode: 0o755 });
  const path = join(folder, RECORD);
  await writeFile(`${path}.new`, JSON.stringify({ password, location: isReachable ? "postgres" : elsewhere }), {
    mode: 0o600,
    flush: true,
  });
  await rename(`${path}.new`, path);
  return { password, location: isReachable ? join(folder, "postgres") : elsewhere };
}

async function makeOwned(folder: string, account: Account | undefined, mode: number): Promise<void> {
  await mkdir(folder, { recursive: true, mode });
  if (account !== undefined) await chown(folder, account.uid, account.gid);
}

/** The lock names a process and when it began, so that a number used again is not taken for its first owner. */
async function claim(folder: string): Promise<void> {
  const path = join(folder, LOCK);
  for (let attempt = 0; attempt < 3; attempt++) {
    const mine = `${process.pid} ${(await startMarkOf(process.pid)) ?? ""}\n`;
    const file = await open(path, "wx", 0o644).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return undefined;
      throw error;
    });
    if (file !== undefined) {
      await file.writeFile(mine);
      await file.close();
      return;
    }
    const [pid = "", mark = ""] = (await readFile(path, "utf8").catch(() => "")).trim().split(" ");
    const living = await startMarkOf(Number(pid));
    if (living !== undefined && living === mark) {
      throw new UsageError(`the data folder ${folder} is in use by process ${pid}`, {
        code: "data-in-use",
        advice: "stop that program first, or give this one another folder",
      });
    }
    await rm(path, { force: true });
  }
  throw new UsageError(`the data folder ${folder} is being opened by several programs at once`, { code: "data-in-use" });
}
