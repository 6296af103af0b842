import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realTimers, seededRandom } from "@amity/runtime";
import { openStore } from "@amity/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runAmity, type CommandResult } from "./running-command.ts";

let folder: string;
let data: string;
const HEADER = "usage_point_id,meter_id,channel,interval_start,interval_seconds,value,unit,quality,method,source,final,scaler";

function exporting(...args: readonly string[]): Promise<CommandResult> {
  return runAmity(["export", "--data", data, "--from", "2026-01-01", "--to", "2026-01-02", "--usage-point", "NMI1234567", ...args]);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "amity-export-"));
  data = join(folder, "data");
  const rows = Array.from(
    { length: 96 },
    (_, at) => `${new Date(Date.UTC(2026, 0, 1) + at * 900_000).toISOString()},${0.25 + (at % 10) / 100}`,
  );
  writeFileSync(join(folder, "day.csv"), `timestamp,kwh\n${rows.join("\n")}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("amity ingest", () => {
  it("goes on past files that are not there, empty or no text, and says which", async () => {
    writeFileSync(join(folder, "empty.csv"), "");
    writeFileSync(join(folder, "picture.csv"), Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10));
    const names = ["empty.csv", "picture.csv", "absent.csv", "day.csv"].map((name) => join(folder, name));
    const { code, stdout } = await runAmity(["ingest", ...names, "--usage-point", "NMI1234567", "--data", data, "--json"]);
    const report = JSON.parse(stdout) as { files: { file: string; intervals: number; error?: string }[] };
    expect(report.files.map(({ file, intervals, error }) => [file, intervals, error])).toEqual([
      ["empty.csv", 0, "the file is empty"],
      ["picture.csv", 0, "a picture"],
      ["absent.csv", 0, "there is no such file"],
      ["day.csv", 96, undefined],
    ]);
    expect(code).toBe(6);
  });

  it("fails where no file could be read, and names the formats that it knows", async () => {
    expect((await runAmity(["ingest", join(folder, "absent.csv"), "--data", data])).code).toBe(1);
    const unknown = await runAmity(["ingest", join(folder, "day.csv"), "--format", "abacus", "--data", data]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/one of: csv, nem12, .*multispeak/);
  });
});

describe("amity export", () => {
  it("writes a format to stdout alone, and progress beside it", async () => {
    const { code, stdout, stderr } = await exporting("--format", "csv");
    expect([code, stdout.trim().split("\n").length, stdout.split("\n")[0]]).toEqual([0, 97, HEADER]);
    expect(stderr).toContain("exported 96 intervals and 0 registers of 1 usage points as csv");
  });

  it("gives a file its name once it is whole, and leaves none behind where it fails", async () => {
    const file = join(folder, "out.xml");
    const done = await exporting("--format", "espi", "--out", file, "--json");
    expect(JSON.parse(done.stdout)).toMatchObject({ format: "espi", intervals: 96, octets: readFileSync(file).length });
    const failed = await exporting("--format", "mscons", "--out", join(folder, "none.edi"));
    expect([failed.code, failed.stderr.includes("13 digits")]).toEqual([2, true]);
    expect(readdirSync(folder).filter((name) => name.startsWith("none"))).toEqual([]);
  });

  it("refuses what it does not know by name", async () => {
    expect((await exporting("--format", "abacus")).stderr).toMatch(/one of: csv, nem12/);
    const unknown = await runAmity(
      "export --format csv --usage-point nobody --from 2026-01-01 --to 2026-01-02 --data".split(" ").concat(data),
    );
    expect([unknown.code, unknown.stdout, unknown.stderr.includes("there is no usage point nobody")]).toEqual([2, "", true]);
  });

  it("makes no database where there is none", async () => {
    const nowhere = join(folder, "nowhere");
    const args = ["export", "--format", "csv", "--usage-point", "A", "--from", "2026-01-01", "--to", "2026-01-02", "--data", nowhere];
    const { code, stderr } = await runAmity(args);
    expect([code, stderr.includes("there is no database in"), existsSync(nowhere)]).toEqual([2, true, false]);
  });

  it("reads beside a program that has the data folder open", async () => {
    const store = await openStore({ embedded: { folder: join(data, "postgres"), timers: realTimers, random: seededRandom("beside") } });
    try {
      const { code, stdout, stderr } = await exporting("--format", "csv", "--as-of", "2100-01-01T00:00:00Z");
      expect([code, stdout.trim().split("\n").length]).toEqual([0, 97]);
      expect(stderr).toContain("reading beside the program that runs on");
      // The server is the other program's: it goes on.
      expect((await store.query("select 1 as one")).rowCount).toBe(1);
    } finally {
      await store.close();
    }
  });
});
