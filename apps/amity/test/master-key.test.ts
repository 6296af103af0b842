import { chmod, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadMasterKey } from "../src/compose/head-end.ts";

describe("the master key", () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "amity-key-"));
    path = join(folder, "new", "master.key");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("is made once, for nobody else to read, and is the same at the next start", async () => {
    const made = await loadMasterKey(path);
    expect(made).toHaveLength(32);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await loadMasterKey(path)).toEqual(made);
    expect(new Uint8Array(await readFile(path))).toEqual(made);
  });

  it.each([0o640, 0o604, 0o644])("is refused where others can read it: mode %o", async (mode) => {
    await loadMasterKey(path);
    await chmod(path, mode);
    await expect(loadMasterKey(path)).rejects.toMatchObject({ code: "master-key", advice: expect.stringContaining("chmod 600") as string });
  });
});
