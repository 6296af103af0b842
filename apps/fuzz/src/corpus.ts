import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { fromHex, toHex } from "@amity/bytes";
import type { Finding } from "./fuzz-target.ts";

/** Inputs that broke a decoder once, in hex, a folder a target: replayed by the tests, and the search starts from them too. */
export const REGRESSIONS = fileURLToPath(new URL("../corpus", import.meta.url));

/** The regressions of one target by file name; none where it has no folder. */
export async function regressionsOf(target: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const folder = `${REGRESSIONS}/${target}`;
  const names = await readdir(folder).catch(() => []);
  const inputs = await Promise.all(
    names
      .sort((a, b) => a.localeCompare(b))
      .map(async (name) => [name, fromHex((await readFile(`${folder}/${name}`, "utf8")).trim())] as const),
  );
  return new Map(inputs);
}

/** Keeps a finding as hex; returns its path. Move it into `corpus/` with a telling name once it is mended. */
export async function keepFinding(folder: string, target: string, finding: Finding): Promise<string> {
  const digest = createHash("sha256").update(finding.input).digest("hex").slice(0, 12);
  const path = `${folder}/${target}/${finding.kind}-${digest}.hex`;
  await mkdir(`${folder}/${target}`, { recursive: true });
  await writeFile(path, `${toHex(finding.input)}\n`);
  return path;
}
