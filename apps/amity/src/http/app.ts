import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { compress } from "hono/compress";
import type { Registry } from "prom-client";
import { z } from "zod";
import { secureRandomBytes } from "@amity/crypto";
import { toHex } from "@amity/bytes";
import { FIRMWARE_BODY_OCTETS_MAX, LiveEvent } from "@amity/api";
import type { Log, World } from "@amity/runtime";
import { checkRight, identify, refuseForeignOrigins, requireRight } from "./access/gatekeeping.ts";
import type { AccessPlan } from "./access/binding.ts";
import { createLoginLimit } from "./access/login-limit.ts";
import { createSessions, type User } from "./access/sessions.ts";
import { createEventHub } from "./event-hub.ts";
import { idempotency } from "./idempotency.ts";
import { ProblemError, problemOf, problemResponse } from "./problems.ts";
import { requestMetrics } from "./request-metrics.ts";
import { securityHeaders } from "./security-headers.ts";
import { addCommandRoutes } from "./routes/command-routes.ts";
import { addDecisionRoutes } from "./routes/decision-routes.ts";
import { addDeviceRoutes } from "./routes/device-routes.ts";
import { addDemoRoutes } from "./routes/demo-routes.ts";
import { addAnalysisRoutes } from "./routes/analysis-routes.ts";
import { addInsightRoutes } from "./routes/insight-routes.ts";
import { addFirmwareRoutes, FIRMWARE_PATH } from "./routes/firmware-routes.ts";
import { addExportRoutes } from "./routes/export-routes.ts";
import { addJobRoutes } from "./routes/job-routes.ts";
import { addMdmRoutes } from "./routes/mdm-routes.ts";
import { addMeterRoutes } from "./routes/meter-routes.ts";
import { addOverviewRoutes } from "./routes/overview-routes.ts";
import { addSessionRoutes } from "./routes/session-routes.ts";
import type { RouteDeps } from "./routes/deps.ts";
import type { HttpEnv } from "./env.ts";
import type { StaticConsole } from "./static-console.ts";
import type { UtilityApi } from "./ports.ts";

export interface HttpAppOptions {
  readonly utility: UtilityApi;
  readonly world: Pick<World, "clock" | "timers">;
  readonly log: Log;
  readonly users: readonly User[];
  readonly plan: AccessPlan;
  readonly metrics: Registry;
  /** The built console; absent where only the API is served. */
  readonly console?: StaticConsole | undefined;
}

/** The whole HTTP face as a fetch handler. `close` stops following the utility's live events. */
export interface HttpApp {
  fetch(request: Request, env?: unknown): Response | Promise<Response>;
  close(): void;
}

const BODY_BYTES_MAX = 64 * 1024;
const EVENTS_KEPT_MAX = 2_000;

export function createHttpApp(options: HttpAppOptions): HttpApp {
  const { utility, world, plan, log } = options;
  const hub = createEventHub({ epoch: toHex(secureRandomBytes(4)), keptMax: EVENTS_KEPT_MAX });
  const unsubscribe = utility.subscribe((event) => hub.publish(event));
  const sessions = createSessions(options.users, world.timers);
  const deps: RouteDeps = {
    utility,
    hub,
    sessions,
    loginLimit: createLoginLimit(world.timers),
    identities: plan.identities,
    log,
    clock: world.clock,
    timers: world.timers,
  };

  const app = new OpenAPIHono<HttpEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const errors = result.error.issues.slice(0, 100).map((issue) => ({
        pointer: result.target === "json" ? `/${issue.path.join("/")}` : issue.path.join("."),
        detail: issue.message,
      }));
      const noKey = result.target === "header" && errors.some((error) => error.pointer === "idempotency-key");
      throw new ProblemError(noKey ? "idempotency-key-missing" : "bad-request", { errors });
    },
  });

  addMiddleware(app, options, deps);
  addSessionRoutes(app, deps);
  addOverviewRoutes(app, deps);
  addMeterRoutes(app, deps);
  addExportRoutes(app, deps);
  addCommandRoutes(app, deps);
  addFirmwareRoutes(app, deps);
  addDeviceRoutes(app, deps);
  addMdmRoutes(app, deps);
  addDecisionRoutes(app, deps);
  addJobRoutes(app, deps);
  addAnalysisRoutes(app, deps);
  addInsightRoutes(app, deps);
  addDemoRoutes(app, deps);
  addOperations(app, options);

  app.onError((error, c) => {
    const { kind, detail } = problemOf(error);
    if (kind === "internal") log.error("http-failed", { path: c.req.path, traceId: c.get("traceId"), error: String(error) });
    return problemResponse(kind, detail, { instance: c.req.path, traceId: c.get("traceId") });
  });
  app.notFound((c) => {
    const isApi = c.req.path.startsWith("/api/") || c.req.method !== "GET";
    const page = isApi
      ? undefined
      : options.console?.(c.req.path, { ifNoneMatch: c.req.header("if-none-match"), acceptEncoding: c.req.header("accept-encoding") });
    return (
      page ??
      problemResponse("not-found", { detail: `There is nothing at ${c.req.path}.` }, { instance: c.req.path, traceId: c.get("traceId") })
    );
  });

  return { fetch: (request, env) => app.fetch(request, env as object | undefined), close: unsubscribe };
}

/** What every request passes on its way in and out, from the outside in. */
function addMiddleware(app: OpenAPIHono<HttpEnv>, { metrics, plan }: HttpAppOptions, deps: RouteDeps): void {
  const { hub, sessions, timers } = deps;
  app.use(async (c, next) => {
    c.set("traceId", toHex(secureRandomBytes(8)));
    await next();
    c.res.headers.set("x-trace-id", c.get("traceId"));
  });
  app.use(securityHeaders);
  app.use(requestMetrics(metrics, timers, () => hub.followers));
  app.use(refuseForeignOrigins(plan));
  app.use("/api/*", compress({ threshold: 2_048 }));
  app.use("/api/*", readToItsEnd);
  app.use(identify(sessions, plan));
  limitBodies(app);
  app.use("/api/v1/*", noStore);
  addGuards(app, deps);
}

const OPEN_PATHS = new Set(["/api/v1/session", "/api/v1/session/identity", "/api/v1/login", "/api/v1/logout"]);

/** Every resource needs the right to read; every write an idempotency key. */
function addGuards(app: OpenAPIHono<HttpEnv>, deps: RouteDeps): void {
  const once = idempotency(deps.timers);
  app.use("/api/v1/*", async (c, next) => {
    if (!OPEN_PATHS.has(c.req.path)) checkRight(c.get("principal"), "read");
    await next();
  });
  app.on(["POST", "PUT", "PATCH", "DELETE"], "/api/v1/*", (c, next) => (OPEN_PATHS.has(c.req.path) ? next() : once(c, next)));
}

/**
 * What was sent with a request that is refused before its body is looked at: unread octets on a connection are taken for a broken one, and
 * the next request on it would get no answer.
 */
const readToItsEnd: Parameters<OpenAPIHono<HttpEnv>["use"]>[1] = async (c, next) => {
  await next();
  const { raw } = c.req;
  const isLong = Number(c.req.header("content-length") ?? 0) > BODY_BYTES_MAX;
  // Nobody waits for one that is too long: its connection is closed.
  if (raw.body === null || raw.bodyUsed || isLong) return;
  await raw.arrayBuffer().catch(() => undefined);
};

const noStore: Parameters<OpenAPIHono<HttpEnv>["use"]>[1] = async (c, next) => {
  await next();
  if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
};

/** Health, readiness, metrics and the API's description. */
function addOperations(app: OpenAPIHono<HttpEnv>, options: HttpAppOptions): void {
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/readyz", (c) => {
    const reasons = options.utility.notReady();
    if (reasons.length === 0) return c.json({ status: "ready" });
    throw new ProblemError("unavailable", { detail: reasons.join("; "), retryAfterSeconds: 2 });
  });
  app.get("/metrics", requireRight("read"), async (c) =>
    c.body(await options.metrics.metrics(), 200, { "content-type": options.metrics.contentType }),
  );
  // Events of the stream are in no route's answer: their schema is written out here, without references.
  app.openAPIRegistry.registerComponent("schemas", "LiveEvent", z.toJSONSchema(LiveEvent, { metadata: z.registry() }) as object);
  app.doc31("/api/openapi.json", {
    openapi: "3.1.1",
    info: {
      title: "Amity",
      version: options.utility.facts().version,
      description: "An open advanced metering infrastructure: meters, intervals, commands, exceptions, bills.",
    },
    servers: [{ url: "/" }],
  });
}

/** An image is taken in only from those who may bring one. */
function limitBodies(app: OpenAPIHono<HttpEnv>): void {
  const usual = bodiesUpTo(BODY_BYTES_MAX);
  app.use("/api/*", (c, next) => (c.req.path === FIRMWARE_PATH ? next() : usual(c, next)));
  app.post(FIRMWARE_PATH, requireRight("fleet"), bodiesUpTo(FIRMWARE_BODY_OCTETS_MAX));
}

function bodiesUpTo(octetsMax: number): ReturnType<typeof bodyLimit> {
  return bodyLimit({
    maxSize: octetsMax,
    onError: () => {
      throw new ProblemError("payload-too-large", { detail: `Bodies may have at most ${octetsMax} octets here.` });
    },
  });
}
