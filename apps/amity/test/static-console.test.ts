import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureConsoleBuilt, loadStaticConsole, type StaticConsole } from "../src/http/index.ts";

const INITIAL_GZIP_BYTES_MAX = 180 * 1024;

describe("the built console", () => {
  let folder: string;
  let index: string;
  let serve: StaticConsole;

  beforeAll(async () => {
    folder = (await ensureConsoleBuilt()).folder;
    index = await readFile(join(folder, "index.html"), "utf8");
    serve = await loadStaticConsole(folder);
  });

  it("is not built again while its sources are the same", async () => {
    expect((await ensureConsoleBuilt()).built).toBe(false);
  });

  it("keeps the initial scripts within the budget", async () => {
    const scripts = [...index.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map((match) => match[1]!);
    expect(scripts.length).toBeGreaterThan(0);
    const sizes = await Promise.all(scripts.map(async (script) => gzipSync(await readFile(join(folder, script))).length));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(INITIAL_GZIP_BYTES_MAX);
  });

  it("lets hashed files be kept for good and the index be asked for again", () => {
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(index)![1]!;
    expect(serve(script, {})!.headers.get("cache-control")).toContain("immutable");
    const page = serve("/", {}) ?? serve("/index.html", {})!;
    expect(page.headers.get("cache-control")).toBe("no-cache");
    const again = serve("/index.html", { ifNoneMatch: page.headers.get("etag")! })!;
    expect(again.status).toBe(304);
  });

  it("sends compressed twins only to who takes them", async () => {
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(index)![1]!;
    expect(serve(script, { acceptEncoding: "gzip, br" })!.headers.get("content-encoding")).toBe("gzip");
    const plain = serve(script, {})!;
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(await plain.text()).toBe(await readFile(join(folder, script), "utf8"));
  });

  it("gives pages the index, missing files nothing, and nothing outside its folder", () => {
    expect(serve("/meters/AMTY107000001", {})!.headers.get("content-type")).toContain("text/html");
    expect(serve("/assets/gone.js", {})).toBeUndefined();
    for (const path of ["/../package.json", "/..%2fpackage.json", "/assets/../../vite.config.ts"]) expect(serve(path, {})).toBeUndefined();
  });

  it("holds nothing inline that its content security policy would refuse", () => {
    expect(index).not.toMatch(/<script(?![^>]*src=)[^>]*>/);
    expect(index).not.toMatch(/<style|\son\w+=|style="/);
  });
});
