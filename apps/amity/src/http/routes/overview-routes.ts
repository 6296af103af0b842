import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { Backfill, Completeness, CompletenessQuery, Instant, LoadSeries, Overview, Topology } from "@amity/api";
import { ProblemError } from "../problems.ts";
import { sseResponse } from "../sse.ts";
import type { HttpEnv } from "../env.ts";
import { answers } from "./describe.ts";
import type { RouteDeps } from "./deps.ts";

const tags = ["overview"];

const overviewRoute = createRoute({
  method: "get",
  path: "/api/v1/overview",
  tags,
  summary: "Headline numbers, feeders, back-fill",
  responses: answers(200, Overview, "The overview"),
});
const topologyRoute = createRoute({
  method: "get",
  path: "/api/v1/topology",
  tags,
  summary: "Substation, feeders, transformers, concentrators and meters with coordinates and state",
  responses: answers(200, Topology, "The network, columnar"),
});
const loadRoute = createRoute({
  method: "get",
  path: "/api/v1/load",
  tags,
  summary: "Load over [from, to), of the utility or of one feeder",
  request: { query: z.object({ from: Instant, to: Instant, feeder: z.string().max(80).optional() }) },
  responses: answers(200, LoadSeries, "Watts by step"),
});
const completenessRoute = createRoute({
  method: "get",
  path: "/api/v1/completeness",
  tags,
  summary: "Intervals expected and received by day and concentrator",
  request: { query: CompletenessQuery },
  responses: answers(200, Completeness, "Counts by row and day"),
});
const backfillRoute = createRoute({
  method: "get",
  path: "/api/v1/backfill",
  tags,
  summary: "Progress of the back-fill",
  responses: answers(200, Backfill, "Progress"),
});
const streamRoute = createRoute({
  method: "get",
  path: "/api/v1/stream",
  tags: ["live"],
  summary: "Live events (see the schema LiveEvent); resumes with Last-Event-ID",
  request: { headers: z.object({ "last-event-id": z.string().max(80).optional() }) },
  responses: { 200: { description: "Server-sent events", content: { "text/event-stream": { schema: z.string() } } } },
});

/** Load is asked by the minute at the finest: more than a fortnight of it is a mistake. */
const LOAD_SPAN_MAX_MS = 62 * 86_400_000;

/** Overview, map, load, completeness, back-fill and the live stream. */
export function addOverviewRoutes(app: OpenAPIHono<HttpEnv>, deps: RouteDeps): void {
  const { utility } = deps;
  app.openapi(overviewRoute, async (c) => c.json(await utility.overview(), 200));
  app.openapi(topologyRoute, async (c) => c.json(await utility.topology(), 200));
  app.openapi(loadRoute, async (c) => {
    const { from, to, feeder } = c.req.valid("query");
    return c.json(await utility.load({ ...timeRange(from, to, LOAD_SPAN_MAX_MS), feeder }), 200);
  });
  app.openapi(completenessRoute, async (c) => c.json(await utility.completeness(c.req.valid("query").days), 200));
  app.openapi(backfillRoute, async (c) => c.json(await utility.backfill(), 200));
  app.openapi(streamRoute, (c) => sseResponse(deps.hub, deps.timers, c.req.valid("header")["last-event-id"]) as never);
}

/** @throws ProblemError where the range is empty, backwards or longer than `spanMaxMs`. */
export function timeRange(from: string, to: string, spanMaxMs: number): { fromMs: number; toMs: number } {
  const fromMs = Date.parse(from);
  const toMs = Date.parse(to);
  if (toMs <= fromMs) throw new ProblemError("bad-request", { errors: [{ pointer: "to", detail: "must be later than from" }] });
  if (toMs - fromMs > spanMaxMs) {
    throw new ProblemError("bad-request", {
      errors: [{ pointer: "to", detail: `the range may span at most ${Math.floor(spanMaxMs / 86_400_000)} days` }],
    });
  }
  return { fromMs, toMs };
}
