import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { announcedPort, runAmity, serveAmity, type ServingCommand } from "./running-command.ts";

const hex = (from: number, octets: number): string =>
  Array.from({ length: octets }, (_, index) => (from + index).toString(16).padStart(2, "0")).join("");

/** A laboratory meter of each suite with signatures, its files in a folder of its own. */
const meters = [
  { suite: 1, octets: 16 },
  { suite: 2, octets: 32 },
] as const;
const serving: ServingCommand[] = [];
const folders = new Map<number, string>();
const ports = new Map<number, number>();

beforeAll(async () => {
  for (const { suite } of meters) {
    const folder = await mkdtemp(join(tmpdir(), "amity-certificates-"));
    folders.set(suite, folder);
    const args = ["--suite", String(suite), "--auth", "hls7", "--certificates", folder];
    const command = serveAmity(["meter", "serve", "--port", "0", "--json", ...args]);
    serving.push(command);
    ports.set(suite, await command.until(announcedPort));
  }
});
afterAll(async () => {
  await Promise.all(serving.map((command) => command.stop()));
  for (const folder of folders.values()) await rm(folder, { recursive: true });
});

function urlOf(suite: number, octets: number, more: string, folder = folders.get(suite)): string {
  const keys = `ek=${hex(0x00, octets)}&ak=${hex(0xd0, octets)}&kek=${hex(0x40, octets)}`;
  return `dlms://127.0.0.1:${ports.get(suite)}?auth=hls7&suite=${suite}&${keys}&certificates=${folder}${more}`;
}

describe.each(meters)("a meter of security suite $suite, read with certificates from files", ({ suite, octets }) => {
  it.each(["&protection=a", "&ciphering=gglo&sign&blocks=general&window=3&pdu=400"])("answers where the client adds %j", async (more) => {
    const result = await runAmity(["read", urlOf(suite, octets, more), "clock", "profile", "--entries", "1-40", "--json"]);
    expect(result).toMatchObject({ code: 0 });
    const { readings } = JSON.parse(result.stdout) as { readings: { rows?: unknown[] }[] };
    expect(readings[1]?.rows?.length).toBe(40);
  });

  it.each(["wrapped", "one-pass", "static-unified"])("answers general ciphering with a key that is %s", async (key) => {
    const result = await runAmity(["read", urlOf(suite, octets, `&ciphering=general&key=${key}`), "clock", "--json"]);
    expect(result).toMatchObject({ code: 0 });
  });

  it("refuses a client whose certificate it does not hold", async () => {
    const folder = await mkdtemp(join(tmpdir(), "amity-certificates-"));
    const stranger = serveAmity([
      "meter",
      "serve",
      "--port",
      "0",
      "--json",
      "--suite",
      String(suite),
      "--seed",
      "8",
      "--certificates",
      folder,
    ]);
    await stranger.until(announcedPort);
    await stranger.stop();
    const result = await runAmity(["read", urlOf(suite, octets, "", folder), "clock", "--json"]);
    expect(result.code).toBe(1);
    expect(JSON.parse(result.stdout)).toMatchObject({ error: { code: "authentication-failure" } });
    await rm(folder, { recursive: true });
  });
});

describe("a folder of certificates", () => {
  it("has the keys of both sides and the authority's certificate", async () => {
    expect((await readdir(folders.get(1)!)).toSorted()).toEqual(
      ["authority.pem", "client-agreement.key.pem", "client-agreement.pem", "client-signing.key.pem", "client-signing.pem"].concat(
        "meter-agreement.pem",
        "meter-signing.pem",
      ),
    );
  });

  it("is refused by name of the file that is none, and never quoted", async () => {
    const folder = await mkdtemp(join(tmpdir(), "amity-certificates-"));
    const empty = await runAmity(["read", urlOf(1, 16, "", folder), "clock", "--json"]);
    expect(JSON.parse(empty.stdout)).toMatchObject({ error: { code: "certificates" } });
    await writeFile(join(folder, "client-signing.key.pem"), "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n");
    const broken = await runAmity(["read", urlOf(1, 16, "", folder), "clock", "--json"]);
    expect(broken.stdout).toContain("client-signing.key.pem");
    expect(broken.stdout + broken.stderr).not.toContain("c2VjcmV0");
    await rm(folder, { recursive: true });
  });

  it("is asked for where signatures need it", async () => {
    const { stdout } = await runAmity(["read", "dlms://127.0.0.1:1?auth=hls7&ek=00112233445566778899AABBCCDDEEFF", "clock", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "meter-url" } });
  });
});
