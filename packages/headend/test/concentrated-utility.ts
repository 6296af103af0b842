import { Simulation, type World } from "@amity/runtime";
import { startConcentrator, type Concentrator, type ConcentratorOptions, defaultSources } from "@amity/concentrator";
import { TestMeter } from "../../concentrator/test/test-meter.ts";
import { dlmsDriver, type Device, type HeadEndOptions } from "../src/index.ts";
import type { DirectUtility } from "./direct-utility.ts";
import { DAY_MS, keyOf, lastingHeadEnd, START_MS, storeKeysOf, TITLE } from "./lasting-head-end.ts";

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
  const head = lastingHeadEnd(simulation, {
    drivers: [dlmsDriver({ systemTitle: TITLE })],
    headEnd: { historyMs: 3 * DAY_MS, ...options.headEnd },
  });
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
  for (const owner of [...meters.map((meter) => meter.options.meterId), "C1"]) await storeKeysOf(head.keys, owner);
  if (options.register !== false) await head.registry.registerDevices(devices);
  await head.registry.registerConcentrators([
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
  return { simulation, meters, ...head, concentrator: () => concentrator, crashConcentrator };
}
