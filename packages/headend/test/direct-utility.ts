import { Simulation } from "@amity/runtime";
import { dlmsDriver, type Device, type HeadEndOptions } from "../src/index.ts";
import { TestMeter } from "../../concentrator/test/test-meter.ts";
import { DAY_MS, keyOf, lastingHeadEnd, START_MS, storeKeysOf, TITLE, type LastingHeadEnd } from "./lasting-head-end.ts";

export interface DirectUtility extends LastingHeadEnd {
  readonly simulation: Simulation;
  readonly meters: TestMeter[];
}

/** A head-end and meters on direct TCP, in virtual time. The registry, the vault and the sink outlive its crashes, as a database does. */
export async function directUtility(options: { seed?: number; meters?: number; headEnd?: HeadEndOptions } = {}): Promise<DirectUtility> {
  const simulation = new Simulation({ seed: options.seed ?? 1, startMs: START_MS });
  const head = lastingHeadEnd(simulation, {
    drivers: [dlmsDriver({ systemTitle: TITLE })],
    headEnd: { historyMs: 3 * DAY_MS, eventLogs: ["0-0:99.98.0"], ...options.headEnd },
  });
  const meters: TestMeter[] = [];
  const devices: Device[] = [];
  for (let index = 0; index < (options.meters ?? 2); index++) {
    const meterId = `M${index + 1}`;
    const world = simulation.node(meterId).world;
    const meter = new TestMeter({ meterId, guek: keyOf(meterId, 1), gak: keyOf(meterId, 2) }, () => world.clock.nowMs());
    await world.network.listen({ host: meterId, port: 4059 }, (connection) => meter.serve(connection, world));
    meters.push(meter);
    devices.push({
      meterId,
      protocol: "dlms",
      route: { kind: "direct", address: { host: meterId, port: 4059 } },
      settings: {},
      status: "active",
    });
    await storeKeysOf(head.keys, meterId);
  }
  await head.registry.registerDevices(devices);
  return { simulation, meters, ...head };
}

/** What the sink should hold of a meter between two instants on the grid: every quantity that the registers say. */
export function missingIntervals(utility: DirectUtility, fromMs: number, toMs: number): string[] {
  const missing: string[] = [];
  for (const meter of utility.meters) {
    for (const [channel, name] of ["1-0:1.8.0", "1-0:2.8.0", "1-0:3.8.0", "1-0:4.8.0"].entries()) {
      for (let atMs = fromMs; atMs < toMs; atMs += 900_000) {
        const key = `${meter.options.meterId} ${name} ${atMs}`;
        const expected = meter.register(channel, atMs + 900_000) - meter.register(channel, atMs);
        if (utility.sink.intervals.get(key)?.value !== expected) missing.push(key);
      }
    }
  }
  return missing;
}
