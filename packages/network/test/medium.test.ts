import { seededRandom, Simulation } from "@amity/runtime";
import { describe, expect, it } from "vitest";
import { BROADCAST_STATION, createMedium, MEDIA, type Medium, type MediumOptions } from "../src/index.ts";

function onMedium(seed: number, options: Partial<MediumOptions> = {}): { simulation: Simulation; medium: Medium } {
  const simulation = new Simulation({ seed, startMs: 0 });
  const { timers } = simulation.node("feeder").world;
  return { simulation, medium: createMedium({ timers, random: seededRandom(seed) }, { ...MEDIA.plc, ...options }) };
}

const frame = (octet: number, length = 20): Uint8Array => new Uint8Array(length).fill(octet);

describe("the shared medium", () => {
  it("delivers a frame after its air time, not before", async () => {
    const { simulation, medium } = onMedium(1, { loss: 0, duplication: 0, hopsMax: 1 });
    const heard: number[] = [];
    const sender = medium.attach(0, () => {});
    medium.attach(1, () => heard.push(simulation.nowMs));
    sender.send(1, frame(7, 200));
    await simulation.runUntil(60_000);
    const airTimeMs = 18.5 + (200 * 8_000) / 20_000;
    expect(heard).toHaveLength(1);
    expect(heard[0]).toBeGreaterThanOrEqual(airTimeMs + 12);
    expect(heard[0]).toBeLessThan(airTimeMs + 12 + 16 * 1.4);
  });

  it("carries no more than its bit rate, however many stations press", async () => {
    const { simulation, medium } = onMedium(2, { loss: 0, duplication: 0, hopsMax: 1 });
    let octets = 0;
    medium.attach(0, (received) => void (octets += received.length));
    const stations = Array.from({ length: 20 }, (_, index) => medium.attach(index + 1, () => {}));
    for (let round = 0; round < 60; round++) for (const station of stations) station.send(0, frame(round, 200));
    await simulation.runUntil(10_000);
    expect(octets * 8).toBeLessThan(20_000 * 10);
    expect(octets * 8).toBeGreaterThan(20_000 * 10 * 0.3);
    expect(medium.statistics.collisions).toBeGreaterThan(0);
    expect(medium.statistics.airTimeMs).toBeLessThanOrEqual(10_200);
  });

  it("bounds every queue and counts what it drops", () => {
    const { medium } = onMedium(3);
    const station = medium.attach(1, () => {});
    for (let index = 0; index < 100; index++) station.send(0, frame(1));
    expect(station.queued).toBe(64);
    expect(medium.statistics.framesDropped).toBe(36);
  });

  it("loses, duplicates and orders the same way for the same seed", async () => {
    const history = async (seed: number): Promise<string> => {
      const { simulation, medium } = onMedium(seed, { loss: 0.2, duplication: 0.1 });
      const heard: string[] = [];
      medium.attach(0, (received, from) => heard.push(`${simulation.nowMs.toFixed(3)} ${from} ${received[0]}`));
      for (let address = 1; address <= 8; address++) {
        const station = medium.attach(address, () => {});
        for (let index = 0; index < 20; index++) station.send(0, frame(index));
      }
      await simulation.runUntil(60_000);
      expect(medium.statistics.framesLost).toBeGreaterThan(0);
      expect(medium.statistics.framesDuplicated).toBeGreaterThan(0);
      return heard.join("\n");
    };
    expect(await history(11)).toBe(await history(11));
    expect(await history(11)).not.toBe(await history(12));
  });

  it("carries nothing while the feeder is cut, not even what was on the air", async () => {
    const { simulation, medium } = onMedium(4, { loss: 0, duplication: 0 });
    const heard: number[] = [];
    const sender = medium.attach(0, () => {});
    medium.attach(1, (received) => heard.push(received[0] ?? -1));
    sender.send(1, frame(1, 200));
    await simulation.runUntil(20);
    medium.setDown(true);
    sender.send(1, frame(2));
    await simulation.runUntil(5_000);
    medium.setDown(false);
    sender.send(1, frame(3));
    await simulation.runUntil(10_000);
    expect(heard).toEqual([3]);
  });

  it("reaches everybody with a broadcast, and nobody who is isolated", async () => {
    const { simulation, medium } = onMedium(5, { loss: 0, duplication: 0 });
    const heard = new Set<number>();
    const sender = medium.attach(0, () => {});
    for (const address of [1, 2, 3]) medium.attach(address, () => heard.add(address));
    medium.setIsolated(2, true);
    sender.send(BROADCAST_STATION, frame(9));
    await simulation.runUntil(5_000);
    expect(heard).toEqual(new Set([1, 3]));
  });

  it("refuses an address twice and a frame that is too long", () => {
    const { medium } = onMedium(6);
    const station = medium.attach(1, () => {});
    expect(() => medium.attach(1, () => {})).toThrow(/already on the medium/);
    expect(() => station.send(0, frame(0, 236))).toThrow(/exceeds 235/);
  });
});
