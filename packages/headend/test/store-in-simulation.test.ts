import { realTimers, seededRandom, Simulation } from "@amity/runtime";
import { migrate, openScratchStore, type ScratchStore } from "@amity/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestMeter } from "../../concentrator/test/test-meter.ts";
import {
  counterStoreOn,
  createHeadEnd,
  dlmsDriver,
  headEndMigrations,
  InvocationCounters,
  sealedKeyVault,
  sealedStoreOn,
  storeRegistry,
  type HeadEnd,
  type HeadEndNotice,
} from "../src/index.ts";
import { DAY_MS, keyOf, START_MS } from "./lasting-head-end.ts";
import { TestSink } from "./test-sink.ts";

const MINUTE_MS = 60_000;
const METERS = ["M1", "M2", "M3"];
const TABLES = ["device", "concentrator", "coverage", "event", "quarantine", "command", "command_audit", "secret", "counter"];

let scratch: ScratchStore;
beforeAll(async () => {
  scratch = await openScratchStore({ timers: realTimers, random: seededRandom("headend in simulation") });
  await migrate(scratch.store, [headEndMigrations]);
});
afterAll(() => scratch.close());

/** Three meters on TCP and a head-end whose registry, keys and counters are in PostgreSQL; the head-end crashes `crashes` times. */
async function run(seed: number, crashes: number): Promise<{ missing: string[]; history: string; counters: number[] }> {
  await scratch.store.query(`truncate ${TABLES.map((table) => `headend.${table}`).join(", ")}`);
  const simulation = new Simulation({ seed, startMs: START_MS });
  const sink = new TestSink();
  const notices: HeadEndNotice[] = [];
  const meters = METERS.map((meterId) => {
    const { world } = simulation.node(meterId);
    const meter = new TestMeter({ meterId, guek: keyOf(meterId, 1), gak: keyOf(meterId, 2) }, () => world.clock.nowMs());
    void world.network.listen({ host: meterId, port: 4059 }, (connection) => meter.serve(connection, world));
    return meter;
  });
  const setup = storeRegistry(scratch.store);
  const route = (meterId: string) => ({ kind: "direct" as const, address: { host: meterId, port: 4059 } });
  await setup.registerDevices(
    METERS.map((meterId) => ({ meterId, protocol: "dlms", route: route(meterId), settings: {}, status: "active" as const })),
  );
  const vault = sealedKeyVault(new Uint8Array(32), sealedStoreOn(scratch.store), seededRandom("vault"));
  await vault.store(
    METERS.flatMap((owner) => ["guek", "gak"].map((purpose, index) => ({ ref: { owner, purpose }, secret: keyOf(owner, index + 1) }))),
  );

  const node = simulation.node("headend");
  const start = async (): Promise<HeadEnd> => {
    const store = scratch.store.scheduledBy((operation) => node.external(operation));
    const { world } = node;
    const headEnd = createHeadEnd(
      {
        world,
        registry: storeRegistry(store),
        keys: sealedKeyVault(new Uint8Array(32), sealedStoreOn(store), world.random),
        counters: new InvocationCounters(counterStoreOn(store)),
        sink,
        drivers: [dlmsDriver({ systemTitle: new TextEncoder().encode("AMTHES01") })],
      },
      { historyMs: 2 * DAY_MS, eventLogs: ["0-0:99.98.0"] },
    );
    headEnd.subscribe((notice) => notices.push(notice));
    await simulation.runFor(headEnd.start());
    return headEnd;
  };
  let headEnd = await start();
  for (let crash = 0; crash < crashes; crash++) {
    await simulation.runUntil(simulation.nowMs + 31 + 217 * crash);
    node.crash();
    headEnd = await start();
  }
  const expiresAtMs = simulation.nowMs + 30 * MINUTE_MS;
  const request = {
    commandId: "c1",
    meterId: "M2",
    control: { kind: "disconnect" as const },
    requestedBy: "anna",
    requestedAtMs: START_MS,
    expiresAtMs,
  };
  await simulation.runFor(headEnd.submit(request));
  await simulation.runUntil(START_MS + 90 * MINUTE_MS);
  const detail = await simulation.runFor(headEnd.views.command("c1"));
  const missing: string[] = detail?.state === "done" && meters[1]?.switchings === 1 ? [] : [`command: ${JSON.stringify(detail)}`];
  for (const meter of meters) {
    for (let atMs = Math.ceil((START_MS - 2 * DAY_MS) / DAY_MS) * DAY_MS; atMs < Date.UTC(2026, 10, 1, 13, 0); atMs += 900_000) {
      const expected = meter.register(0, atMs + 900_000) - meter.register(0, atMs);
      if (sink.intervals.get(`${meter.options.meterId} 1-0:1.8.0 ${atMs}`)?.value !== expected)
        missing.push(`${meter.options.meterId} ${atMs}`);
    }
  }
  const { rows } = await scratch.store.query<{ next: bigint }>("select next from headend.counter order by name");
  const history = JSON.stringify([simulation.executed, notices], (key, value: unknown) =>
    key === "cursor" ? 0 : typeof value === "bigint" ? `${value}n` : value,
  );
  return { missing, history, counters: rows.map(({ next }) => Number(next)) };
}

describe("a head-end on PostgreSQL in virtual time", () => {
  it("loses nothing over crashes, and its counters only rise", async () => {
    const { missing, counters } = await run(4, 8);
    expect(missing).toEqual([]);
    // Each life that reached a meter has reserved a block of its own.
    expect(Math.min(...counters)).toBeGreaterThan(2 * 1024);
  });

  it("goes the same way twice from one seed", async () => {
    expect((await run(7, 3)).history).toBe((await run(7, 3)).history);
  });
});
