import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "@amity/bytes";
import { zoneOf } from "@amity/intervals";
import { realFiles, realNetwork, realRandom, realTimers, scaledClock, type Log, type World } from "@amity/runtime";
import { Registry as Metrics } from "prom-client";
import { dataFolder, openDatabase } from "../compose/database.ts";
import { loadAuthority } from "../compose/authority.ts";
import { loadMasterKey } from "../compose/head-end.ts";
import { receiveOwnPushes } from "../compose/own-pushes.ts";
import { composeUtility, type SecondPerson, type Utility } from "../compose/utility.ts";
import { startDemo } from "../demo/demo-utility.ts";
import {
  createHttpApp,
  ensureConsoleBuilt,
  loadStaticConsole,
  planAccess,
  startHttpServer,
  type AccessPlan,
  type User,
} from "../http/index.ts";
import { VERSION } from "../version.ts";
import { fileLog } from "./file-log.ts";
import { secondPersonOf, type SecondPersonOptions } from "./second-person.ts";
import { UpScreen } from "./up-screen.ts";
import { untilSignal } from "./until-signal.ts";

export interface UpOptions extends SecondPersonOptions {
  readonly host: string;
  readonly port: number;
  readonly databaseUrl?: string;
  readonly data: string;
  readonly demo: boolean;
  readonly meters: number;
  readonly seed: number;
  readonly speed: number;
  readonly history: number;
  readonly zone: string;
  readonly authFile?: string;
  /** Folder of the utility's certification authority; its own is made where none is named. */
  readonly authority?: string;
  /** Port that the own fleet's meters push to; none where absent. */
  readonly pushPort?: number;
  readonly json?: boolean;
}

/** How soon devices that were registered from the command line are taken up. */
const REFRESH_EVERY_MS = 15_000;
/** Ports after the wished one that are tried when it is taken. */
const PORTS_TO_TRY = 20;

/** `amity up`: the whole utility in one process (the simulated field in a second), until interrupted. */
export async function up(options: UpOptions): Promise<void> {
  const users = options.authFile === undefined ? [] : await loadUsers(options.authFile);
  const plan = planAccess({ host: options.host, users: users.length, demo: options.demo });
  const secondPerson = secondPersonOf(options);
  zoneOf(options.zone);
  const folder = dataFolder(options.data);
  const screen = new UpScreen(options.json === true, VERSION);
  screen.begin(options.demo);
  const log = fileLog(join(folder, "amity.log"));
  const store = await screen.step(
    "database",
    () => openDatabase({ data: options.data, ...(options.databaseUrl === undefined ? {} : { databaseUrl: options.databaseUrl }) }),
    () => (options.databaseUrl === undefined ? `embedded PostgreSQL in ${join(folder, "postgres")}` : "given by URL"),
  );
  const closers: (() => Promise<void>)[] = [() => store.close()];
  try {
    const masterKey = await loadMasterKey(join(folder, "master.key"));
    const running: Running = options.demo
      ? await screen.step(
          "utility",
          () => startDemo({ ...options, store, folder, masterKey, historyDays: options.history, version: VERSION, log, secondPerson }),
          (demo) =>
            `${demo.plan.meters.length} meters on ${demo.plan.feeders.length} feeders behind ${demo.plan.concentrators.length} concentrators, seed ${options.seed}`,
        )
      : await screen.step(
          "utility",
          () => startOwnFleet({ options, folder, store, masterKey, log, secondPerson }),
          () => "your own fleet, from the registry",
        );
    closers.push(() => running.stop());
    const server = await screen.step(
      "console",
      () => serve({ options, plan, users, log, running }),
      (started) => started.url,
    );
    closers.push(() => server.close());
    screen.ready(server.url, running.utility, { simulated: options.demo, speed: options.speed, logFile: join(folder, "amity.log") });
    await Promise.race([untilSignal(), failure(running.fieldEnded)]);
    screen.stopping();
  } finally {
    screen.close();
    for (const close of closers.toReversed()) await close().catch((error: unknown) => log.error("stop-failed", { message: String(error) }));
  }
}

interface Running {
  /** Settles if the simulated field ends by itself. */
  readonly fieldEnded?: Promise<string>;
  readonly utility: Utility;
  readonly world: World;
  stop(): Promise<void>;
}

async function startOwnFleet(parts: {
  options: UpOptions;
  folder: string;
  store: Awaited<ReturnType<typeof openDatabase>>;
  masterKey: Uint8Array;
  log: Log;
  secondPerson: SecondPerson;
}): Promise<Running> {
  const { options, folder, store, masterKey, log, secondPerson } = parts;
  const authority = await loadAuthority(options.authority ?? folder, { nowMs: Date.now, isOwn: options.authority === undefined });
  const world: World = {
    clock: scaledClock(realTimers, { speed: 1 }),
    timers: realTimers,
    random: realRandom(),
    network: realNetwork,
    files: realFiles(join(folder, "head-end")),
    log,
  };
  const utility = composeUtility({
    world,
    store,
    masterKey,
    authority,
    zone: options.zone,
    name: "Amity",
    version: VERSION,
    headEnd: { historyMs: options.history * 86_400_000 },
    secondPerson,
  });
  await utility.start();
  const pushes =
    options.pushPort === undefined
      ? undefined
      : await receiveOwnPushes({ utility, world, store }, { host: options.host, port: options.pushPort });
  const lookAgain = setInterval(() => {
    utility.refresh().catch((error: unknown) => log.error("fleet-refresh", { message: String(error) }));
  }, REFRESH_EVERY_MS);
  return {
    utility,
    world,
    async stop() {
      clearInterval(lookAgain);
      await pushes?.close();
      await utility.stop();
    },
  };
}

async function serve(parts: {
  options: UpOptions;
  plan: AccessPlan;
  users: readonly User[];
  log: Log;
  running: Running;
}): ReturnType<typeof startHttpServer> {
  const { options, plan, users, log, running } = parts;
  const { folder } = await ensureConsoleBuilt();
  const app = createHttpApp({
    utility: running.utility.api,
    world: running.world,
    log,
    users,
    plan,
    metrics: new Metrics(),
    console: await loadStaticConsole(folder),
  });
  return startHttpServer(app, { host: options.host, port: options.port, portsToTry: PORTS_TO_TRY });
}

/** Users from a file: a JSON list of `{ name, role, passwordHash }`. @throws UsageError `auth-file`. */
async function loadUsers(path: string): Promise<User[]> {
  const roles: readonly string[] = ["viewer", "operator", "analyst", "security"];
  const refuse = (reason: string): UsageError =>
    new UsageError(`${path}: ${reason}`, {
      code: "auth-file",
      advice: 'a JSON list of { "name", "role", "passwordHash" }; amity hash-password makes hashes',
    });
  const text = await readFile(path, "utf8").catch(() => Promise.reject(refuse("cannot be read")));
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw refuse("is not JSON");
  }
  if (!Array.isArray(parsed) || parsed.length === 0) throw refuse("is not a list of users");
  return parsed.map((entry: Partial<User>, index) => {
    const { name, role, passwordHash } = entry;
    if (typeof name !== "string" || typeof passwordHash !== "string" || !passwordHash.startsWith("scrypt$"))
      throw refuse(`user ${index + 1} lacks name or passwordHash`);
    if (role === undefined || !roles.includes(role)) throw refuse(`user ${name} has no role of ${roles.join(", ")}`);
    return { name, role, passwordHash };
  });
}

function failure(ended: Promise<string> | undefined): Promise<never> {
  return new Promise((_, reject) => {
    void ended?.then((reason) => reject(new UsageError(`the simulated field ${reason}`, { code: "field" })));
  });
}
