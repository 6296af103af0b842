import { createFleet, masterSecretFrom, MeterFleet, parseMeterType } from "@amity/meter";
import type { EndDeviceControl } from "@amity/model";
import { Simulation } from "@amity/runtime";
import { dlmsDriver, type CommandDetail, type CommandRecord, type Device, type HeadEndOptions, type Registry } from "../src/index.ts";
import type { SimNode } from "@amity/runtime";
import { HOUR_MS, lastingHeadEnd, MINUTE_MS, TITLE, type LastingHeadEnd } from "./lasting-head-end.ts";

const SECRET = masterSecretFrom("fleet utility");

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

/** Simulated meters as they are, on direct TCP, and a head-end that knows their factory keys, in virtual time. */
export async function fleetUtility(options: {
  startMs: number;
  meters?: number;
  /** A meter profile. */
  type?: Readonly<Record<string, unknown>>;
  settings?: Device["settings"];
  headEnd?: HeadEndOptions;
  registry?: (node: SimNode) => Registry;
}): Promise<FleetUtility> {
  const { startMs, meters = 1, settings = {} } = options;
  const simulation = new Simulation({ seed: 1, startMs });
  const head = lastingHeadEnd(simulation, {
    drivers: [dlmsDriver({ systemTitle: TITLE })],
    headEnd: { historyMs: HOUR_MS, ...options.headEnd },
    registry: options.registry,
  });
  const plan = createFleet({ seed: 1, meters, feeders: 1, concentrators: 1, directShare: 1, startMs, installedDays: [5, 9] });
  const { world } = simulation.node("field");
  const type = options.type === undefined ? {} : { type: parseMeterType(JSON.stringify(options.type)) };
  const fleet = await MeterFleet.open({ plan, masterSecret: SECRET, clock: world.clock, ...type });
  const served = await fleet.serve(world, { host: "field" });
  fleet.act(world, () => Promise.resolve());
  const meterIds = plan.meters.map(({ meterId }) => meterId);
  for (const meterId of meterIds) {
    const address = served.addresses.get(meterId) ?? { host: "nowhere", port: 1 };
    await head.registry.registerDevices([{ meterId, protocol: "dlms", settings, status: "active", route: { kind: "direct", address } }]);
    const { encryptionKey, authenticationKey, masterKey } = fleet.keys(meterId);
    const secrets = { guek: encryptionKey, gak: authenticationKey, master: masterKey };
    await head.keys.store(Object.entries(secrets).map(([purpose, secret]) => ({ ref: { owner: meterId, purpose }, secret })));
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
