import { meterTelegram, serveP1, type P1Meter } from "@amity/dsmr";
import { realTimers, seededRandom, type SimNode } from "@amity/runtime";
import { migrate, openScratchStore, type ScratchStore } from "@amity/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { counterStoreOn, headEndMigrations, storeRegistry } from "../src/index.ts";
import { localUtility } from "./local-utility.ts";
import { HOUR_MS, MINUTE_MS, START_MS } from "./lasting-head-end.ts";
import type { TestSink } from "./test-sink.ts";
import { wirelessUtility } from "./wireless-utility.ts";

const QUARTER_MS = 900_000;
const TABLES = ["device", "concentrator", "coverage", "event", "quarantine", "command", "command_audit", "secret", "counter"];

let scratch: ScratchStore;
beforeAll(async () => {
  scratch = await openScratchStore({ timers: realTimers, random: seededRandom("heard on postgres") });
  await migrate(scratch.store, [headEndMigrations]);
});
beforeEach(async () => {
  await scratch.store.query(`truncate ${TABLES.map((table) => `headend.${table}`).join(", ")}`);
});
afterAll(() => scratch.close());

const storeOf = (node: SimNode) => scratch.store.scheduledBy((operation) => node.external(operation));

/** Lets the head-end die right after the sink has committed, before anybody learns of it. */
function dieAfterSink(sink: TestSink, wanted: () => boolean, crash: () => void): void {
  const accept = sink.accept.bind(sink);
  sink.accept = async (batches) => {
    await accept(batches);
    if (!wanted()) return;
    crash();
    await new Promise(() => {});
  };
}

function telegram(nowMs: number): P1Meter {
  const secondMs = Math.floor(nowMs / 1000) * 1000;
  const hourMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
  const value = Math.floor((secondMs - Date.UTC(2026, 0, 1)) / 1000);
  return {
    manufacturer: "AMT",
    identifier: "P1",
    equipmentId: "E0001",
    instantMs: secondMs,
    isSummer: false,
    tariff: 1,
    importedWh: [value, 1000],
    exportedWh: [0, 0],
    importW: 3600,
    exportW: 0,
    phases: [{ voltageDv: 2301, currentCa: 1500, importW: 3600, exportW: 0 }],
    powerFailures: [],
    channels: [
      {
        channel: 1,
        deviceType: 3,
        equipmentId: "G0001",
        instantMs: hourMs,
        isSummer: false,
        milli: ((hourMs - Date.UTC(2026, 0, 1)) / HOUR_MS) * 250,
        unit: "m3",
      },
    ],
  };
}

describe("meters that are only heard, with the registry in PostgreSQL", () => {
  it("lose no interval to a head-end that dies between sink and registry, and stays away until the next end is past", async () => {
    const utility = localUtility({ registry: (node) => storeRegistry(storeOf(node)) });
    const { network, timers, clock } = utility.gateway;
    await network.listen({ host: "gw", port: 10_001 }, (connection) =>
      serveP1(connection, () => meterTelegram(telegram(clock.nowMs())), { timers, everyMs: 10_000 }),
    );
    const route = { kind: "listen", address: { host: "gw", port: 10_001 } } as const;
    await utility.simulation.runFor(
      utility.register(
        { meterId: "P1", protocol: "dsmr-p1", route, settings: { equipmentId: "E0001" } },
        { meterId: "G1", protocol: "dsmr-p1", route: { kind: "behind", hostMeterId: "P1", channel: 1 } },
      ),
    );
    let crashes = 0;
    let isArmed = false;
    const node = utility.simulation.node("headend");
    dieAfterSink(
      utility.sink,
      () => isArmed,
      () => {
        isArmed = false;
        crashes++;
        node.crash();
      },
    );
    await utility.simulation.runFor(utility.headEnd().start());
    for (let quarter = 1; quarter <= 20; quarter++) {
      const edgeMs = Date.UTC(2026, 10, 1, 12, 0) + quarter * QUARTER_MS;
      await utility.simulation.runUntil(edgeMs - 5_000);
      isArmed = quarter % 2 === 0;
      const before = crashes;
      // The tolerance of a telegram for the end of a quarter is one minute.
      await utility.simulation.runUntil(edgeMs + 2 * MINUTE_MS);
      isArmed = false;
      if (crashes > before) await utility.crash();
    }
    await utility.simulation.runUntil(Date.UTC(2026, 10, 1, 17, 5));
    expect(crashes).toBeGreaterThan(5);
    const missing: string[] = [];
    for (let atMs = Date.UTC(2026, 10, 1, 12, 15); atMs < Date.UTC(2026, 10, 1, 17); atMs += QUARTER_MS) {
      const value = utility.sink.intervals.get(`P1 1-0:1.8.0 ${atMs}`)?.value ?? Number.NaN;
      if (!(Math.abs(value - QUARTER_MS / 1000) <= 10)) missing.push(`P1 ${new Date(atMs).toISOString()} ${value}`);
      if (atMs % HOUR_MS === 0 && atMs < Date.UTC(2026, 10, 1, 16) && utility.sink.intervals.get(`G1 7-0:3.0.0 ${atMs}`)?.value !== 250)
        missing.push(`G1 ${new Date(atMs).toISOString()}`);
    }
    expect(missing).toEqual([]);
  });

  it("have their commands carried out once and their alarms told once, whenever the head-end dies", async () => {
    const utility = await wirelessUtility({
      loss: 0.1,
      registry: (node) => storeRegistry(storeOf(node)),
      counters: (node) => counterStoreOn(storeOf(node)),
    });
    const [, meter] = utility.meters;
    let isArmed = false;
    dieAfterSink(
      utility.sink,
      () => isArmed,
      () => {
        isArmed = false;
        utility.node.crash();
      },
    );
    await utility.simulation.runFor(utility.headEnd().start());
    const nowMs = START_MS + 10 * MINUTE_MS;
    await utility.simulation.runUntil(nowMs);
    const request = {
      meterId: "V1",
      control: { kind: "disconnect" },
      requestedBy: "anna",
      requestedAtMs: nowMs,
      expiresAtMs: nowMs + 4 * HOUR_MS,
    } as const;
    await utility.simulation.runFor(utility.headEnd().submit({ ...request, commandId: "c1" }));
    for (let round = 1; round <= 16; round++) {
      if (round === 3) meter!.status = 0x04;
      if (round === 11) meter!.status = 0;
      isArmed = round % 2 === 0;
      await utility.simulation.runUntil(nowMs + round * 7 * MINUTE_MS);
      isArmed = false;
      await utility.crash();
    }
    await utility.simulation.runUntil(START_MS + 5 * HOUR_MS);
    expect(await utility.simulation.runFor(utility.headEnd().views.command("c1"))).toMatchObject({ state: "done" });
    expect([meter!.valve, meter!.moves]).toEqual([0, 1]);
    const told = [...utility.sink.events.values()]
      .filter(({ meterId }) => meterId === "V1")
      .toSorted((one, other) => one.atMs - other.atMs);
    expect(told.map(({ kind, log }) => `${kind} ${log}`)).toEqual([
      "supplyDisconnected mbus-valve",
      "batteryLow mbus-status",
      "other mbus-status",
    ]);
    // A status that changes is told within the telegram's interval, not with the next hour.
    expect(told[1]!.atMs).toBeLessThan(nowMs + (2 * 7 + 3 * 6) * MINUTE_MS);
    const { rows } = await scratch.store.query<{ count: bigint }>("select count(*) as count from headend.event where meter_id = 'V1'");
    expect(Number(rows[0]!.count)).toBe(3);
  });
});
