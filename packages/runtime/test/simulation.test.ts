import { describe, expect, it } from "vitest";
import type { LinkError } from "@amity/bytes";
import { Simulation, type Connection } from "../src/index.ts";

const START = Date.UTC(2026, 0, 1);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const octets = (value: string): Uint8Array => new TextEncoder().encode(value);

/** An echo server on `server:1` and what a client hears from it. */
async function echo(simulation: Simulation): Promise<{ client: Connection; heard: string[]; ended: (LinkError | undefined)[] }> {
  const server = simulation.node("server").world;
  await server.network.listen({ host: "server", port: 1 }, (connection) =>
    connection.bind({ data: (chunk) => connection.send(chunk), closed() {} }),
  );
  const client = await simulation.runFor(simulation.node("client").world.network.connect({ host: "server", port: 1 }));
  const heard: string[] = [];
  const ended: (LinkError | undefined)[] = [];
  client.bind({ data: (chunk) => heard.push(text(chunk)), closed: (error) => ended.push(error) });
  return { client, heard, ended };
}

describe("virtual time", () => {
  it("runs alarms and sleeps in order and stands where it was told to stop", async () => {
    const simulation = new Simulation({ seed: 1, startMs: START });
    const { clock, timers } = simulation.node("a").world;
    const seen: string[] = [];
    clock.at(START + 5000, () => seen.push("five"));
    timers.after(1000, () => seen.push("one"));
    const cancelled = timers.after(2000, () => seen.push("never"));
    cancelled.cancel();
    void timers.sleep(3000).then(() => seen.push("three"));
    await simulation.runUntil(START + 10_000);
    expect(seen).toEqual(["one", "three", "five"]);
    expect(simulation.nowMs).toBe(START + 10_000);
    expect(clock.nowMs()).toBe(START + 10_000);
  });

  it("draws the same from the same seed and something else from another", () => {
    const draw = (seed: number): number[] => {
      const random = new Simulation({ seed, startMs: START }).node("a").world.random;
      return Array.from({ length: 5 }, () => random.u32());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });
});

describe("the simulated network", () => {
  it("delivers in order, after the latency", async () => {
    const simulation = new Simulation({ seed: 2, startMs: START });
    const { client, heard } = await echo(simulation);
    for (let index = 0; index < 20; index++) client.send(octets(String(index)));
    await simulation.runUntil(simulation.nowMs + 19);
    expect(heard).toEqual([]);
    await simulation.runUntil(simulation.nowMs + 1000);
    expect(heard.join(" ")).toBe(Array.from({ length: 20 }, (_, index) => index).join(" "));
  });

  it("holds a stream across a short partition and resets it after a long one", async () => {
    const simulation = new Simulation({ seed: 3, startMs: START });
    const { client, heard, ended } = await echo(simulation);
    simulation.network.setPartition("client", "server", true);
    client.send(octets("late"));
    await simulation.runUntil(simulation.nowMs + 10_000);
    expect(heard).toEqual([]);
    simulation.network.setPartition("client", "server", false);
    await simulation.runUntil(simulation.nowMs + 10_000);
    expect(heard).toEqual(["late"]);
    simulation.network.setPartition("client", "server", true);
    client.send(octets("never"));
    await simulation.runUntil(simulation.nowMs + 120_000);
    expect(heard).toEqual(["late"]);
    expect(ended.map((error) => error?.code)).toEqual(["timeout"]);
  });

  it("resets peers of a crashed node and refuses until it listens again", async () => {
    const simulation = new Simulation({ seed: 4, startMs: START });
    const { ended } = await echo(simulation);
    simulation.node("server").crash();
    expect(ended).toHaveLength(1);
    const again = simulation.node("client").world.network.connect({ host: "server", port: 1 });
    await expect(simulation.runFor(again)).rejects.toThrow(/refused/);
  });
});

describe("a crashed node", () => {
  it("never hears its timers, disk or store again", async () => {
    const simulation = new Simulation({ seed: 5, startMs: START });
    const node = simulation.node("a");
    const seen: string[] = [];
    node.world.timers.after(10, () => seen.push("timer"));
    void node.world.files.append("log", octets("x")).then(() => seen.push("disk"));
    void node.external(() => Promise.resolve()).then(() => seen.push("store"));
    node.crash();
    node.world.timers.after(20, () => seen.push("next life"));
    await simulation.runUntil(START + 1000);
    expect(seen).toEqual(["next life"]);
  });

  it("keeps what was synced, whole, and at most a torn tail of what was not", async () => {
    for (let seed = 0; seed < 50; seed++) {
      const simulation = new Simulation({ seed, startMs: START });
      const node = simulation.node("a");
      await simulation.runFor(node.world.files.append("log", octets("first|")));
      void node.world.files.append("log", octets("second|"));
      void node.world.files.replace("counter", octets("2"));
      const next = node.crash();
      const log = text((await next.files.read("log")) ?? new Uint8Array());
      expect("first|second|".startsWith(log) && log.startsWith("first|")).toBe(true);
      expect(["", "2"]).toContain(text((await next.files.read("counter")) ?? new Uint8Array()));
    }
  });

  it("is told when its disk is full, and keeps what it had", async () => {
    const simulation = new Simulation({ seed: 6, startMs: START });
    const node = simulation.node("a");
    await simulation.runFor(node.world.files.append("log", octets("12345")));
    node.disk.capacityOctets = 6;
    const write = node.world.files.append("log", octets("67890"));
    await expect(simulation.runFor(write)).rejects.toMatchObject({ code: "disk-full" });
    expect(text((await node.world.files.read("log")) ?? new Uint8Array())).toBe("12345");
  });
});

describe("store operations", () => {
  it("complete one at a time in the order of submission, however long each takes", async () => {
    const simulation = new Simulation({ seed: 7, startMs: START });
    const order: string[] = [];
    const operation = (name: string, turns: number) => async () => {
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      order.push(name);
    };
    const all = Promise.all([
      simulation.node("a").external(operation("slow", 50)),
      simulation.node("b").external(operation("quick", 0)),
      simulation.node("a").external(operation("middle", 5)),
    ]);
    await simulation.runFor(all);
    expect(order).toEqual(["slow", "quick", "middle"]);
  });
});

describe("the event hash", () => {
  it("tells orders and times apart", async () => {
    const run = async (events: [number, string][]): Promise<string> => {
      const simulation = new Simulation({ seed: 1, startMs: START });
      for (const [atMs, event] of events) simulation.at(START + atMs, () => simulation.record(event));
      await simulation.runUntil(START + 100);
      return simulation.eventHash;
    };
    expect(
      await run([
        [1, "a"],
        [2, "b"],
      ]),
    ).toBe(
      await run([
        [2, "b"],
        [1, "a"],
      ]),
    );
    expect(
      await run([
        [1, "a"],
        [2, "b"],
      ]),
    ).not.toBe(
      await run([
        [1, "b"],
        [2, "a"],
      ]),
    );
    expect(await run([[1, "a"]])).not.toBe(await run([[2, "a"]]));
  });
});
