import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { digest } from "@amity/crypto";
import { toHex } from "@amity/bytes";

const STAMP = "build-stamp.txt";
/** Changes when the way of building changes: what was built another way is stale. */
const BUILD_FORM = "production 2";

/**
 * Builds the console where its output is missing or older than its sources (told by a hash of sources, lock of the
 * package and schemas' types excluded). Takes some seconds when it has to build.
 * @returns the folder to serve, and whether it was built now. @throws what vite throws where the sources do not build.
 */
export async function ensureConsoleBuilt(options: { force?: boolean } = {}): Promise<{ folder: string; built: boolean }> {
  const root = dirname(createRequire(import.meta.url).resolve("@amity/console/package.json"));
  const folder = join(root, "dist");
  const wanted = await sourceHash(root);
  const isFresh = async (): Promise<boolean> => (await readFile(join(folder, STAMP), "utf8").catch(() => "")) === wanted;
  if (options.force !== true && (await isFresh())) return { folder, built: false };

  // Built aside and swapped in whole: several processes may find the console stale at once, and others read it meanwhile.
  await mkdir(join(root, "var"), { recursive: true });
  const aside = await mkdtemp(join(root, "var", "build-"));
  try {
    await buildInto(root, join(aside, "new"));
    await writeFile(join(aside, "new", STAMP), wanted);
    if (options.force !== true && (await isFresh())) return { folder, built: false };
    await rename(folder, join(aside, "old")).catch(() => undefined);
    await rename(join(aside, "new"), folder);
    return { folder, built: true };
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** Whatever NODE_ENV says (`test` under a test runner), what is served is the production build. */
async function buildInto(root: string, outDir: string): Promise<void> {
  const { build } = await import("vite");
  const before = process.env["NODE_ENV"];
  process.env["NODE_ENV"] = "production";
  try {
    await build({ root, logLevel: "error", configFile: join(root, "vite.config.ts"), build: { outDir, emptyOutDir: true } });
  } finally {
    if (before === undefined) delete process.env["NODE_ENV"];
    else process.env["NODE_ENV"] = before;
  }
}

/** A hash over names and contents of everything that the build reads from the console's own folder. */
async function sourceHash(root: string): Promise<string> {
  const inputs = ["index.html", "vite.config.ts", "package.json"];
  for (const folder of ["src", "public"]) {
    const exists = await stat(join(root, folder)).then(
      () => true,
      () => false,
    );
    if (!exists) continue;
    for (const entry of await readdir(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) inputs.push(join(entry.parentPath, entry.name).slice(root.length + 1));
    }
  }
  const parts: Uint8Array[] = [new TextEncoder().encode(`${BUILD_FORM}\n`)];
  for (const input of inputs.sort()) {
    parts.push(new TextEncoder().encode(`${input}\n`), new Uint8Array(await readFile(join(root, input))));
  }
  return toHex(digest("sha256", ...parts));
}
