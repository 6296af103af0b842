import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";
import type { Concentrator } from "@amity/concentrator";
import type { EndDeviceControl } from "@amity/model";
import { headEndMigrations } from "@amity/headend";
import { createGasParameters, mdmMigrations, mdmRulesMigrations, STANDARD_DECISION_POLICY } from "@amity/mdm";
import { createFleet, MeterFleet, type FleetPlan, type PlannedSubMeter } from "@amity/meter";
import { realFiles, realNetwork, realTimers, scaledClock, seededRandom, silentLog, type World } from "@amity/runtime";
import { leaseMigrations, migrate, openScratchStore } from "@amity/store";
import { composeUtility, type Utility } from "../../src/compose/utility.ts";
import { provisionHeadEnd, provisionMdm } from "../../src/demo/provision.ts";
import { provisionNetwork } from "../../src/demo/provision-network.ts";
import { provisionSubMeters } from "../../src/demo/sub-meter-provision.ts";
import { openRadioStreet, startRadioConcentrator } from "../../src/field/radio-street.ts";
import { createHttpApp, planAccess, startHttpServer, type HttpServer, type User } from "../../src/http/index.ts";
import type { StaticConsole } from "../../src/http/static-console.ts";

const ZONE = "Australia/Sydney";
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Timers of a busy machine are coarse. */
const RADIO_GUARD_MS = 500;
/** Civil seconds in a machine second: what the meters do by themselves comes soon. */
const SPEED = 60;

/** A small utility whose head-end reaches simulated meters over real sockets, served over HTTP. */
export interface WireUtility {
  readonly utility: Utility;
  readonly plan: FleetPlan;
  /** The meters themselves: what they truly do. */
  readonly fleet: MeterFleet;
  /** A wireless meter that is heard and registered nowhere. */
  readonly stranger: PlannedSubMeter | undefined;
  readonly server: HttpServer;
  json<T>(path: string): Promise<T>;
  close(): Promise<void>;
}

interface WireOptions {
  readonly console?: StaticConsole;
  readonly users?: readonly User[];
  /** Commands that wait for a second person. */
  readonly approvalFor?: readonly EndDeviceControl["kind"][];
  /** What happened to meters before the head-end came to read them. */
  readonly before?: (fleet: MeterFleet, plan: FleetPlan) => Promise<unknown>;
}

/** Six homes with gas, water and heat, most behind their electricity meters, some by radio; two days of history. */
export async function openWireUtility(options: WireOptions = {}): Promise<WireUtility> {
  const folder = await mkdtemp(join(tmpdir(), "amity-wire-"));
  const random = seededRandom(`wire ${process.pid} ${process.hrtime.bigint()}`);
  const scratch = await openScratchStore({ timers: realTimers, random });
  await migrate(scratch.store, [leaseMigrations, headEndMigrations, mdmMigrations, mdmRulesMigrations]);
  const startMs = Date.UTC(2026, 10, 20, 1);
  const clock = scaledClock(realTimers, { speed: SPEED, startMs });
  const world: World = { clock, timers: realTimers, random, network: realNetwork, files: realFiles(folder), log: silentLog };
  const plan = createFleet({
    seed: 11,
    meters: 6,
    feeders: 1,
    concentrators: 1,
    directShare: 1,
    startMs,
    installedDays: [4, 6],
    zone: ZONE,
    subMeters: { gas: 0.6, water: 1, heat: 0.3, valve: 0.5, wireless: 0.34 },
  });
  const masterSecret = random.bytes(32);
  const fleet = await MeterFleet.open({ plan, masterSecret, clock });
  await options.before?.(fleet, plan);
  const served = await fleet.serve(world);
  const endActs = fleet.act(world, () => Promise.resolve());
  const field = { masterSecret, historyMs: 2 * DAY_MS, collectEveryMs: HOUR_MS };
  const concentratorPorts: Record<string, number> = {};
  const concentrators: Concentrator[] = [];
  for (const street of plan.wirelessConcentrators) {
    const own = { ...world, files: realFiles(join(folder, street.concentratorId)) };
    const air = openRadioStreet(own, fleet, street, { guardMs: RADIO_GUARD_MS });
    const concentrator = await startRadioConcentrator(own, air, { host: "127.0.0.1", port: 0 }, field);
    concentratorPorts[street.concentratorId] = concentrator.address.port;
    concentrators.push(concentrator);
  }
  const stranger = plan.subMeters.findLast(({ reach }) => reach.kind === "wireless");
  const registered = { ...plan, subMeters: plan.subMeters.filter((meter) => meter !== stranger) };
  const secondPerson = { commands: options.approvalFor ?? [], policy: STANDARD_DECISION_POLICY };
  const utility = composeUtility({
    world,
    store: scratch.store,
    masterKey: random.bytes(32),
    zone: ZONE,
    name: "Wire utility",
    version: "0.0.0",
    plan,
    secondPerson,
    headEnd: { historyMs: 2 * DAY_MS, concentratorPollMs: 300 },
  });
  await provisionMdm(utility.mdm.registry, plan);
  await provisionSubMeters(utility.mdm.registry, createGasParameters(scratch.store, clock), registered);
  await provisionNetwork(utility.mdm.topology, plan);
  const meterPorts = Object.fromEntries([...served.addresses].map(([meterId, { port }]) => [meterId, port]));
  await provisionHeadEnd(
    { registry: utility.registry, keys: utility.keys, plan: registered, masterSecret },
    { meterPorts, concentratorPorts },
  );
  await utility.start();
  const users = options.users ?? [];
  const server = await startHttpServer(
    createHttpApp({
      utility: utility.api,
      world,
      log: silentLog,
      users,
      plan: planAccess({ host: "127.0.0.1", users: users.length, demo: true }),
      metrics: new Registry(),
      ...(options.console === undefined ? {} : { console: options.console }),
    }),
    { host: "127.0.0.1", port: 0 },
  );
  return {
    utility,
    plan,
    fleet,
    stranger,
    server,
    json: async (path) => (await fetch(server.url + path)).json() as never,
    async close() {
      await server.close();
      await utility.stop();
      for (const concentrator of concentrators) await concentrator.stop();
      endActs();
      await served.close();
      await scratch.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
