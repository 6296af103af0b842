import { DAY_MS, zoneOf } from "@amity/intervals";
import { QUALITY } from "@amity/model";
import { migrate, type ScratchStore } from "@amity/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  coverageOf,
  createLedger,
  createLedgerSink,
  createRegistry,
  createTopology,
  createVirtualChannels,
  mdmRulesMigrations,
  networkLosses,
  readVirtual,
  type Ledger,
  type Registry,
  type Topology,
  type VirtualChannel,
} from "../src/index.ts";
import { deliveryOf, openLedgerScratch, seriesOf } from "./ledger-fixture.ts";

const START = Date.UTC(2026, 5, 1);
const [fromDay, toDay] = [START / DAY_MS, START / DAY_MS + 1];
const zone = zoneOf("UTC");
const HOURS = 0.25;

let scratch: ScratchStore;
let ledger: Ledger;
let registry: Registry;
let topology: Topology;
const clock = { nowMs: () => START + 30 * DAY_MS };

beforeAll(async () => {
  scratch = await openLedgerScratch();
  await migrate(scratch.store, [mdmRulesMigrations]);
  ledger = createLedger(scratch.store, clock);
  registry = createRegistry(scratch.store, clock);
  topology = createTopology(scratch.store);
  const sink = createLedgerSink({ store: scratch.store, ledger, registry, clock });
  const flat = (value: number) => Array.from({ length: 96 }, () => value);
  const holed = seriesOf("C", START, flat(1000));
  holed.qualities.fill(QUALITY.missing, 10, 14);
  const estimated = seriesOf("B", START, flat(3000));
  estimated.qualities.fill(QUALITY.estimatedLinear, 20, 30);
  // The transformer T1 loses 100 Wh of iron and 2 % at nameplate in each quarter-hour; 50 Wh go nobody knows where.
  const load = 4000;
  const copper = 2000 * HOURS * (load / HOURS / 100_000) ** 2;
  await sink.accept([
    deliveryOf(seriesOf("A", START, flat(1000)), estimated, holed, seriesOf("HEAD1", START, flat(Math.round(load + 100 + copper + 50)))),
  ]);
});
afterAll(() => scratch.close());

describe("the network and its losses", () => {
  test("what holds is asked by date: a transformer moved to another feeder stays on the first before", async () => {
    const transformer = { nodeId: "T1", kind: "transformer", name: "Mill", nameplateKva: 100, noLoadLossW: 400, loadLossW: 2000 } as const;
    const nodes = [
      { nodeId: "S", kind: "substation", name: "Main" },
      { nodeId: "F1", kind: "feeder", name: "North", parentId: "S" },
      { nodeId: "F2", kind: "feeder", name: "South", parentId: "S" },
      { ...transformer, parentId: "F1" },
      { nodeId: "T2", kind: "transformer", name: "Dock", parentId: "F2", nameplateKva: 5 },
    ] as const;
    const links = [
      { usagePointId: "A", nodeId: "T1", role: "load" },
      { usagePointId: "B", nodeId: "T1", role: "load" },
      { usagePointId: "C", nodeId: "T2", role: "load" },
      { usagePointId: "HEAD1", nodeId: "T1", role: "supply" },
    ] as const;
    await topology.declare({ nodes, links }, START - 10 * DAY_MS);
    await topology.declare({ nodes, links }, START - 5 * DAY_MS);
    await topology.declare(
      { nodes: [{ ...transformer, parentId: "F2" }], links: [{ usagePointId: "C", nodeId: "T1", role: "load" }] },
      START + 5 * DAY_MS,
    );
    const parentAt = async (atMs: number) => (await topology.at(atMs)).nodes.get("T1")?.parentId;
    expect([await parentAt(START), await parentAt(START + 5 * DAY_MS - 1), await parentAt(START + 5 * DAY_MS)]).toEqual(["F1", "F1", "F2"]);
    expect((await topology.at(START + 6 * DAY_MS)).links.find(({ usagePointId }) => usagePointId === "C")?.nodeId).toBe("T1");
    expect((await topology.at(START - 11 * DAY_MS)).nodes.size).toBe(0);
    const { rows } = await scratch.store.query<{ count: bigint }>("select count(*) as count from mdm.network_node where node_id = 'T1'");
    expect(Number(rows[0]?.count)).toBe(2);
  });

  test("a transformer's supply splits into what was delivered, what its losses explain and what nobody accounts for", async () => {
    const losses = await networkLosses({ store: scratch.store, ledger, registry }, await topology.at(START), { fromDay, toDay, zone });
    const of = (nodeId: string) => losses.find(({ node }) => node.nodeId === nodeId);
    const t1 = of("T1");
    expect(t1).toMatchObject({ points: 2, importWh: 96 * 4000, exportWh: 0, expected: 192, missing: 0 });
    const { balance } = t1 ?? {};
    expect(balance).toMatchObject({ deliveredWh: 96 * 4000, intervalsUsed: 96, intervalsLeftOut: 0 });
    // 400 W of iron; 16 kW on 100 kVA: 2000 W x 0.16^2 of copper, a little more with the losses themselves in the input.
    expect(balance?.technicalWh).toBeGreaterThan(96 * (100 + 2000 * HOURS * 0.16 ** 2));
    expect(balance?.unaccountedWh ?? 0).toBeGreaterThan(96 * 49);
    expect(balance?.unaccountedWh ?? 0).toBeLessThan(96 * 51);
    expect((balance?.suppliedWh ?? 0) - (balance?.deliveredWh ?? 0) - (balance?.technicalWh ?? 0)).toBeCloseTo(
      balance?.unaccountedWh ?? 0,
      6,
    );
    expect(t1?.loading).toMatchObject({ peakKva: 16, peakPercent: 16 });
  });

  test("a feeder holds all that hangs behind its transformers, and holes and overload are told", async () => {
    const losses = await networkLosses({ store: scratch.store, ledger, registry }, await topology.at(START), { fromDay, toDay, zone });
    const of = (nodeId: string) => losses.find(({ node }) => node.nodeId === nodeId);
    expect(of("F1")).toMatchObject({ points: 2, importWh: 96 * 4000 });
    expect(of("F1")?.balance).toBeUndefined();
    expect(of("F2")).toMatchObject({ points: 1, expected: 96, missing: 4 });
    expect(of("T2")?.loading).toMatchObject({ peakPercent: 80, hoursOver100Percent: 0 });
    expect(losses.map(({ node }) => node.kind)).not.toContain("substation");
    await expect(
      networkLosses({ store: scratch.store, ledger, registry }, await topology.at(START), { fromDay, toDay: fromDay + 93, zone }),
    ).rejects.toMatchObject({ code: "limit" });
  });
});

describe("virtual channels", () => {
  const term = (meterId: string, factor: number) => ({ meterId, channel: "1-0:1.8.0", factor });
  const loss: VirtualChannel = {
    id: "loss-t1",
    version: 1,
    name: "Loss of T1",
    unit: "Wh",
    scaler: 0,
    intervalSeconds: 900,
    terms: [term("HEAD1", 1), term("A", -1), term("B", -1)],
  };
  const read = (definition: VirtualChannel, slots = 96) =>
    readVirtual({ ledger, registry }, definition, { fromMs: START, toMs: START + slots * 900_000 });

  test("a difference is computed interval by interval, with the worst quality of its parts", async () => {
    const span = await read(loss);
    const head = (
      await ledger.blocks({
        channelIds: (await registry.channelsOf(["HEAD1"])).map(({ channelId }) => channelId),
        fromDayMs: START,
        toDayMs: START + DAY_MS,
      })
    )[0];
    expect(span.values[0]).toBe((head?.block.values[0] ?? 0) - 4000);
    const categories = [0, 25].map((slot) => (span.qualities[slot] ?? 0) >> 8);
    // Raw parts below give raw; an estimate among them gives an estimate.
    expect(categories[1]).toBe(QUALITY.estimatedLinear >> 8);
    expect(categories[0]).not.toBe(categories[1]);
  });

  test("an interval that one part lacks is missing, never a smaller sum; shorter intervals are summed up", async () => {
    const total = { ...loss, id: "total", terms: [term("A", 1), term("C", 1)] };
    const span = await read(total);
    expect([span.values[9], span.qualities[10], span.values[10], span.values[14]]).toEqual([2000, QUALITY.missing, 0, 2000]);
    const hourly = await read({ ...total, intervalSeconds: 3600, terms: [term("A", 1), term("B", 0.5)] });
    expect([hourly.values.length, hourly.values[0]]).toEqual([24, 4 * 1000 + 4 * 1500]);
    const scaled = await read({ ...total, scaler: 3, intervalSeconds: 3600, terms: [term("A", 1)] });
    expect(scaled.values[0]).toBe(4);
  });

  test("a formula that cannot be is refused with what is wrong", async () => {
    await expect(read({ ...loss, terms: [] })).rejects.toThrow(/1 to 500 parts/);
    await expect(read({ ...loss, terms: [term("NOBODY", 1)] })).rejects.toThrow(/meter NOBODY has no interval channel/);
    await expect(read({ ...loss, unit: "varh" })).rejects.toThrow(/is in Wh, not varh/);
    await expect(read({ ...loss, intervalSeconds: 300 })).rejects.toThrow(/do not divide 300 s/);
    await expect(read({ ...loss, terms: [term("A", Number.NaN)] })).rejects.toThrow(/must be a number/);
  });

  test("versions are kept with who and why, and a kept one cannot become another", async () => {
    const store = createVirtualChannels(scratch.store, clock);
    await store.keep(loss, { author: "ann", reason: "losses of the mill" });
    await store.keep({ ...loss, version: 2, terms: [...loss.terms, term("C", -1)] }, { author: "bob", reason: "C was moved" });
    await expect(store.keep({ ...loss, terms: [term("A", 1)] }, { author: "eve", reason: "" })).rejects.toMatchObject({
      code: "version-kept",
    });
    expect((await store.list()).map(({ definition, author }) => [definition.version, author])).toEqual([[2, "bob"]]);
    expect((await store.find("loss-t1", 1))?.definition).toEqual(loss);
    expect(await store.find("none")).toBeUndefined();
  });
});

test("coverage tells what a channel lacks and where, estimates apart", async () => {
  const channels = (await Promise.all(["A", "B", "C"].map((meterId) => registry.channelsOf([meterId])))).flat();
  const [a, b, c] = await coverageOf(ledger, channels, { fromMs: START, toMs: START + DAY_MS });
  expect(a).toMatchObject({ expected: 96, received: 96, estimated: 0, missing: [] });
  expect(b).toMatchObject({ received: 96, estimated: 10 });
  expect(c).toMatchObject({ received: 92, missing: [{ fromMs: START + 10 * 900_000, toMs: START + 14 * 900_000 }] });
  const [none] = await coverageOf(ledger, channels.slice(0, 1), { fromMs: START + 3 * DAY_MS, toMs: START + 4 * DAY_MS });
  expect(none).toMatchObject({ expected: 96, received: 0, missing: [{ fromMs: START + 3 * DAY_MS, toMs: START + 4 * DAY_MS }] });
});
