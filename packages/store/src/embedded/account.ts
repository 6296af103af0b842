import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { UsageError } from "@amity/bytes";

/** An unprivileged account of the machine. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Tried in this order: an account made for us, PostgreSQL's own, the one that owns nothing. */
const NAMES = ["amity", "postgres", "nobody"];

/**
 * The account to run the server as: PostgreSQL refuses to run as root, so root's servers run as an unprivileged account that
 * exists already. `undefined` where we are not root: then it is ourselves.
 * @throws UsageError `embedded-account` if root finds none.
 */
export async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = (await readFile("/etc/passwd", "utf8").catch(() => "")).split("\n").map((line) => line.split(":"));
  for (const name of NAMES) {
    const entry = accounts.find((fields) => fields[0] === name);
    const uid = Number(entry?.[2] ?? 0);
    if (uid > 0) return { name, uid, gid: Number(entry?.[3] ?? uid) };
  }
  throw new UsageError("PostgreSQL must not run as root, and this machine has no unprivileged account for it", {
    code: "embedded-account",
    advice: `create one (useradd --system amity), or run as another user (looked for ${NAMES.join(", ")})`,
  });
}

/** True if the account may pass through every folder down to `path` (judged by "others", as it owns none of them). */
export async function canReach(path: string, account: Account): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    const entry = await stat(folder).catch(() => undefined);
    if (entry !== undefined && entry.isDirectory()) {
      const bits = entry.uid === account.uid ? 0o100 : entry.gid === account.gid ? 0o010 : 0o001;
      if ((entry.mode & bits) === 0) return false;
    }
    if (folder === dirname(folder)) return true;
  }
}
