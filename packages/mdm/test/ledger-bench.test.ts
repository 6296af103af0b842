import { realTimers } from "@amity/runtime";
import { expect, test } from "vitest";
import { runLedgerBench, runQueryBench } from "../src/index.ts";
import { openLedgerScratch } from "./ledger-fixture.ts";

test("the ledger benchmark reports every key, keeps an interval below three octets and leaves nothing behind", async () => {
  const scratch = await openLedgerScratch();
  const results = await runLedgerBench(scratch.store, { timers: realTimers, meters: 150, days: 10, runs: 1, rawRows: 20_000 });
  for (const value of Object.values(results)) expect(value).toBeGreaterThan(0);
  expect(results.bytes_per_interval).toBeLessThan(3);
  expect(results.packed_octets_per_interval).toBeLessThan(1.7);
  expect(results.raw_bytes_per_interval).toBeGreaterThan(20 * results.bytes_per_interval);
  expect((await scratch.store.query("select 1 from mdm.interval_block")).rowCount).toBe(0);
  await scratch.close();
});

test("the query benchmark reports every key and leaves nothing behind", async () => {
  const scratch = await openLedgerScratch();
  const results = await runQueryBench(scratch.store, { timers: realTimers, meters: 60, monthMeters: 8, months: 10, runs: 1 });
  for (const value of Object.values(results)) expect(value).toBeGreaterThan(0);
  expect((await scratch.store.query("select 1 from mdm.interval_block")).rowCount).toBe(0);
  await scratch.close();
});
