import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, normalize, sep } from "node:path";
import { LinkError, UsageError } from "@amity/bytes";
import type { Files } from "../files.ts";

/** Files below `root`, synced to the disk before they count. */
export function realFiles(root: string): Files {
  const place = (path: string): string => {
    const inside = normalize(path);
    if (inside.startsWith("..") || inside.startsWith(sep)) throw new UsageError(`path ${path} leaves its folder`, { code: "path" });
    return join(root, inside);
  };
  return {
    async read(path) {
      try {
        return new Uint8Array(await readFile(place(path)));
      } catch (error) {
        if (codeOf(error) === "ENOENT") return undefined;
        throw fileError(path, error);
      }
    },
    async append(path, data) {
      await writeSynced(place(path), "a", data, path);
    },
    async replace(path, data) {
      const target = place(path);
      const fresh = `${target}.new`;
      await writeSynced(fresh, "w", data, path);
      await rename(fresh, target);
      await syncFolder(dirname(target));
    },
    async remove(path) {
      await rm(place(path), { force: true });
    },
    async list(folder) {
      try {
        return (await readdir(place(folder))).filter((name) => !name.endsWith(".new")).toSorted();
      } catch (error) {
        if (codeOf(error) === "ENOENT") return [];
        throw fileError(folder, error);
      }
    },
  };
}

async function writeSynced(target: string, flag: "a" | "w", data: Uint8Array, path: string): Promise<void> {
  try {
    await mkdir(dirname(target), { recursive: true });
    const file = await open(target, flag);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(path, error);
  }
}

/** A rename survives a power cut only when the folder itself is synced (not possible, nor needed, on Windows). */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function fileError(path: string, cause: unknown): LinkError {
  const code = codeOf(cause);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new LinkError(`no space left on the disk while writing ${path}`, {
      code: "disk-full",
      advice: "free space or enlarge the disk; nothing stored before is lost",
      cause,
    });
  }
  return new LinkError(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { code: "disk", cause });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
