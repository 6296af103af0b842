import { LinkError } from "@amity/bytes";
import { DAY_MS } from "@amity/intervals";
import { QUALITY, type EndDeviceEvent, type ReadingBatch, type ReadingSink, type RegisterReading } from "@amity/model";
import { Simulation } from "@amity/runtime";
import { openPool, type ScratchStore, type Store } from "@amity/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createLedger,
  createLedgerSink,
  createRegistry,
  openExceptions,
  readEvents,
  readRegisters,
  resolveException,
  type DeliverySummary,
  type LedgerSinkOptions,
} from "../src/index.ts";
import { DAY, deliveryOf, handClock, openLedgerScratch, seriesOf } from "./ledger-fixture.ts";

let scratch: ScratchStore;
let store: Store;
const clock = handClock();
let made = 0;
const freshMeter = (): string => `M${++made}`;

beforeAll(async () => {
  scratch = await openLedgerScratch();
  store = scratch.store;
});

afterAll(() => scratch.close());

function sinkOn(over: Store, extra: Partial<LedgerSinkOptions> = {}): ReadingSink {
  return createLedgerSink({ store: over, ledger: createLedger(over, clock), registry: createRegistry(over, clock), clock, ...extra });
}

async function valuesOf(meterId: string, fromMs: number, days: number): Promise<number[]> {
  const [channel] = (await createRegistry(store, clock).channelsOf([meterId])).filter(({ kind }) => kind === "interval");
  const blocks = await createLedger(store, clock).blocks({
    channelIds: [channel?.channelId ?? -1],
    fromDayMs: fromMs,
    toDayMs: fromMs + days * DAY_MS,
  });
  return blocks.toSorted((a, b) => a.block.dayStartMs - b.block.dayStartMs).flatMap(({ block }) => [...block.values]);
}

describe("the ledger sink", () => {
  test("has committed when it resolves, meters and channels registered on the way", async () => {
    const meterId = freshMeter();
    const values = Array.from({ length: 150 }, (_, index) => index + 1);
    await sinkOn(store).accept([deliveryOf(seriesOf(meterId, DAY + 12 * 3_600_000, values))]);
    const other = await openPool({ connection: scratch.server.connection });
    const { rows } = await other.query(
      "select count(*)::integer as count from mdm.interval_block b join mdm.meter m using (meter_key) where meter_id = $1",
      [meterId],
    );
    await other.close();
    expect(rows).toEqual([{ count: 3 }]);
    expect((await valuesOf(meterId, DAY, 3)).slice(48, 198)).toEqual(values);
  });

  test("changes nothing when the same batch comes again, whole or in overlapping pieces", async () => {
    const meterId = freshMeter();
    const summaries: DeliverySummary[] = [];
    const sink = sinkOn(store, { onStored: (summary) => summaries.push(summary) });
    const values = Array.from({ length: 96 }, (_, index) => index * 7);
    const event: EndDeviceEvent = { meterId, atMs: DAY, kind: "powerUp", log: "0-0:99.98.0", code: 2 };
    const register: RegisterReading = {
      meterId,
      channel: "1-0:1.8.0",
      unit: "Wh",
      scaler: 0,
      atMs: DAY,
      value: 2n ** 63n + 5n,
      quality: QUALITY.raw,
    };
    const batch: ReadingBatch = { intervals: [seriesOf(meterId, DAY, values)], registers: [register], events: [event], source: "headend" };
    await sink.accept([batch]);
    await sink.accept([batch, batch]);
    await sink.accept([deliveryOf(seriesOf(meterId, DAY + 20 * 900_000, values.slice(20, 50)))]);
    expect(summaries.map(({ blocksStored, registersStored, eventsStored }) => [blocksStored, registersStored, eventsStored])).toEqual([
      [1, 1, 1],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(summaries[0]?.changed).toHaveLength(1);
    expect(await readEvents(store, { meterId, fromMs: DAY, toMs: DAY + 1, limit: 10 })).toEqual([event]);
    const channels = await createRegistry(store, clock).channelsOf([meterId]);
    const channelId = channels.find(({ kind }) => kind === "register")?.channelId ?? -1;
    const readings = await readRegisters(store, { channelId, fromMs: DAY, toMs: DAY + 1 });
    expect(readings.map(({ value, version }) => [value, version])).toEqual([[2n ** 63n + 5n, 1]]);
  });

  test("keeps every word of a register that says two things of one instant", async () => {
    const meterId = freshMeter();
    const reading = (value: bigint): RegisterReading => ({
      meterId,
      channel: "1-0:2.8.0",
      unit: "Wh",
      scaler: 0,
      atMs: DAY,
      value,
      quality: QUALITY.raw,
    });
    await sinkOn(store).accept([{ intervals: [], registers: [reading(5n), reading(6n), reading(5n)], events: [], source: "x" }]);
    const { rows } = await store.query(
      "select value::integer as value, version from mdm.register_reading join mdm.meter using (meter_key) where meter_id = $1 order by version",
      [meterId],
    );
    expect(rows).toEqual([
      { value: 5, version: 1 },
      { value: 6, version: 2 },
    ]);
  });

  test("puts many deliveries into few transactions", async () => {
    let groups = 0;
    const sink = sinkOn(store, { onStored: () => groups++ });
    const meterIds = Array.from({ length: 200 }, freshMeter);
    await Promise.all(meterIds.map((meterId) => sink.accept([deliveryOf(seriesOf(meterId, DAY, [1, 2, 3]))])));
    expect(groups).toBeLessThanOrEqual(3);
    expect((await valuesOf(meterIds[199] ?? "", DAY, 1)).slice(0, 4)).toEqual([1, 2, 3, 0]);
  });

  test("puts a malformed series aside whole and stores its neighbours", async () => {
    const good = freshMeter();
    const bad = freshMeter();
    const sink = sinkOn(store);
    const broken = [
      { ...seriesOf(bad, DAY, [1, 2]), intervalSeconds: 700 },
      seriesOf(bad, DAY, [1.5]),
      seriesOf(bad, DAY + 123, [1]),
      seriesOf(bad, Date.UTC(2300, 0), [1]),
      { ...seriesOf(bad, DAY, [1, 2, 3]), qualities: new Uint16Array(2) },
    ];
    await sink.accept([deliveryOf(...broken, seriesOf(good, DAY, [4]))]);
    await sink.accept([deliveryOf(...broken)]);
    const aside = (await openExceptions(store, 1000)).filter(({ meterId }) => meterId === bad);
    expect(aside.map(({ kind }) => kind)).toEqual(broken.map(() => "malformed"));
    expect(aside.map(({ reason }) => reason).join("\n")).toMatch(/700 s does not divide a day/);
    expect(JSON.parse(aside[0]?.content ?? "{}")).toMatchObject({ meterId: bad, channel: "1-0:1.8.0" });
    expect((await valuesOf(good, DAY, 1))[0]).toBe(4);
    const [first] = aside;
    if (first === undefined) throw new Error("expected an exception");
    expect(await resolveException(store, first, { resolution: "dropped", nowMs: DAY })).toBe(true);
    expect(await resolveException(store, first, { resolution: "dropped", nowMs: DAY })).toBe(false);
  });

  test("puts readings of unregistered meters aside where it may not register them", async () => {
    const known = freshMeter();
    const unknown = freshMeter();
    await createRegistry(store, clock).resolveMeters([known], "clerk");
    const sink = sinkOn(store, { unknownMeters: "putAside" });
    await sink.accept([deliveryOf(seriesOf(known, DAY, [1]), seriesOf(unknown, DAY, [2]))]);
    expect((await valuesOf(known, DAY, 1))[0]).toBe(1);
    const aside = (await openExceptions(store, 1000)).filter(({ meterId }) => meterId === unknown);
    expect(aside.map(({ kind, content }) => [kind, (JSON.parse(content) as { values: number[] }).values])).toEqual([["unknownMeter", [2]]]);
    expect(await createRegistry(store, clock).knownMeters([known, unknown])).toEqual(new Set([known]));
  });

  test("puts aside a new value against an edited one, but not the old one that the edit replaced", async () => {
    const meterId = freshMeter();
    const sink = sinkOn(store);
    await sink.accept([deliveryOf(seriesOf(meterId, DAY, [1, 2, 3]))]);
    const ledger = createLedger(store, clock);
    const [channel] = await createRegistry(store, clock).channelsOf([meterId]);
    const channelId = channel?.channelId ?? -1;
    const [stored] = await ledger.blocks({ channelIds: [channelId], fromDayMs: DAY, toDayMs: DAY + DAY_MS });
    if (stored === undefined) throw new Error("expected a block");
    stored.block.values[1] = 50;
    stored.block.qualities[1] = QUALITY.editedManually;
    await ledger.write([{ channelId, block: stored.block, mode: "replace" }], {
      author: "clerk",
      reason: "wrong read",
      source: "console",
      ruleSet: "",
    });
    const asideOf = async () => (await openExceptions(store, 1000)).filter((exception) => exception.meterId === meterId);
    await sink.accept([deliveryOf(seriesOf(meterId, DAY, [1, 2, 3]))]);
    expect(await asideOf()).toEqual([]);
    await sink.accept([deliveryOf(seriesOf(meterId, DAY, [1, 77, 3, 4]))]);
    expect((await valuesOf(meterId, DAY, 1)).slice(0, 4)).toEqual([1, 50, 3, 4]);
    expect((await asideOf()).map(({ kind }) => kind)).toEqual(["protected"]);
  });

  test("rejects what it could not commit, and goes on when the database is back", async () => {
    const own = await openPool({ connection: scratch.server.connection });
    const sink = sinkOn(own);
    const meterId = freshMeter();
    await sink.accept([deliveryOf(seriesOf(meterId, DAY, [1]))]);
    const locked = store.transaction(async (transaction) => {
      await transaction.query("lock table mdm.interval_block in access exclusive mode");
      const stuck = sink.accept([deliveryOf(seriesOf(meterId, DAY + 900_000, [2]))]);
      stuck.catch(() => {});
      let ended = 0;
      while (ended === 0) {
        ended = (
          await transaction.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and pid <> pg_backend_pid()",
          )
        ).rowCount;
      }
      return { stuck };
    });
    const { stuck } = await locked;
    await expect(stuck).rejects.toBeInstanceOf(LinkError);
    expect((await valuesOf(meterId, DAY, 1)).slice(0, 2)).toEqual([1, 0]);
    await sink.accept([deliveryOf(seriesOf(meterId, DAY + 900_000, [2]))]);
    expect((await valuesOf(meterId, DAY, 1)).slice(0, 2)).toEqual([1, 2]);
    await own.close();
  });

  test("does not let one unstorable delivery take its neighbours with it", async () => {
    const sink = sinkOn(store);
    const good = freshMeter();
    const poison: ReadingBatch = {
      intervals: [],
      registers: [],
      events: [{ meterId: good, atMs: DAY, kind: "other", log: "bad\0text", code: 1 }],
      source: "headend",
    };
    const outcomes = await Promise.allSettled([
      sink.accept([deliveryOf(seriesOf(freshMeter(), DAY, [1]))]),
      sink.accept([poison]),
      sink.accept([deliveryOf(seriesOf(good, DAY, [3]))]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((await valuesOf(good, DAY, 1))[0]).toBe(3);
  });

  test("refuses more than it may hold waiting", async () => {
    const sink = sinkOn(store, { pendingValuesMax: 10 });
    const first = sink.accept([deliveryOf(seriesOf(freshMeter(), DAY, [1, 2, 3, 4, 5, 6]))]);
    await expect(sink.accept([deliveryOf(seriesOf(freshMeter(), DAY, [1, 2, 3, 4, 5, 6]))])).rejects.toMatchObject({ code: "overloaded" });
    await first;
  });

  test("runs in a simulation in one serial order, known_at in virtual time", async () => {
    const run = async (): Promise<string[]> => {
      const simulation = new Simulation({ seed: 3, startMs: DAY + 40 * DAY_MS });
      const node = simulation.node("mdm");
      const scheduled = store.scheduledBy((operation) => node.external(operation));
      const order: string[] = [];
      const sink = createLedgerSink({
        store: scheduled,
        ledger: createLedger(scheduled, node.world.clock),
        registry: createRegistry(scheduled, node.world.clock),
        clock: node.world.clock,
        onStored: (summary) => order.push(`${simulation.nowMs} ${summary.blocksStored + summary.blocksUnchanged}`),
      });
      const meterIds = ["S1", "S2", "S3", "S4"];
      const all = Promise.all(
        meterIds.map((meterId, index) =>
          node.world.timers
            .sleep(index * 2)
            .then(() => sink.accept([deliveryOf(seriesOf(meterId, DAY, [index]))]).then(() => order.push(meterId))),
        ),
      );
      await simulation.runFor(all);
      return order;
    };
    const first = await run();
    await store.query("truncate mdm.interval_block, mdm.channel, mdm.meter, mdm.provenance");
    expect(await run()).toEqual(first);
    const { rows } = await store.query<{ known_at: number }>("select known_at from mdm.interval_block");
    expect(rows.every(({ known_at }) => known_at >= DAY + 40 * DAY_MS && known_at < DAY + 41 * DAY_MS)).toBe(true);
  });
});

describe("the registry", () => {
  test("gives a channel whose scaler changed another number, and the same one to all who ask at once", async () => {
    const meterId = freshMeter();
    const description = { meterId, name: "1-0:1.8.0", kind: "interval", unit: "Wh", scaler: 0, intervalSeconds: 900 } as const;
    const asked = await Promise.all(
      Array.from({ length: 8 }, () => createRegistry(store, clock).resolve([description, { ...description, scaler: 3 }], "test")),
    );
    expect(new Set(asked.map(String)).size).toBe(1);
    expect(new Set(asked[0]).size).toBe(2);
  });

  test("records a meter exchange as the end of one stay and the beginning of the next", async () => {
    const registry = createRegistry(store, clock);
    await registry.addUsagePoint({ usagePointId: "UP1", commodity: "electricity", timeZone: "Europe/Berlin" });
    const [old, fresh] = [freshMeter(), freshMeter()];
    await registry.install({ meterId: old, usagePointId: "UP1", installedAtMs: DAY, multiplier: "1" });
    await registry.install({ meterId: fresh, usagePointId: "UP1", installedAtMs: DAY + 5 * DAY_MS, multiplier: "40" });
    expect(await registry.installationsOf("UP1")).toEqual([
      { meterId: old, usagePointId: "UP1", installedAtMs: DAY, removedAtMs: DAY + 5 * DAY_MS, multiplier: "1" },
      { meterId: fresh, usagePointId: "UP1", installedAtMs: DAY + 5 * DAY_MS, multiplier: "40" },
    ]);
  });
});
