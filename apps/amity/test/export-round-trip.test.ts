import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeInterchange, type FileFormat, type OutputFormat } from "@amity/interchange";
import { createLedger, createRegistry, ledgerRecords, mdmMigrations, mdmRulesMigrations } from "@amity/mdm";
import { isMissing, packQuality, unpackQuality } from "@amity/model";
import { realTimers, scaledClock, seededRandom } from "@amity/runtime";
import { leaseMigrations, migrate, openPool, openScratchStore, type ScratchStore, type Store } from "@amity/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IngestRun, type IngestReport } from "../src/compose/ingest-run.ts";

const VECTORS = fileURLToPath(new URL("../../../../shared/vectors/mdm/", import.meta.url));
const clock = scaledClock(realTimers, { speed: 1 });
const ALWAYS = { fromMs: 0, toMs: Date.UTC(2100, 0, 1) };

let scratch: ScratchStore;
let folder: string;
let databases = 0;
const opened: Store[] = [];

beforeAll(async () => {
  scratch = await openScratchStore({ timers: realTimers, random: seededRandom(`export ${process.pid}`) });
  folder = mkdtempSync(join(tmpdir(), "amity-export-"));
});
afterAll(async () => {
  for (const store of opened) await store.close();
  await scratch.close();
  rmSync(folder, { recursive: true });
});

async function emptyStore(): Promise<Store> {
  const database = `trip_${++databases}`;
  await scratch.store.query(`create database ${database}`);
  const store = await openPool({ connection: { ...scratch.server.connection, database } });
  opened.push(store);
  await migrate(store, [leaseMigrations, mdmMigrations, mdmRulesMigrations]);
  return store;
}

async function load(store: Store, files: readonly string[], format?: FileFormat): Promise<IngestReport> {
  const run = new IngestRun(store, clock, { zone: "UTC", usagePoint: "NMI1234567", ...(format === undefined ? {} : { format }) });
  for (const file of files) await run.file(file);
  return run.finish();
}

const partsOf = (store: Store) => ({ store, ledger: createLedger(store, clock), registry: createRegistry(store, clock) });

async function pointsIn(store: Store): Promise<string[]> {
  const { rows } = await store.query<{ meter_id: string }>("select meter_id from mdm.meter order by meter_id");
  return rows.map((row) => row.meter_id);
}

async function exported(store: Store, format: OutputFormat, usagePointIds: readonly string[]): Promise<string> {
  const records = ledgerRecords(partsOf(store), { usagePointIds, ...ALWAYS });
  const file = join(folder, `${format}-${databases}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeInterchange(format, records, { createdMs: Date.UTC(2026, 0, 1) })) chunks.push(chunk);
  writeFileSync(file, Buffer.concat(chunks));
  return file;
}

/** Each stored value by point, channel and time, with its quality. */
async function holdings(store: Store, quality: (code: number) => number): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for await (const record of ledgerRecords(partsOf(store), { usagePointIds: await pointsIn(store), ...ALWAYS })) {
    if (record.kind === "register") {
      const { channel, atMs, value, scaler } = record.reading;
      found.set(`${record.usagePointId} ${channel} ${atMs}`, [value, scaler]);
    } else if (record.kind === "intervals") {
      const { series } = record;
      series.values.forEach((value, index) => {
        const code = series.qualities[index] ?? 0;
        const startMs = series.startMs + index * series.intervalSeconds * 1000;
        if (!isMissing(code)) found.set(`${record.usagePointId} ${series.channel} ${startMs}`, [value, series.scaler, quality(code)]);
      });
    }
  }
  return found;
}

const exact = (code: number): number => code;
/** NEM12 and Green Button have no word for who says so: what comes from a file says "external". */
const withoutSource = (code: number): number => packQuality({ ...unpackQuality(code), source: "external" });

/** Quarter-hours of nine days. */
const QUARTERS = 9 * 96;
/** A hole of 35 hours: more than a load estimates. */
const HOLE = { from: 600, to: 740 };

/** Quarter-hours over the end of summer time, with holes, a negative value and a spike for validation to work on. */
function csvWeek(): string {
  const rows = ["timestamp,kwh"];
  for (let at = 0; at < QUARTERS; at++) {
    const startMs = Date.UTC(2025, 9, 23) + at * 900_000;
    if ((at > 300 && at < 306) || (at >= HOLE.from && at < HOLE.to)) continue;
    const value = at === 400 ? -5 : at === 500 ? 90 : ((at * 37) % 50) / 100 + 0.2;
    rows.push(`${new Date(startMs).toISOString()},${value}`);
  }
  return `${rows.join("\n")}\n`;
}

describe("what was loaded, exported and loaded into an empty store", () => {
  it.each([
    ["csv", exact],
    ["cim", exact],
    ["multispeak", exact],
    ["espi", withoutSource],
  ] as const)("by %s holds the same values and qualities, estimates and failed values too", async (format, quality) => {
    const csv = join(folder, "week.csv");
    writeFileSync(csv, csvWeek());
    const first = await emptyStore();
    await load(first, [csv]);
    const held = await holdings(first, quality);
    expect(held.size).toBe(QUARTERS - (HOLE.to - HOLE.from));
    const categories = new Set(
      [...(await holdings(first, exact)).values()].map((value) => unpackQuality((value as number[])[2] ?? 0).category),
    );
    expect(categories).toContain("estimated");
    const second = await emptyStore();
    const report = await load(second, [await exported(first, format, ["NMI1234567"])], format);
    expect(report.files).toMatchObject([{ putAsideCount: 0, intervals: held.size }]);
    expect(await holdings(second, quality)).toEqual(held);
  });
});

describe.skipIf(!existsSync(VECTORS))("public samples", () => {
  const files = {
    nem12: [
      "nem12/Example_NEM12_actual_interval.csv",
      "nem12/Example_NEM12_multiple_quality.csv",
      "nem12/Example_NEM12_substituted_interval.csv",
    ],
    espi: ["greenbutton-espi/cew821_sample_greenbutton_data.xml", "greenbutton-espi/oespi_test_usage_data_01.xml"],
    mscons: ["mscons/MSCONS_TL_SAMPLE01.txt", "mscons/MSCONS_TL_SAMPLE02.txt", "mscons/MSCONS_TL_Multiple_LOC_SAMPLE.txt"],
  };

  it.each(["nem12", "espi"] as const)("of %s come out of the ledger in their format and go in again the same", async (format) => {
    const first = await emptyStore();
    await load(
      first,
      files[format].map((file) => VECTORS + file),
    );
    const held = await holdings(first, withoutSource);
    expect(held.size).toBeGreaterThan(90);
    const second = await emptyStore();
    const report = await load(second, [await exported(first, format, await pointsIn(first))], format);
    expect(report.files).toMatchObject([{ putAsideCount: 0 }]);
    expect(await holdings(second, withoutSource)).toEqual(held);
  });

  it("of MSCONS that say one interval twice load the same twice, and say so", async () => {
    const store = await emptyStore();
    const paths = files.mscons.map((file) => VECTORS + file);
    const first = await load(store, paths);
    expect(first.totals.blocksStored).toBeGreaterThan(0);
    expect(first.files.flatMap(({ putAside }) => putAside.map(({ reason }) => reason)).join("\n")).toContain("the last said counts");
    const held = await holdings(store, exact);
    const versions = async () => (await store.query("select 1 from mdm.interval_block")).rowCount;
    const before = await versions();
    const again = await load(store, paths);
    expect(again.totals).toMatchObject({ blocksStored: 0, registersStored: 0 });
    expect(await versions()).toBe(before);
    expect(await holdings(store, exact)).toEqual(held);
  });

  it("of every folder load the same twice", async () => {
    const store = await emptyStore();
    const folders = ["nem12", "nem13", "greenbutton-espi", "mscons", "cmep", "d0010", "uk-hh"];
    const paths = folders.flatMap((name) =>
      readdirSync(VECTORS + name)
        .filter((file) => /\.(csv|zip|xml|txt|edi|dat|uff|df2)$/i.test(file))
        .map((file) => join(VECTORS, name, file)),
    );
    const changing: string[] = [];
    for (const path of paths) {
      await load(store, [path]);
      const { totals } = await load(store, [path]);
      if (totals.blocksStored > 0 || totals.registersStored > 0) changing.push(path);
    }
    expect(paths.length).toBeGreaterThan(150);
    expect(changing).toEqual([]);
  });
});
