import { describe, expect, it } from "vitest";
import { concentratedUtility } from "./concentrated-utility.ts";
import { missingIntervals } from "./direct-utility.ts";
import { DAY_MS, START_MS } from "./lasting-head-end.ts";

const MINUTE_MS = 60_000;
const FLOOR_MS = Math.ceil((START_MS - 3 * DAY_MS) / DAY_MS) * DAY_MS;
const SEEDS = Number(process.env["AMITY_FAULT_SEEDS"] ?? 4);

describe("a concentrator and a head-end under faults", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`end up with every interval as the registers say, seed ${seed}`, async () => {
      const log = { segmentOctetsMax: 5_000, capacityOctets: 25_000 };
      const utility = await concentratedUtility({ seed, concentrator: { log } });
      const { simulation } = utility;
      const random = simulation.random.fork("faults");
      const fillDisk = (isFull: boolean): void => {
        const { disk } = simulation.node("C1");
        disk.capacityOctets = isFull ? disk.usedOctets : Number.POSITIVE_INFINITY;
      };
      await utility.headEnd().start();
      for (let round = 0; round < 30; round++) {
        await simulation.runUntil(simulation.nowMs + random.below(4 * MINUTE_MS));
        const fault = random.below(8);
        const meter = `M${1 + random.below(3)}`;
        if (fault === 0) await utility.crash();
        else if (fault === 1) await utility.crashConcentrator();
        else if (fault === 2) simulation.network.resetStreams("headend", "C1");
        else if (fault === 3) simulation.network.resetStreams("C1", meter);
        else if (fault === 4) simulation.network.setPartition("headend", "C1", random.below(2) === 0);
        else if (fault === 5) simulation.network.setPartition("C1", meter, random.below(2) === 0);
        else if (fault === 6) fillDisk(random.below(2) === 0);
        else utility.sink.failure = random.below(2) === 0 ? new Error("database away") : undefined;
      }
      simulation.node("C1").disk.capacityOctets = Number.POSITIVE_INFINITY;
      utility.sink.failure = undefined;
      simulation.network.setPartition("headend", "C1", false);
      for (const meter of ["M1", "M2", "M3"]) simulation.network.setPartition("C1", meter, false);
      await simulation.runUntil(START_MS + 8 * 60 * MINUTE_MS);
      expect(missingIntervals(utility, FLOOR_MS, Date.UTC(2026, 10, 1, 18, 0))).toEqual([]);
      expect(utility.concentrator().deliveries.acknowledged).toBe(utility.concentrator().deliveries.newest);
      expect(await utility.registry.quarantined()).toEqual([]);
    });
  }
});
