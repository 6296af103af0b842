import { defaultSources, startConcentrator } from "@amity/concentrator";
import { createFleet, masterSecretFrom, MeterFleet, parseMeterType, STANDARD_METER } from "@amity/meter";
import type { EndDeviceControl } from "@amity/model";
import { Simulation, type Address, type SimNode } from "@amity/runtime";
import {
  dlmsDriver,
  type CommandDetail,
  type CommandRecord,
  type Device,
  type DlmsDriverOptions,
  type HeadEndOptions,
  type Registry,
  type Route,
} from "../src/index.ts";
import { DAY_MS, HOUR_MS, keyOf, lastingHeadEnd, MINUTE_MS, storeKeysOf, TITLE, type LastingHeadEnd } from "./lasting-head-end.ts";

/** From which the fleet's keys and its authority follow. */
export const SECRET = masterSecretFrom("fleet utility");

export interface FleetUtility extends LastingHeadEnd {
  readonly simulation: Simulation;
  readonly fleet: MeterFleet;
  readonly meterIds: readonly string[];
  /** Records a command; it expires in half an hour unless told otherwise. */
  order(control: EndDeviceControl, options?: { meterId?: string; lifeMs?: number }): Promise<CommandRecord>;
  /** Orders, lets two minutes pass, and tells how it stands. */
  ask(control: EndDeviceControl): Promise<CommandDetail | undefined>;
  /** Cuts the line between the meters and the head-end, or heals it. */
  cut(isCut: boolean): void;
}

/** All of the meters behind one concentrator, which reads them by password. */
async function startStreet(simulation: Simulation, fleet: MeterFleet, addresses: ReadonlyMap<string, Address>): Promise<void> {
  const { world } = simulation.node("C1");
  const unknown = { host: "nowhere", port: 1 };
  await simulation.runFor(
    startConcentrator(
      world,
      { connect: (meterId, { timeoutMs }) => world.network.connect(addresses.get(meterId) ?? unknown, { timeoutMs }) },
      {
        concentratorId: "C1",
        systemTitle: new TextEncoder().encode("DCU00001"),
        keys: { encryptionKey: keyOf("C1", 1), authenticationKey: keyOf("C1", 2) },
        listen: { host: "C1", port: 4061 },
        meters: [...addresses.keys()].map((meterId) => ({
          meterId,
          address: meterId,
          clientSap: STANDARD_METER.clients.reading,
          authentication: { mechanism: "lls", password: fleet.keys(meterId).readingPassword },
        })),
        sources: defaultSources(2 * DAY_MS),
        requestTimeoutMs: 20_000,
      },
    ),
  );
}

/** Simulated meters as they are, on direct TCP, and a head-end that knows their factory keys, in virtual time. */
export async function fleetUtility(options: {
  startMs: number;
  meters?: number;
  /** A meter profile. */
  type?: Readonly<Record<string, unknown>>;
  settings?: Device["settings"];
  /** Reached through the concentrator C1 instead of directly. */
  behindConcentrator?: boolean;
  headEnd?: HeadEndOptions;
  driver?: Partial<DlmsDriverOptions>;
  registry?: (node: SimNode) => Registry;
}): Promise<FleetUtility> {
  const { startMs, meters = 1, settings = {} } = options;
  const simulation = new Simulation({ seed: 1, startMs });
  const head = lastingHeadEnd(simulation, {
    drivers: [dlmsDriver({ systemTitle: TITLE, ...options.driver })],
    headEnd: { historyMs: HOUR_MS, ...options.headEnd },
    registry: options.registry,
  });
  const plan = createFleet({ seed: 1, meters, feeders: 1, concentrators: 1, directShare: 1, startMs, installedDays: [5, 9] });
  const { world } = simulation.node("field");
  const type = options.type === undefined ? {} : { type: parseMeterType(JSON.stringify(options.type)) };
  const fleet = await MeterFleet.open({ plan, masterSecret: SECRET, clock: world.clock, ...type });
  const { addresses } = await fleet.serve(world, { host: "field", everyMeter: true });
  fleet.act(world, () => Promise.resolve());
  const meterIds = plan.meters.map(({ meterId }) => meterId);
  for (const meterId of meterIds) {
    const route: Route =
      options.behindConcentrator === true
        ? { kind: "concentrator", concentratorId: "C1", meterAddress: meterId }
        : { kind: "direct", address: addresses.get(meterId) ?? { host: "nowhere", port: 1 } };
    await head.registry.registerDevices([{ meterId, protocol: "dlms", settings, status: "active", route }]);
    const { encryptionKey, authenticationKey, masterKey } = fleet.keys(meterId);
    const secrets = { guek: encryptionKey, gak: authenticationKey, master: masterKey };
    await head.keys.store(Object.entries(secrets).map(([purpose, secret]) => ({ ref: { owner: meterId, purpose }, secret })));
  }
  if (options.behindConcentrator === true) {
    await storeKeysOf(head.keys, "C1");
    await head.registry.registerConcentrators([
      { concentratorId: "C1", address: { host: "C1", port: 4061 }, settings: {}, sessionsMax: 2, status: "active" },
    ]);
    await startStreet(simulation, fleet, addresses);
  }
  await head.headEnd().start();
  await simulation.runUntil(startMs + MINUTE_MS);
  let commands = 0;
  const order: FleetUtility["order"] = (control, { meterId = meterIds[0] ?? "", lifeMs = 30 * MINUTE_MS } = {}) => {
    const requestedAtMs = simulation.nowMs;
    const request = {
      commandId: `c${++commands}`,
      meterId,
      control,
      requestedBy: "anna",
      requestedAtMs,
      expiresAtMs: requestedAtMs + lifeMs,
    };
    return simulation.runFor(head.headEnd().submit(request));
  };
  return {
    ...head,
    simulation,
    fleet,
    meterIds,
    order,
    async ask(control) {
      const { request } = await order(control);
      await simulation.runUntil(simulation.nowMs + 2 * MINUTE_MS);
      return head.headEnd().views.command(request.commandId);
    },
    cut: (isCut) => simulation.network.setPartition("headend", "field", isCut),
  };
}
