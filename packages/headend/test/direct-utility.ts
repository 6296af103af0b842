import { Simulation } from "@amity/runtime";
import {
  createHeadEnd,
  dlmsDriver,
  InvocationCounters,
  memoryCounterStore,
  memoryRegistry,
  memorySealedStore,
  sealedKeyVault,
  type Device,
  type HeadEnd,
  type HeadEndNotice,
  type HeadEndOptions,
  type KeyVault,
  type Registry,
} from "../src/index.ts";
import { TestMeter } from "../../concentrator/test/test-meter.ts";
import { TestSink } from "./test-sink.ts";

export const START_MS = Date.UTC(2026, 10, 1, 12, 7);
export const DAY_MS = 86_400_000;
const TITLE = new TextEncoder().encode("AMTHES01");

export interface DirectUtility {
  readonly simulation: Simulation;
  readonly meters: TestMeter[];
  readonly sink: TestSink;
  readonly registry: Registry;
  readonly keys: KeyVault;
  readonly notices: HeadEndNotice[];
  /** The head-end of the present life. */
  headEnd(): HeadEnd;
  /** Crashes the head-end and starts it again on the same database. */
  crash(): Promise<void>;
}

export function keyOf(meterId: string, purpose: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, index) => (meterId.charCodeAt(index % meterId.length) * 31 + purpose * 17 + index) & 0xff);
}

/** A head-end and meters on direct TCP, in virtual time. The registry, the vault and the sink outlive its crashes, as a database does. */
export async function directUtility(options: { seed?: number; meters?: number; headEnd?: HeadEndOptions } = {}): Promise<DirectUtility> {
  const simulation = new Simulation({ seed: options.seed ?? 1, startMs: START_MS });
  const sink = new TestSink();
  const registry = memoryRegistry();
  const counterStore = memoryCounterStore();
  const keys = sealedKeyVault(new Uint8Array(32).fill(7), memorySealedStore(), simulation.random.fork("vault"));
  const notices: HeadEndNotice[] = [];
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
    await keys.store([
      { ref: { owner: meterId, purpose: "guek" }, secret: keyOf(meterId, 1) },
      { ref: { owner: meterId, purpose: "gak" }, secret: keyOf(meterId, 2) },
    ]);
  }
  await registry.registerDevices(devices);
  const node = simulation.node("headend");
  const build = (): HeadEnd => {
    const parts = { world: node.world, registry, keys, counters: new InvocationCounters(counterStore), sink };
    const built = createHeadEnd(
      { ...parts, drivers: [dlmsDriver({ systemTitle: TITLE })] },
      { historyMs: 3 * DAY_MS, eventLogs: ["0-0:99.98.0"], ...options.headEnd },
    );
    built.subscribe((notice) => notices.push(notice));
    return built;
  };
  let headEnd = build();
  const crash = async (): Promise<void> => {
    node.crash();
    headEnd = build();
    await headEnd.start();
  };
  return { simulation, meters, sink, registry, keys, notices, headEnd: () => headEnd, crash };
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
