/* Serves the console and the API over the FIXTURE utility: `node --import tsx apps/amity/test/fixture-utility/serve.ts [port]`. */
import { Registry } from "prom-client";
import { realTimers, scaledClock, silentLog } from "@amity/runtime";
import { createHttpApp, ensureConsoleBuilt, loadStaticConsole, planAccess, startHttpServer } from "../../src/http/index.ts";
import { createFixtureUtility } from "./utility.ts";

const clock = scaledClock(realTimers, { speed: 300, startMs: Date.UTC(2026, 10, 21, 6, 42) });
const utility = createFixtureUtility({ clock, timers: realTimers }, { backfillDone: process.argv.includes("--done") });
const built = await ensureConsoleBuilt();
const app = createHttpApp({
  utility,
  world: { clock, timers: realTimers },
  log: silentLog,
  users: [],
  plan: planAccess({ host: "127.0.0.1", users: 0, demo: true }),
  metrics: new Registry(),
  console: await loadStaticConsole(built.folder),
});
const server = await startHttpServer(app, { host: "127.0.0.1", port: Number(process.argv[2] ?? 8090) });
setInterval(() => utility.tick(), 1_000);
process.stdout.write(`FIXTURE data on ${server.url}\n`);
