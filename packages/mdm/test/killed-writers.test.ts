import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DAY_MS, isMissingSlot } from "@amity/intervals";
import { seededRandom } from "@amity/runtime";
import type { EmbeddedPostgres, ScratchStore } from "@amity/store";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLedger, createRegistry } from "../src/index.ts";
import { METERS, truth } from "./killed-writer.ts";
import { DAY, handClock, openLedgerScratch } from "./ledger-fixture.ts";

const KILLS = 8;
let scratch: ScratchStore;

beforeAll(async () => {
  scratch = await openLedgerScratch();
});

afterAll(() => scratch.close());

test("writers killed in the middle of their batches lose nothing acknowledged and store nothing twice", async () => {
  const random = seededRandom("kills");
  const acknowledged = Array.from({ length: METERS }, () => 0);
  for (let kill = 0; kill < KILLS; kill++) {
    // Every other time two writers deliver the same meters at once, and die at different moments.
    const writers = Array.from({ length: 1 + (kill % 2) }, () => {
      const patience = METERS + random.below(6 * METERS);
      return runWriter(scratch.server, acknowledged, patience);
    });
    await Promise.all(writers);
  }
  await requireTruth(acknowledged);
});

/** Runs a writer from the present watermarks, kills it after `patience` acknowledgements. */
async function runWriter(server: EmbeddedPostgres, acknowledged: number[], patience: number): Promise<void> {
  const job = JSON.stringify({ connection: server.connection, watermarks: acknowledged });
  const child = spawn(process.execPath, ["--import", "tsx", join(import.meta.dirname, "killed-writer.ts"), job], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<string | null>((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [, meter, slots] = line.split(" ").map(Number);
    if (meter === undefined || slots === undefined) continue;
    acknowledged[meter] = Math.max(acknowledged[meter] ?? 0, slots);
    if (++count === patience) child.kill("SIGKILL");
  }
  expect(await ended).toBe("SIGKILL");
}

async function requireTruth(acknowledged: readonly number[]): Promise<void> {
  const { store } = scratch;
  const channels = await createRegistry(store, handClock()).channelsOf(Array.from({ length: METERS }, (_, meter) => `K${meter}`));
  expect(channels).toHaveLength(METERS);
  const meterOf = new Map(channels.map(({ channelId, meterId }) => [channelId, Number(meterId.slice(1))]));
  const found = acknowledged.map(() => 0);
  await createLedger(store, handClock()).read(
    { channelIds: [...meterOf.keys()], fromDayMs: DAY, toDayMs: DAY + 3650 * DAY_MS },
    ({ channelId, block }) => {
      const meter = meterOf.get(channelId) ?? -1;
      const first = (block.dayStartMs - DAY) / 900_000;
      block.qualities.forEach((quality, slot) => {
        if (isMissingSlot(quality)) {
          expect(first + slot).toBeGreaterThanOrEqual(acknowledged[meter] ?? 0);
          return;
        }
        expect(block.values[slot]).toBe(truth(meter, first + slot));
        found[meter] = (found[meter] ?? 0) + 1;
      });
    },
  );
  found.forEach((count, meter) => expect(count).toBeGreaterThanOrEqual(acknowledged[meter] ?? Infinity));
  // A version that brings no new value is a reading stored twice: each must hold more values than the one before.
  const { rows } = await store.query<{ meter_key: number }>(
    `select meter_key from (
       select meter_key, octets, lag(octets) over (partition by meter_key, channel_no, day order by version) as before from mdm.interval_block
     ) v where octets = before`,
  );
  expect(rows).toEqual([]);
}
