import { seededRandom, Simulation, type Connection } from "@amity/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLinkStation, createMedium, MEDIA, type LinkStation, type Medium, type MediumOptions } from "../src/index.ts";
import { decodeSegment, encodeSegment } from "../src/segment.ts";

interface Line {
  readonly simulation: Simulation;
  readonly medium: Medium;
  readonly station: (address: number) => LinkStation;
}

function line(seed: number, options: Partial<MediumOptions> = {}): Line {
  const simulation = new Simulation({ seed, startMs: 0 });
  const { timers } = simulation.node("feeder").world;
  const random = seededRandom(seed);
  const medium = createMedium({ timers, random: random.fork("medium") }, { ...MEDIA.plc, ...options });
  const station = (address: number): LinkStation =>
    createLinkStation({ timers, random: random.fork(`link ${address}`), medium, address, options: { idleMs: 7_200_000 } });
  return { simulation, medium, station };
}

/** Collects all that a connection brings. */
function collect(connection: Connection): { octets: number[]; closed: { error: unknown } | undefined } {
  const seen: { octets: number[]; closed: { error: unknown } | undefined } = { octets: [], closed: undefined };
  connection.bind({ data: (chunk) => seen.octets.push(...chunk), closed: (error) => void (seen.closed = { error }) });
  return seen;
}

describe("the logical link", () => {
  it("gives both sides a stream over a medium that loses, duplicates and overtakes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1e6 }),
        fc.double({ min: 0, max: 0.12, noNaN: true }),
        fc.integer({ min: 1, max: 6_000 }),
        async (seed, loss, length) => {
          const { simulation, station } = line(seed, { loss, duplication: 0.05, hopsMax: 2 });
          const meter = station(1);
          const concentrator = station(0);
          const request = Uint8Array.from({ length: 300 }, (_, index) => (index * 3) & 0xff);
          const answer = Uint8Array.from({ length }, (_, index) => (index * 7 + seed) & 0xff);
          let atMeter: { octets: number[] } | undefined;
          meter.accept((connection) => {
            const octets: number[] = [];
            atMeter = { octets };
            connection.bind({
              data(chunk) {
                octets.push(...chunk);
                if (octets.length === request.length) connection.send(answer);
              },
              closed: () => {},
            });
          });
          const connection = await simulation.runFor(concentrator.connect(1));
          const seen = collect(connection);
          connection.send(request);
          await simulation.runUntil(simulation.nowMs + 1_800_000);
          expect(atMeter?.octets).toEqual([...request]);
          expect(seen.octets).toEqual([...answer]);
          connection.close();
          await simulation.runUntil(simulation.nowMs + 120_000);
          expect(seen.closed).toEqual({ error: undefined });
        },
      ),
      { numRuns: 25, seed: 20_261 },
    );
  });

  it("serves many meters at once", async () => {
    const { simulation, station } = line(9, { loss: 0.05 });
    const concentrator = station(0);
    const answers = new Map<number, number>();
    for (let address = 1; address <= 30; address++) {
      station(address).accept((connection) =>
        connection.bind({ data: () => connection.send(new Uint8Array(400).fill(address)), closed: () => {} }),
      );
      void concentrator.connect(address).then((connection) => {
        connection.bind({
          data: (chunk) => answers.set(address, (answers.get(address) ?? 0) + chunk.filter((octet) => octet === address).length),
          closed: () => {},
        });
        connection.send(Uint8Array.of(1));
      });
    }
    await simulation.runUntil(900_000);
    expect([...answers.values()]).toEqual(Array.from({ length: 30 }, () => 400));
  });

  it("reports where nobody answers, where links are refused, and a medium that is down", async () => {
    const { simulation, medium, station } = line(3);
    const concentrator = station(0);
    station(1);
    await expect(simulation.runFor(concentrator.connect(9, { timeoutMs: 5_000 }))).rejects.toMatchObject({ code: "timeout" });
    await expect(simulation.runFor(concentrator.connect(1))).rejects.toMatchObject({ code: "refused" });
    medium.setDown(true);
    await expect(simulation.runFor(concentrator.connect(1))).rejects.toMatchObject({ code: "unreachable" });
  });

  it("gives a link up with a LinkError when the other side falls silent, within bounded tries", async () => {
    const { simulation, medium, station } = line(4, { loss: 0, duplication: 0 });
    const concentrator = station(0);
    station(1).accept((connection) => void collect(connection));
    const connection = await simulation.runFor(concentrator.connect(1));
    const seen = collect(connection);
    medium.setIsolated(1, true);
    connection.send(new Uint8Array(10));
    const before = medium.statistics.framesSent;
    await simulation.runUntil(simulation.nowMs + 3_600_000);
    expect(seen.closed?.error).toMatchObject({ blame: "link", code: "timeout" });
    expect(medium.statistics.framesSent - before).toBeLessThan(40);
  });

  it("tells the other side at once when a station's power fails", async () => {
    const { simulation, station } = line(5, { loss: 0 });
    const concentrator = station(0);
    const meter = station(1);
    meter.accept((connection) => void collect(connection));
    const connection = await simulation.runFor(concentrator.connect(1));
    const seen = collect(connection);
    meter.close();
    connection.send(Uint8Array.of(1));
    await simulation.runUntil(simulation.nowMs + 3_600_000);
    expect(seen.closed?.error).toMatchObject({ code: "timeout" });
    // The station may come back under its address, and an old link is not taken for a new one.
    station(1).accept((again) => void collect(again));
    await expect(simulation.runFor(concentrator.connect(1))).resolves.toBeDefined();
  });

  it("refuses to hold more than its backlog", async () => {
    const { simulation, station } = line(6, { loss: 0 });
    const concentrator = station(0);
    station(1).accept((connection) => void collect(connection));
    const connection = await simulation.runFor(concentrator.connect(1));
    const seen = collect(connection);
    connection.send(new Uint8Array(2 * 1_048_576));
    expect(seen.closed?.error).toMatchObject({ code: "backlog" });
  });

  it("carries a notice without a link", async () => {
    const { simulation, station } = line(7, { loss: 0 });
    const heard: [number, number[]][] = [];
    station(0).onNotify((message, from) => heard.push([from, [...message]]));
    station(5).notify(0, Uint8Array.of(1, 2, 3));
    await simulation.runUntil(10_000);
    expect(heard).toEqual([[5, [1, 2, 3]]]);
  });

  it("reads segments back, and no octets from outside make it throw anything but a DecodeError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
        try {
          const segment = decodeSegment(octets);
          expect(encodeSegment(segment)).toEqual(octets);
        } catch (error) {
          expect(error).toMatchObject({ blame: "decode" });
        }
      }),
    );
  });
});
