import { Simulation, type SimNode } from "@amity/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CounterFile } from "../src/counter-file.ts";
import { CollectedBook } from "../src/coverage-file.ts";
import { DeliveryLog, type DeliveryLogLimits } from "../src/delivery-log.ts";
import { readSegment, type SequencedRecord } from "../src/segment.ts";

const START_MS = Date.UTC(2026, 0, 1);
const LIMITS: DeliveryLogLimits = { segmentOctetsMax: 200, capacityOctets: 100_000 };
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const plain = (octets: Uint8Array): string => new TextDecoder().decode(octets);

async function open(
  simulation: Simulation,
  node: SimNode,
  limits = LIMITS,
): Promise<{ log: DeliveryLog; torn: number; replayed: SequencedRecord[] }> {
  const replayed: SequencedRecord[] = [];
  const opened = await simulation.runFor(DeliveryLog.open(node.world.files, limits, (record) => replayed.push(record)));
  return { ...opened, replayed };
}

describe("the delivery log", () => {
  it("gives records back in order, over segments and over a restart, until they are acknowledged", async () => {
    const simulation = new Simulation({ seed: 1, startMs: START_MS });
    const node = simulation.node("c");
    const { log } = await open(simulation, node);
    const numbers = await simulation.runFor(Promise.all(Array.from({ length: 30 }, (_, index) => log.append(text(`record ${index + 1}`)))));
    expect(numbers).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect((await simulation.runFor(log.read(5, 7))).map(({ data }) => plain(data))).toEqual(["record 5", "record 6", "record 7"]);
    node.crash();
    const again = await open(simulation, node);
    expect(again.replayed).toHaveLength(30);
    expect(again.log.newest).toBe(30);
    await simulation.runFor(again.log.acknowledge(20));
    expect((await simulation.runFor(again.log.read(1, 99))).map(({ sequence }) => sequence)).toEqual([
      21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
    ]);
    await simulation.runFor(again.log.acknowledge(30));
    node.crash();
    const last = await open(simulation, node);
    expect(last.log).toMatchObject({ acknowledged: 30, newest: 30, octets: 0 });
    expect(await simulation.runFor(last.log.append(text("next")))).toBe(31);
  });

  it("refuses an acknowledgement of what it never gave, and does not go back", async () => {
    const simulation = new Simulation({ seed: 1, startMs: START_MS });
    const { log } = await open(simulation, simulation.node("c"));
    await simulation.runFor(Promise.all([log.append(text("a")), log.append(text("b"))]));
    await expect(simulation.runFor(log.acknowledge(3))).rejects.toMatchObject({ code: "sequence" });
    await simulation.runFor(log.acknowledge(2));
    await simulation.runFor(log.acknowledge(1));
    expect(log.acknowledged).toBe(2);
  });

  it("never loses what it said was stored, wherever the power fails", async () => {
    for (let seed = 0; seed < 60; seed++) {
      const simulation = new Simulation({ seed, startMs: START_MS });
      const node = simulation.node("c");
      const stored = new Map<number, string>();
      let count = 0;
      for (let life = 0; life < 6; life++) {
        const { log } = await open(simulation, node);
        const held = new Map((await simulation.runFor(log.read(1, 1_000_000))).map(({ sequence, data }) => [plain(data), sequence]));
        for (const [sequence, content] of stored)
          if (sequence > log.acknowledged) expect(held.has(content), `seed ${seed}, life ${life}: ${content}`).toBe(true);
        for (let index = 0; index < 8; index++) {
          const content = `record ${count++} of life ${life}`;
          void log.append(text(content)).then((sequence) => stored.set(sequence, content));
          if (index === 4 && log.newest > 3) void log.acknowledge(log.newest - 3);
        }
        await simulation.runUntil(simulation.nowMs + simulation.random.below(14));
        node.crash();
      }
    }
  });

  it("reads a torn segment up to the last whole record, wherever it is torn", async () => {
    const simulation = new Simulation({ seed: 1, startMs: START_MS });
    const node = simulation.node("c");
    const { log } = await open(simulation, node, { segmentOctetsMax: 1e6, capacityOctets: 1e6 });
    await simulation.runFor(Promise.all([log.append(text("one")), log.append(text("two two")), log.append(text("three"))]));
    const content = (await node.world.files.read("deliveries/0000000001.log")) ?? new Uint8Array();
    const ends = [0, 19, 42, 63];
    for (let length = 0; length <= content.length; length++) {
      const { records, isTorn } = readSegment(content.subarray(0, length));
      expect(records).toHaveLength(ends.filter((end) => end > 0 && end <= length).length);
      expect(isTorn).toBe(!ends.includes(length));
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => void readSegment(octets)));
  });

  it("says that it is full, keeps what it has, and takes more when there is room", async () => {
    const simulation = new Simulation({ seed: 1, startMs: START_MS });
    const node = simulation.node("c");
    const { log } = await open(simulation, node, { segmentOctetsMax: 100, capacityOctets: 300 });
    for (let index = 0; index < 4; index++) await simulation.runFor(log.append(new Uint8Array(50)));
    await expect(simulation.runFor(log.append(new Uint8Array(50)))).rejects.toMatchObject({ code: "disk-full" });
    expect(await simulation.runFor(log.read(1, 9))).toHaveLength(4);
    node.disk.capacityOctets = node.disk.usedOctets + 40;
    await simulation.runFor(log.acknowledge(4));
    await expect(simulation.runFor(log.append(new Uint8Array(500)))).rejects.toMatchObject({ code: "disk-full" });
    node.disk.capacityOctets = 10_000;
    expect(await simulation.runFor(log.append(new Uint8Array(50)))).toBe(5);
    expect((await simulation.runFor(log.read(1, 9))).map(({ sequence }) => sequence)).toEqual([5]);
  });
});

describe("a disk without an octet to spare", () => {
  it("is freed by an acknowledgement, though its mark does not fit", async () => {
    const simulation = new Simulation({ seed: 1, startMs: START_MS });
    const node = simulation.node("c");
    const { log } = await open(simulation, node);
    for (let index = 0; index < 6; index++) await simulation.runFor(log.append(new Uint8Array(150)));
    node.disk.capacityOctets = node.disk.usedOctets;
    await expect(simulation.runFor(log.append(new Uint8Array(150)))).rejects.toMatchObject({ code: "disk-full" });
    await simulation.runFor(log.acknowledge(4, () => node.world.files.replace("book", new Uint8Array(20))));
    expect(await simulation.runFor(log.append(new Uint8Array(150)))).toBe(7);
    node.crash();
    const again = await open(simulation, node);
    expect(again.log.acknowledged).toBe(4);
    expect((await simulation.runFor(again.log.read(1, 99))).map(({ sequence }) => sequence)).toEqual([5, 6, 7]);
  });

  it("takes an acknowledgement that frees nothing, at the price of delivering again after a restart", async () => {
    const simulation = new Simulation({ seed: 1, startMs: START_MS });
    const node = simulation.node("c");
    const { log } = await open(simulation, node, { segmentOctetsMax: 10_000, capacityOctets: 100_000 });
    for (let index = 0; index < 6; index++) await simulation.runFor(log.append(new Uint8Array(150)));
    node.disk.capacityOctets = node.disk.usedOctets;
    await simulation.runFor(log.acknowledge(4));
    expect(log.oldest).toBe(5);
    node.crash();
    expect((await open(simulation, node)).log.oldest).toBe(1);
  });
});

describe("counters on the disk", () => {
  it("skip numbers over a crash and never give one twice", async () => {
    const simulation = new Simulation({ seed: 1, startMs: START_MS });
    const node = simulation.node("c");
    const used = new Set<number>();
    for (let life = 0; life < 5; life++) {
      const counters = await simulation.runFor(CounterFile.open(node.world.files));
      for (let index = 0; index < 5_000; index++) {
        const number = counters.sent.next();
        expect(used.has(number)).toBe(false);
        used.add(number);
        if (index % 500 === 0) await simulation.runUntil(simulation.nowMs + 10);
      }
      node.crash();
    }
  });

  it("take no number of the other side again after a crash", async () => {
    const simulation = new Simulation({ seed: 1, startMs: START_MS });
    const node = simulation.node("c");
    const { received } = await simulation.runFor(CounterFile.open(node.world.files));
    received.accept(17);
    await simulation.runUntil(simulation.nowMs + 10);
    received.accept(18);
    node.crash();
    const again = await simulation.runFor(CounterFile.open(node.world.files));
    expect(again.received.last).toBeGreaterThanOrEqual(18);
  });

  it("refuse to go on from a damaged file", async () => {
    const simulation = new Simulation({ seed: 1, startMs: START_MS });
    const { files } = simulation.node("c").world;
    await simulation.runFor(CounterFile.open(files));
    const content = (await files.read("counters")) ?? new Uint8Array();
    content[3] = 9;
    await simulation.runFor(files.replace("counters", content));
    await expect(simulation.runFor(CounterFile.open(files))).rejects.toMatchObject({ code: "counter-file" });
  });
});

describe("the book of what was collected", () => {
  it("survives a restart once saved, and a damaged one is empty", async () => {
    const simulation = new Simulation({ seed: 1, startMs: START_MS });
    const { files } = simulation.node("c").world;
    const book = await CollectedBook.open(files);
    book.add("M1", "p", { fromMs: 1, toMs: 5 });
    await simulation.runFor(book.save());
    expect((await CollectedBook.open(files)).coverage("M1", "p")).toEqual([{ fromMs: 1, toMs: 5 }]);
    await simulation.runFor(files.replace("coverage.json", text('[["x"')));
    expect((await CollectedBook.open(files)).coverage("M1", "p")).toEqual([]);
  });
});
