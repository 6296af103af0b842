import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EndDeviceEvent, ReadingSink } from "@amity/model";
import { seededRandom } from "@amity/runtime";
import type { Store } from "@amity/store";
import { drawFaults, FAULT_KINDS } from "../src/simulate/faults.ts";
import type { RunReport } from "../src/simulate/report.ts";
import { openRunServer, type RunServer } from "../src/simulate/run-database.ts";
import { simulateRun, type SimulateRunOptions } from "../src/simulate/simulate-run.ts";

const DAYS = 1;
const METERS = 3;
/** Sound when left alone: what the checks find in it is the sabotage. */
const SABOTAGED_SEED = 31;

let server: RunServer;
let hashOf21: string | undefined;
beforeAll(async () => {
  server = await openRunServer(undefined);
});
afterAll(() => server.close());

const run = (seed: number, more: Partial<SimulateRunOptions> = {}): Promise<RunReport> =>
  server.withDatabase((database) => simulateRun(database, { seed, days: DAYS, meters: METERS, ...more }));

function failed(report: RunReport): string[] {
  return report.checks.filter(({ ok }) => !ok).map(({ name }) => name);
}

describe("a utility in virtual time", () => {
  it("keeps every acknowledged reading once and ends up with the meters' truth, whatever the seed breaks", async () => {
    for (const [seed, meters] of [
      [11, METERS],
      [SABOTAGED_SEED, 6],
    ] as const) {
      const report = await run(seed, { meters });
      expect({ seed, checks: report.checks.filter(({ ok }) => !ok) }).toEqual({ seed, checks: [] });
      expect(report.faults.length).toBeGreaterThan(20);
      for (const { name, checked } of report.checks.slice(0, 3)) expect([name, checked > 500]).toEqual([name, true]);
      // What befell gas, water and heat meters, by wire and by radio; and their valves.
      const [events, valves] = report.checks.slice(3, 5);
      expect([(events?.checked ?? 0) > 50, (valves?.checked ?? 0) > 10]).toEqual([true, true]);
      expect(report.happenings["command-done"]).toBeGreaterThan(0);
    }
  });

  it("replays from its seed event by event, and another seed is another story", async () => {
    const first = await run(21);
    const again = await run(21);
    const other = await run(22);
    expect(again).toEqual(first);
    expect(other.eventHash).not.toBe(first.eventHash);
    hashOf21 = first.eventHash;
  });
});

describe("the checks", () => {
  it("catch a sink that says it has a batch and drops it", async () => {
    const report = await run(SABOTAGED_SEED, { sinkThrough: droppingSink(3) });
    expect(failed(report)).toEqual(["no acknowledged reading is lost", "the ledger equals the meters' truth"]);
  });

  it("catch a sink that stores a day twice", async () => {
    // Its second write runs beside virtual time: what comes late for that is none of the check's business.
    const report = await run(SABOTAGED_SEED, { sinkThrough: repeatingSink });
    expect(failed(report)).toContain("nothing is stored twice");
  });

  it("catch a sink that swallows what befell somebody, and one that tells it anew a minute later", async () => {
    const garbled = eventsThrough((events) =>
      events.flatMap((event) => (event.kind === "backflow" ? [] : [event, { ...event, atMs: event.atMs + 60_000 }])),
    );
    const report = await run(SABOTAGED_SEED, { sinkThrough: garbled });
    const found = report.checks.find(({ name }) => name.startsWith("what befell sub-meters"))?.failures.join("\n");
    expect(found).toContain("was told and is not stored");
    expect(found).toContain("is stored, and nobody told it");
  });

  it("catch a sink that says less than it was given", async () => {
    const report = await run(SABOTAGED_SEED, { sinkThrough: roundingSink });
    expect(failed(report)).toContain("the ledger equals the meters' truth");
  });
});

describe("the script of faults", () => {
  const targets = { concentrators: ["C01", "C02"], feeders: ["F1"], stations: ["M1", "M2"], field: "field" };

  it("has every kind in a day, in whole seconds, and ends before the calm", () => {
    const span = { fromMs: 600_000, toMs: 86_400_000 };
    for (let seed = 0; seed < 50; seed++) {
      const faults = drawFaults(seededRandom(seed), targets, span);
      expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
      for (const { atMs, untilMs } of faults) {
        expect(atMs % 1_000).toBe(0);
        expect(untilMs % 1_000).toBe(0);
        expect(atMs).toBeGreaterThanOrEqual(span.fromMs);
        expect(untilMs).toBeLessThanOrEqual(span.toMs);
      }
    }
  });
});

describe("amity simulate", () => {
  it("prints JSON alone on stdout, with hash, seeds, checks and failures", async () => {
    const program = fileURLToPath(new URL("../bin/amity.js", import.meta.url));
    const asked = ["simulate", "--seed", "21", "--days", String(DAYS), "--meters", String(METERS), "--json"];
    const { stdout } = await promisify(execFile)(process.execPath, [program, ...asked]);
    const printed = JSON.parse(stdout) as { eventHash: string; seeds: number[]; ok: boolean; failures: unknown[]; runs: RunReport[] };
    expect(printed).toMatchObject({ seeds: [21], ok: true, failures: [] });
    expect(printed.eventHash).toMatch(/^[0-9a-f]{16}$/);
    // Another process, another database server: the same story.
    expect(printed.eventHash).toBe(hashOf21);
  });
});

/** Resolves for the delivery of that number without passing it on. */
function droppingSink(number: number): (sink: ReadingSink) => ReadingSink {
  return (sink) => {
    let deliveries = 0;
    return {
      async accept(batches) {
        const holdsReadings = batches.some(({ intervals }) => intervals.length > 0);
        if (holdsReadings && ++deliveries === number) return;
        await sink.accept(batches);
      },
    };
  };
}

/** Writes every day that it stores for the first time once more as the next version. */
function repeatingSink(sink: ReadingSink, database: Store): ReadingSink {
  return {
    async accept(batches) {
      await sink.accept(batches);
      await database.query(
        `insert into mdm.interval_block (known_at, meter_key, day, provenance_id, channel_no, version, octets)
         select known_at, meter_key, day, provenance_id, channel_no, 2, octets from mdm.interval_block b
         where version = 1 on conflict do nothing`,
      );
    },
  };
}

/** Passes readings on, and of events what `change` makes of them. */
function eventsThrough(change: (events: readonly EndDeviceEvent[]) => readonly EndDeviceEvent[]): (sink: ReadingSink) => ReadingSink {
  return (sink) => ({ accept: (batches) => sink.accept(batches.map((batch) => ({ ...batch, events: change(batch.events) }))) });
}

/** Passes odd values on as even ones. */
function roundingSink(sink: ReadingSink): ReadingSink {
  return {
    accept: (batches) =>
      sink.accept(
        batches.map((batch) => ({
          ...batch,
          intervals: batch.intervals.map((series) => ({ ...series, values: series.values.map((value) => value - (value % 2)) })),
        })),
      ),
  };
}
