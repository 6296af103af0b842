import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import {
  Intervals,
  IntervalsQuery,
  INTERVALS_MAX,
  MeterDetail,
  MetersPage,
  MetersQuery,
  SessionTrace,
  TimelinePage,
  TimelineQuery,
} from "@amity/api";
import { requireRight } from "../access/gatekeeping.ts";
import { ProblemError } from "../problems.ts";
import type { HttpEnv } from "../env.ts";
import { answers, IdParam } from "./describe.ts";
import { timeRange } from "./overview-routes.ts";
import type { RouteDeps } from "./deps.ts";

const tags = ["meters"];

const metersRoute = createRoute({
  method: "get",
  path: "/api/v1/meters",
  tags,
  summary: "Meters by cursor, filtered and sorted",
  request: { query: MetersQuery },
  responses: answers(200, MetersPage, "A page of meters"),
});
const meterRoute = createRoute({
  method: "get",
  path: "/api/v1/meters/{id}",
  tags,
  summary: "One meter: identity, supply, registers, channels, health",
  request: { params: IdParam },
  responses: answers(200, MeterDetail, "The meter"),
});
const intervalsRoute = createRoute({
  method: "get",
  path: "/api/v1/meters/{id}/intervals",
  tags,
  summary: "Intervals of one channel over [from, to), as known at as_of, each with its quality",
  request: { params: IdParam, query: IntervalsQuery },
  responses: answers(200, Intervals, "Values and qualities in columns"),
});
const timelineRoute = createRoute({
  method: "get",
  path: "/api/v1/meters/{id}/timeline",
  tags,
  summary: "Reads, edits, commands and events of one meter on one axis, newest first",
  request: { params: IdParam, query: TimelineQuery },
  responses: answers(200, TimelinePage, "A page of the timeline"),
});
const traceRoute = createRoute({
  method: "get",
  path: "/api/v1/meters/{id}/sessions/last",
  tags,
  summary: "The last session's APDUs, decoded field by field with offsets",
  middleware: [requireRight("trace")] as const,
  request: { params: IdParam },
  responses: answers(200, SessionTrace, "The trace"),
});

const QUARTER_HOUR_MS = 900_000;
/** Raw intervals may be a year of quarter hours, aggregates ten years. */
const RAW_SPAN_MAX_MS = INTERVALS_MAX * QUARTER_HOUR_MS;
const AGGREGATE_SPAN_MAX_MS = 3_660 * 86_400_000;

/** Everything about meters that is read. */
export function addMeterRoutes(app: OpenAPIHono<HttpEnv>, { utility }: RouteDeps): void {
  app.openapi(metersRoute, async (c) => {
    const page = await utility.meters(c.req.valid("query"));
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  app.openapi(meterRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(found(await utility.meter(id), `meter ${id}`), 200);
  });
  app.openapi(intervalsRoute, async (c) => {
    const { id } = c.req.valid("param");
    const query = c.req.valid("query");
    const range = timeRange(query.from, query.to, query.granularity === "raw" ? RAW_SPAN_MAX_MS : AGGREGATE_SPAN_MAX_MS);
    const asOfMs = query.as_of === undefined ? undefined : Date.parse(query.as_of);
    const intervals = await utility.intervals({ meterId: id, channel: query.channel, ...range, granularity: query.granularity, asOfMs });
    return c.json(found(intervals, `channel ${query.channel} of meter ${id}`), 200);
  });
  app.openapi(timelineRoute, async (c) => {
    const { id } = c.req.valid("param");
    const { from, to, kind, cursor, limit } = c.req.valid("query");
    const fromMs = from === undefined ? undefined : Date.parse(from);
    const toMs = to === undefined ? undefined : Date.parse(to);
    const page = found(await utility.timeline({ meterId: id, fromMs, toMs, kind, cursor, limit }), `meter ${id}`);
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  app.openapi(traceRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(found(await utility.lastSession(id), `recorded session with meter ${id}`), 200);
  });
}

/** @throws ProblemError `not-found` for undefined. */
export function found<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new ProblemError("not-found", { detail: `There is no ${what}.` });
  return value;
}

/** RFC 8288 `Link: rel=next` beside the body's `next`, for clients that follow headers. */
export function linkNext(c: { req: { url: string }; header(name: string, value: string): void }, next: string | undefined): void {
  if (next === undefined) return;
  const url = new URL(c.req.url);
  url.searchParams.set("cursor", next);
  c.header("link", `<${url.pathname}${url.search}>; rel="next"`);
}
