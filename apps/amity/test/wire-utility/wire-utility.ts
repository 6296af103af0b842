import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";
import type { EndDeviceControl } from "@amity/model";
import { headEndMigrations } from "@amity/headend";
import { createGasParameters, mdmMigrations, mdmRulesMigrations, STANDARD_DECISION_POLICY } from "@amity/mdm";
import { createFleet, MeterFleet, type FleetPlan } from "@amity/meter";
import { realFiles, realNetwork, realTimers, scaledClock, seededRandom, silentLog, type World } from "@amity/runtime";
import { leaseMigrations, migrate, openScratchStore } from "@amity/store";
import { composeUtility, type Utility } from "../../src/compose/utility.ts";
import { provisionHeadEnd, provisionMdm } from "../../src/demo/provision.ts";
import { provisionNetwork } from "../../src/demo/provision-network.ts";
import { provisionSubMeters } from "../../src/demo/sub-meter-provision.ts";
import { createHttpApp, planAccess, startHttpServer, type HttpServer, type User } from "../../src/http/index.ts";
import type { StaticConsole } from "../../src/http/static-console.ts";

const ZONE = "Australia/Sydney";
const DAY_MS = 86_400_000;
/** Civil seconds in a machine second: what the meters do by themselves comes soon. */
const SPEED = 60;

/** A small utility whose head-end reaches simulated meters over real sockets, served over HTTP. */
export interface WireUtility {
  readonly utility: Utility;
  readonly plan: FleetPlan;
  /** The meters themselves: what they truly do. */
  readonly fleet: MeterFleet;
  readonly server: HttpServer;
  json<T>(path: string): Promise<T>;
  close(): Promise<void>;
}

interface WireOptions {
  readonly console?: StaticConsole;
  readonly users?: readonly User[];
  /** Commands that wait for a second person. */
  readonly approvalFor?: readonly EndDeviceControl["kind"][];
}

/** Six homes with gas, water and heat behind their electricity meters, two days of history. */
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
    subMeters: { gas: 0.6, water: 1, heat: 0.3, valve: 0.5 },
  });
  const masterSecret = random.bytes(32);
  const fleet = await MeterFleet.open({ plan, masterSecret, clock });
  const served = await fleet.serve(world);
  const endActs = fleet.act(world, () => Promise.resolve());
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
    headEnd: { historyMs: 2 * DAY_MS },
  });
  await provisionMdm(utility.mdm.registry, plan);
  await provisionSubMeters(utility.mdm.registry, createGasParameters(scratch.store, clock), plan);
  await provisionNetwork(utility.mdm.topology, plan);
  const meterPorts = Object.fromEntries([...served.addresses].map(([meterId, { port }]) => [meterId, port]));
  await provisionHeadEnd({ registry: utility.registry, keys: utility.keys, plan, masterSecret }, { meterPorts, concentratorPorts: {} });
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
    server,
    json: async (path) => (await fetch(server.url + path)).json() as never,
    async close() {
      await server.close();
      await utility.stop();
      endActs();
      await served.close();
      await scratch.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
