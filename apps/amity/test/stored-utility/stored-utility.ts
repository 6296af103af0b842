import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";
import { DAY_MS, localDayOf, startOfLocalDayMs, zoneOf } from "@amity/intervals";
import { headEndMigrations } from "@amity/headend";
import { keepStandardRules, mdmMigrations, mdmRulesMigrations, residentialTimeOfUse, reviewDays, type ChannelDay } from "@amity/mdm";
import { createFleet, type FleetPlan } from "@amity/meter";
import { QUALITY, type IntervalSeries } from "@amity/model";
import { realFiles, realNetwork, realTimers, scaledClock, seededRandom, silentLog, type World } from "@amity/runtime";
import { leaseMigrations, migrate, openScratchStore, type Store } from "@amity/store";
import { usagePointOf } from "../../src/compose/api/place-book.ts";
import { composeUtility, type Utility } from "../../src/compose/utility.ts";
import { provisionHeadEnd, provisionMdm } from "../../src/demo/provision.ts";
import { provisionNetwork } from "../../src/demo/provision-network.ts";
import { createHttpApp, planAccess, startHttpServer, type HttpServer, type User } from "../../src/http/index.ts";
import type { StaticConsole } from "../../src/http/static-console.ts";

const ZONE = "Australia/Sydney";
/** An hour after the last stored day, in Sydney's summer. */
const NOW_MS = Date.UTC(2026, 10, 20, 14);
const HISTORY_DAYS = 36;

/** A utility over a real PostgreSQL whose ledger was filled by deliveries, not by meters: nothing collects, nothing listens but HTTP. */
export interface StoredUtility {
  readonly utility: Utility;
  readonly store: Store;
  readonly plan: FleetPlan;
  readonly server: HttpServer;
  ask(path: string, init?: RequestInit): Promise<Response>;
  json<T>(path: string): Promise<T>;
  write(method: string, path: string, body?: unknown): Promise<Response>;
  close(): Promise<void>;
}

/**
 * Twelve homes, 36 days of quarter-hours as delivered, judged and billed over 28 of them. The second home lost three hours, the
 * third has a spike, the fourth a negative value.
 */
export async function openStoredUtility(options: { console?: StaticConsole; users?: readonly User[] } = {}): Promise<StoredUtility> {
  const { users = [] } = options;
  const folder = await mkdtemp(join(tmpdir(), "amity-stored-"));
  const random = seededRandom(`stored ${process.pid} ${process.hrtime.bigint()}`);
  const scratch = await openScratchStore({ timers: realTimers, random });
  await migrate(scratch.store, [leaseMigrations, headEndMigrations, mdmMigrations, mdmRulesMigrations]);
  const clock = scaledClock(realTimers, { speed: 1, startMs: NOW_MS });
  const world: World = { clock, timers: realTimers, random, network: realNetwork, files: realFiles(folder), log: silentLog };
  const foundedMs = NOW_MS - HISTORY_DAYS * DAY_MS;
  const plan = createFleet({ seed: 5, meters: 12, feeders: 2, concentrators: 2, startMs: foundedMs, zone: ZONE, climate: "newSouthWales" });
  const utility = composeUtility({
    world,
    store: scratch.store,
    masterKey: random.bytes(32),
    zone: ZONE,
    name: "Stored utility",
    version: "0.0.0",
    plan,
    headEnd: {},
  });
  await provisionMdm(utility.mdm.registry, plan);
  await provisionHeadEnd(
    { registry: utility.registry, keys: utility.keys, plan, masterSecret: random.bytes(32) },
    { meterPorts: {}, concentratorPorts: {} },
  );
  await provisionNetwork(utility.mdm.topology, plan);
  await keepStandardRules(utility.mdm.rules, "amity");
  utility.watch.load(await utility.registry.activeDevices());
  await fill(utility, plan);
  const metrics = new Registry();
  const access = planAccess({ host: "127.0.0.1", users: users.length, demo: true });
  const app = createHttpApp({
    utility: utility.api,
    world,
    log: silentLog,
    users,
    plan: access,
    metrics,
    ...(options.console === undefined ? {} : { console: options.console }),
  });
  const server = await startHttpServer(app, { host: "127.0.0.1", port: 0 });
  const ask: StoredUtility["ask"] = (path, init) => fetch(server.url + path, init);
  return {
    utility,
    store: scratch.store,
    plan,
    server,
    ask,
    json: async (path) => (await ask(path)).json() as never,
    write: (method, path, body) =>
      ask(path, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        headers: { "content-type": "application/json", "idempotency-key": crypto.randomUUID() },
      }),
    async close() {
      await server.close();
      await utility.stop();
      await scratch.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Whole local days before now. */
export function storedDays(): { fromDay: number; toDay: number } {
  const toDay = localDayOf(zoneOf(ZONE), NOW_MS);
  return { fromDay: toDay - HISTORY_DAYS, toDay };
}

async function fill({ mdm }: Utility, plan: FleetPlan): Promise<void> {
  const { fromDay, toDay } = storedDays();
  const startMs = startOfLocalDayMs(zoneOf(ZONE), fromDay);
  const count = (startOfLocalDayMs(zoneOf(ZONE), toDay) - startMs) / 900_000;
  const intervals = plan.meters.map(({ meterId }, home): IntervalSeries => {
    const values = Float64Array.from({ length: count }, (_, slot) => useOf(home, slot));
    const qualities = new Uint16Array(count).fill(QUALITY.raw);
    const day = count - 10 * 96;
    if (home === 1) qualities.fill(QUALITY.missing, day + 30, day + 42);
    if (home === 2) values[day + 44] = 40_000;
    if (home === 3) values[day + 50] = -700;
    return { meterId, channel: "1-0:1.8.0", unit: "Wh", scaler: 0, intervalSeconds: 900, startMs, values, qualities };
  });
  const changed: ChannelDay[] = [];
  await mdm.sink.accept([{ intervals, registers: [], events: [], source: "headend" }]);
  for (const { meterId } of plan.meters) {
    const [channel] = await mdm.registry.channelsOf([meterId]);
    if (channel === undefined) continue;
    for (let dayMs = Math.floor(startMs / DAY_MS) * DAY_MS; dayMs < NOW_MS; dayMs += DAY_MS)
      changed.push({ channelId: channel.channelId, dayStartMs: dayMs });
  }
  await reviewDays({ ...mdm.review, expectUntil: "lastValue" }, changed);
  await mdm.billing.publish(residentialTimeOfUse(ZONE), { author: "amity", reason: "the first tariff" });
  await mdm.billing.bill(
    plan.meters.map((meter) => ({ usagePointId: usagePointOf(meter), tariffId: "home-tou", fromDay: toDay - 30, toDay: toDay - 2 })),
  );
}

/** Wh of a quarter-hour: a night, a morning and an evening, a little different each day. */
function useOf(home: number, slot: number): number {
  const hour = (slot % 96) / 4;
  const shape = 40 + 90 * Math.exp(-((hour - 7.5) ** 2) / 3) + 210 * Math.exp(-((hour - 19) ** 2) / 6);
  return Math.round(shape * (0.6 + 0.1 * home) + ((slot * 7919 + home * 104_729) % 37));
}
