import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Simulation, type World } from "@amity/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GetOutcome, RawGetOutcome } from "../src/index.ts";

const README = new URL("../README.md", import.meta.url);
const PACKAGE = fileURLToPath(new URL("../src/index.ts", import.meta.url));

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "amity-readme-"))));
afterAll(() => rm(folder, { recursive: true }));

/** The examples of the README, as they stand there, made functions of the world that they mention. */
async function examples(): Promise<((world: World) => Promise<unknown>)[]> {
  const readme = await readFile(README, "utf8");
  const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code ?? "");
  return Promise.all(
    blocks.map(async (code, index) => {
      const imports = [...code.matchAll(/^import .*$/gm)].map(([line]) => line).join("\n");
      const body = code.replaceAll(/^import .*$/gm, "");
      const results = [...body.matchAll(/^const (\w+)/gm)].map(([, name]) => name).join(", ");
      const file = join(folder, `example-${index}.ts`);
      const from = imports.replaceAll('"@amity/dlms"', JSON.stringify(PACKAGE));
      await writeFile(file, `${from}\nexport async function example(world) {\n${body}\nreturn { ${results} };\n}\n`);
      return ((await import(pathToFileURL(file).href)) as { example: (world: World) => Promise<unknown> }).example;
    }),
  );
}

describe("the README", () => {
  test("has a client and a server that run as they are written, against each other", async () => {
    const [client, server] = await examples();
    const simulation = new Simulation({ seed: 1, startMs: Date.UTC(2026, 0, 1) });
    await simulation.runFor(server!(simulation.node("127.0.0.1").world));
    const read = (await simulation.runFor(client!(simulation.node("client").world))) as { energy: GetOutcome; profile: RawGetOutcome };
    expect(read.energy).toEqual({ kind: "data", data: { type: "double-long-unsigned", value: 123 } });
    expect(read.profile).toEqual({ kind: "refused", result: "object-undefined" });
  });
});
