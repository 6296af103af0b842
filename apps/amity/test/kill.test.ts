import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DAY_MS, isMissingSlot } from "@amity/intervals";
import { createFleet, FleetJournal, MeterFleet, planPast } from "@amity/meter";
import { QUALITY, unpackQuality } from "@amity/model";
import { realFiles, seededRandom } from "@amity/runtime";
import type { Store } from "@amity/store";
import { openDatabase } from "../src/compose/database.ts";
import { createLedger } from "@amity/mdm";
import { startProgram } from "./running-program.ts";

const KILLS = 20;
const METERS = 48;
const SEED = 7;
const QUARTER_MS = 900_000;

let data = "";
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "amity-kill-"));
  // An unprivileged database server must be able to pass.
  await chmod(data, 0o755);
});
afterAll(() => rm(data, { recursive: true, force: true }));

const options = (): string[] => ["--meters", String(METERS), "--history", "2", "--seed", String(SEED), "--data", data];

it(`killed with -9 ${KILLS} times at any moment, it loses nothing acknowledged, stores nothing twice, and ends up with the meters' truth`, async () => {
  const random = seededRandom(20);
  for (let kill = 0; kill < KILLS; kill++) {
    const program = await startProgram(options());
    await runFor(50 + random.below(1_500));
    await program.end("SIGKILL");
  }
  const last = await startProgram(options());
  await last.until(({ event, percent }) => event === "backfill" && percent === 100);
  await last.end("SIGTERM");

  const store = await openDatabase({ data });
  try {
    expect(await countTwice(store)).toEqual({ repeatedVersions: 0, gapsInVersions: 0 });
    const truth = await compareWithTruth(store);
    expect(truth.lost).toEqual([]);
    expect(truth.wrong).toEqual([]);
    expect(truth.compared).toBeGreaterThan(METERS * 96);
  } finally {
    await store.close();
  }
}, 600_000);

/** Lets the program run for a while: the moment of the kill is what is tried here. */
function runFor(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** Versions that say the same as the one before, and version numbers that are missing: both would be a write done twice. */
async function countTwice(store: Store): Promise<{ repeatedVersions: number; gapsInVersions: number }> {
  const { rows } = await store.query<{ repeated: bigint; gaps: bigint }>(
    `select count(*) filter (where octets = before) as repeated, count(*) filter (where version <> coalesce(version_before, 0) + 1) as gaps
     from (select octets, version, lag(octets) over w as before, lag(version) over w as version_before from mdm.interval_block
           window w as (partition by meter_key, channel_no, day order by version)) versions`,
  );
  return { repeatedVersions: Number(rows[0]?.repeated), gapsInVersions: Number(rows[0]?.gaps) };
}

/** Every interval that the head-end counts as collected must be in the ledger, and every measured one must be the meter's own. */
async function compareWithTruth(store: Store): Promise<{ compared: number; lost: string[]; wrong: string[] }> {
  const state = JSON.parse(await readFile(join(data, "demo.json"), "utf8")) as { foundedMs: number; civilMs: number };
  const plan = createFleet({
    seed: SEED,
    meters: METERS,
    feeders: 6,
    concentrators: 12,
    directShare: 0.1,
    startMs: state.foundedMs,
    zone: "Australia/Sydney",
    climate: "newSouthWales",
  });
  const past = planPast(plan, { endMs: state.foundedMs, days: 45 });
  const fleet = await MeterFleet.open({
    plan,
    masterSecret: new Uint8Array(32),
    clock: { nowMs: () => state.civilMs },
    past,
    journal: new FleetJournal(realFiles(join(data, "field", "meters"))),
  });
  const clockTrouble = new Set(
    past.filter(({ operation }) => operation.kind === "setClock" || operation.kind === "loseClock").map(({ meterId }) => meterId),
  );
  const ledger = createLedger(store, { nowMs: () => state.civilMs });
  const { rows } = await store.query<{ meter_id: string; covered: [fromMs: number, toMs: number][]; channel_id: bigint }>(
    `select v.meter_id, v.covered, c.meter_key * 256::bigint + c.channel_no as channel_id from headend.coverage v
     join mdm.meter m using (meter_id) join mdm.channel c on c.meter_key = m.meter_key and c.kind = 'interval' and c.name = '1-0:1.8.0'
     where v.profile = '1-0:99.1.0'`,
  );
  const result = { compared: 0, lost: [] as string[], wrong: [] as string[] };
  for (const { meter_id: meterId, covered, channel_id } of rows) {
    const { meter } = fleet.device(meterId);
    const blocks = await ledger.blocks({
      channelIds: [Number(channel_id)],
      fromDayMs: 0,
      toDayMs: Math.ceil(state.civilMs / DAY_MS) * DAY_MS,
    });
    const byDay = new Map(blocks.map(({ block }) => [block.dayStartMs, block]));
    for (const atMs of quartersOf(covered)) {
      const dayStartMs = Math.floor(atMs / DAY_MS) * DAY_MS;
      const slot = (atMs - dayStartMs) / QUARTER_MS;
      const block = byDay.get(dayStartMs);
      const quality = block?.qualities[slot] ?? QUALITY.missing;
      if (clockTrouble.has(meterId)) continue;
      if (isMissingSlot(quality) && !isOutage(past, meterId, atMs)) result.lost.push(`${meterId} ${new Date(atMs).toISOString()}`);
      if (!["raw", "valid"].includes(unpackQuality(quality).category)) continue;
      const advance = (meter.registersAt(atMs + QUARTER_MS)[0] ?? 0) - (meter.registersAt(atMs)[0] ?? 0);
      result.compared++;
      if (block?.values[slot] !== advance)
        result.wrong.push(`${meterId} ${new Date(atMs).toISOString()}: ${block?.values[slot]} instead of ${advance}`);
    }
  }
  return result;
}

/** Starts of the whole quarter-hours within spans. */
function quartersOf(spans: readonly (readonly [fromMs: number, toMs: number])[]): number[] {
  const starts: number[] = [];
  for (const [fromMs, toMs] of spans) {
    for (let atMs = Math.ceil(fromMs / QUARTER_MS) * QUARTER_MS; atMs + QUARTER_MS <= toMs; atMs += QUARTER_MS) starts.push(atMs);
  }
  return starts;
}

/** Whether a meter was without power at some moment of a quarter-hour or the one before: then it has no such interval. */
function isOutage(past: ReturnType<typeof planPast>, meterId: string, atMs: number): boolean {
  let downMs: number | undefined;
  for (const { operation } of past.filter((entry) => entry.meterId === meterId)) {
    if (operation.kind === "powerDown") downMs = operation.atMs;
    if (operation.kind !== "powerUp" || downMs === undefined) continue;
    if (downMs < atMs + QUARTER_MS && operation.atMs > atMs - QUARTER_MS) return true;
    downMs = undefined;
  }
  return downMs !== undefined && downMs < atMs + QUARTER_MS;
}
