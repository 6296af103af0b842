import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { digest } from "@amity/crypto";
import { toHex } from "@amity/bytes";

/** A built file, in memory with its compressed twin. */
interface StaticFile {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer> | undefined;
  readonly etag: string;
  /** Named by its own hash: never changes. */
  readonly immutable: boolean;
}

/** Answers GET requests from the built console; paths of pages (without a dot) get the index. */
export type StaticConsole = (
  path: string,
  headers: { ifNoneMatch?: string | undefined; acceptEncoding?: string | undefined },
) => Response | undefined;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
  ".webmanifest": "application/manifest+json",
  ".json": "application/json",
  ".txt": "text/plain; charset=utf-8",
};
const COMPRESSED = new Set([".html", ".js", ".css", ".svg", ".json", ".webmanifest", ".txt"]);
const FILES_MAX = 500;

/** Reads the whole of `folder` once: the console is a few hundred kilobytes, and nothing outside can be asked for. */
export async function loadStaticConsole(folder: string): Promise<StaticConsole> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).slice(0, FILES_MAX);
  const files = new Map<string, StaticFile>();
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const body = new Uint8Array(await readFile(path));
    const url = `/${relative(folder, path).split(sep).join("/")}`;
    const extension = extname(entry.name);
    files.set(url, {
      type: TYPES[extension] ?? "application/octet-stream",
      body,
      gzip: COMPRESSED.has(extension) ? new Uint8Array(gzipSync(body, { level: 9 })) : undefined,
      etag: `"${toHex(digest("sha256", body)).slice(0, 24)}"`,
      immutable: url.startsWith("/assets/"),
    });
  }
  return (path, headers) => {
    const isPage = !path.slice(path.lastIndexOf("/")).includes(".");
    const file = files.get(path) ?? (isPage ? files.get("/index.html") : undefined);
    return file === undefined ? undefined : answer(file, headers);
  };
}

function answer(file: StaticFile, request: { ifNoneMatch?: string | undefined; acceptEncoding?: string | undefined }): Response {
  const headers = new Headers({
    "content-type": file.type,
    "cache-control": file.immutable ? "public, max-age=31536000, immutable" : "no-cache",
    etag: file.etag,
    vary: "accept-encoding",
  });
  if (request.ifNoneMatch?.split(/,\s*/).includes(file.etag) === true) return new Response(null, { status: 304, headers });
  const zip = file.gzip !== undefined && /\bgzip\b/.test(request.acceptEncoding ?? "");
  if (zip) headers.set("content-encoding", "gzip");
  return new Response(zip ? file.gzip : file.body, { headers });
}
