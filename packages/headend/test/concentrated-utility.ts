import { Simulation, type World } from "@amity/runtime";
import { startConcentrator, type Concentrator, type ConcentratorOptions, defaultSources } from "@amity/concentrator";
import { TestMeter } from "../../concentrator/test/test-meter.ts";
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
} from "../src/index.ts";
import { DAY_MS, keyOf, START_MS, type DirectUtility } from "./direct-utility.ts";
import { TestSink } from "./test-sink.ts";

const PASSWORD = new TextEncoder().encode("0123456789ABCDEF");

export interface ConcentratedUtility extends DirectUtility {
  concentrator(): Concentrator;
  crashConcentrator(): Promise<void>;
}

/** Meters behind one concentrator, and its head-end, in virtual time; every node can crash and come back. */
export async function concentratedUtility(
  options: {
    seed?: number;
    meters?: number;
    headEnd?: HeadEndOptions;
    concentrator?: Partial<ConcentratorOptions>;
    register?: boolean;
  } = {},
): Promise<ConcentratedUtility> {
  const simulation = new Simulation({ seed: options.seed ?? 1, startMs: START_MS });
  const sink = new TestSink();
  const registry = memoryRegistry();
  const counterStore = memoryCounterStore();
  const keys = sealedKeyVault(new Uint8Array(32).fill(7), memorySealedStore(), simulation.random.fork("vault"));
  const notices: HeadEndNotice[] = [];
  const meters: TestMeter[] = [];
  const devices: Device[] = [];
  for (let index = 0; index < (options.meters ?? 3); index++) {
    const meterId = `M${index + 1}`;
    const world = simulation.node(meterId).world;
    const meter = new TestMeter({ meterId, guek: keyOf(meterId, 1), gak: keyOf(meterId, 2), password: PASSWORD }, () =>
      world.clock.nowMs(),
    );
    await world.network.listen({ host: meterId, port: 4059 }, (connection) => meter.serve(connection, world));
    meters.push(meter);
    const route = { kind: "concentrator" as const, concentratorId: "C1", meterAddress: meterId };
    devices.push({ meterId, protocol: "dlms", route, settings: {}, status: "active" });
  }
  for (const owner of [...meters.map((meter) => meter.options.meterId), "C1"]) {
    await keys.store([
      { ref: { owner, purpose: "guek" }, secret: keyOf(owner, 1) },
      { ref: { owner, purpose: "gak" }, secret: keyOf(owner, 2) },
    ]);
  }
  if (options.register !== false) await registry.registerDevices(devices);
  await registry.registerConcentrators([
    { concentratorId: "C1", address: { host: "C1", port: 4061 }, settings: {}, sessionsMax: 2, status: "active" },
  ]);

  const dcu = simulation.node("C1");
  const startDcu = (world: World): Promise<Concentrator> =>
    startConcentrator(
      world,
      { connect: (address, { timeoutMs }) => world.network.connect({ host: address, port: 4059 }, { timeoutMs }) },
      {
        concentratorId: "C1",
        systemTitle: new TextEncoder().encode("DCU00001"),
        keys: { encryptionKey: keyOf("C1", 1), authenticationKey: keyOf("C1", 2) },
        listen: { host: "C1", port: 4061 },
        meters: meters.map(({ options: { meterId } }) => ({
          meterId,
          address: meterId,
          clientSap: 2,
          authentication: { mechanism: "lls", password: PASSWORD },
        })),
        sources: defaultSources(3 * DAY_MS),
        requestTimeoutMs: 20_000,
        ...options.concentrator,
      },
    );
  let concentrator = await simulation.runFor(startDcu(dcu.world));
  const crashConcentrator = async (): Promise<void> => {
    concentrator = await simulation.runFor(startDcu(dcu.crash()));
  };

  const node = simulation.node("headend");
  const build = (): HeadEnd => {
    const parts = { world: node.world, registry, keys, counters: new InvocationCounters(counterStore), sink };
    const drivers = [dlmsDriver({ systemTitle: new TextEncoder().encode("AMTHES01") })];
    const built = createHeadEnd({ ...parts, drivers }, { historyMs: 3 * DAY_MS, ...options.headEnd });
    built.subscribe((notice) => notices.push(notice));
    return built;
  };
  let headEnd = build();
  const crash = async (): Promise<void> => {
    node.crash();
    headEnd = build();
    await headEnd.start();
  };
  return {
    simulation,
    meters,
    sink,
    registry,
    keys,
    notices,
    headEnd: () => headEnd,
    crash,
    concentrator: () => concentrator,
    crashConcentrator,
  };
}
