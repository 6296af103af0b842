import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import {
  BilledIntervalsPage,
  Identifier,
  IntervalReason,
  Intervals,
  INTERVALS_MAX,
  LossesPage,
  LossesQuery,
  MeterCompletenessPage,
  MeterCompletenessQuery,
  PageQuery,
  ReasonQuery,
  UsagePointDetail,
  VirtualChannel,
  VirtualChannelDraft,
  VirtualChannelsPage,
  VirtualIntervalsQuery,
} from "@amity/api";
import { z } from "@hono/zod-openapi";
import { requireRight } from "../access/gatekeeping.ts";
import type { HttpEnv } from "../env.ts";
import { ProblemError } from "../problems.ts";
import { answers, IdParam, jsonBody, WriteHeaders } from "./describe.ts";
import { analysisOf } from "./job-routes.ts";
import { found, linkNext } from "./meter-routes.ts";
import { settled } from "./outcome.ts";
import { timeRange } from "./overview-routes.ts";
import type { RouteDeps } from "./deps.ts";

const reasonRoute = createRoute({
  method: "get",
  path: "/api/v1/meters/{id}/interval-reason",
  tags: ["meters"],
  summary: "Why one interval has its value: versions, rules, numbers compared, estimator and error bar",
  request: { params: IdParam, query: ReasonQuery },
  responses: answers(200, IntervalReason, "The reason"),
});
const usagePointRoute = createRoute({
  method: "get",
  path: "/api/v1/usage-points/{id}",
  tags: ["meters"],
  summary: "A usage point: meter history, tariff, bills, exceptions, other meters of the place",
  request: { params: IdParam },
  responses: answers(200, UsagePointDetail, "The usage point"),
});
const billedRoute = createRoute({
  method: "get",
  path: "/api/v1/bills/{id}/lines/{line}/intervals",
  tags: ["bills"],
  summary: "The intervals behind a line, each with the version that the bill rests on",
  request: { params: z.object({ id: Identifier, line: Identifier }), query: PageQuery },
  responses: answers(200, BilledIntervalsPage, "A page of intervals"),
});
const meterCompletenessRoute = createRoute({
  method: "get",
  path: "/api/v1/completeness/meters",
  tags: ["overview"],
  summary: "What each meter has of a day, those first that lack most",
  request: { query: MeterCompletenessQuery },
  responses: answers(200, MeterCompletenessPage, "A page of meters"),
});
const lossesRoute = createRoute({
  method: "get",
  path: "/api/v1/losses",
  tags: ["settlement"],
  summary: "Balance, unaccounted energy and loading of feeders and transformers",
  request: { query: LossesQuery },
  responses: answers(200, LossesPage, "A page of feeders and transformers"),
});
const virtualListRoute = createRoute({
  method: "get",
  path: "/api/v1/virtual-channels",
  tags: ["settlement"],
  summary: "Channels that are computed from others, the latest version of each",
  request: { query: PageQuery },
  responses: answers(200, VirtualChannelsPage, "A page of virtual channels"),
});
const virtualKeepRoute = createRoute({
  method: "post",
  path: "/api/v1/virtual-channels",
  tags: ["settlement"],
  summary: "Keep a formula as the next version of its identifier",
  middleware: [requireRight("analysis")] as const,
  request: { headers: WriteHeaders, body: jsonBody(VirtualChannelDraft) },
  responses: answers(200, VirtualChannel, "The virtual channel"),
});
const virtualIntervalsRoute = createRoute({
  method: "get",
  path: "/api/v1/virtual-channels/{id}/intervals",
  tags: ["settlement"],
  summary: "A virtual channel over [from, to), computed now",
  request: { params: IdParam, query: VirtualIntervalsQuery },
  responses: answers(200, Intervals, "Values and qualities in columns"),
});

const SPAN_MAX_MS = INTERVALS_MAX * 900_000;

/** What stands behind the numbers. */
export function addInsightRoutes(app: OpenAPIHono<HttpEnv>, deps: RouteDeps): void {
  app.openapi(reasonRoute, async (c) => {
    const { id } = c.req.valid("param");
    const { channel, at, as_of: asOf } = c.req.valid("query");
    const asOfMs = asOf === undefined ? undefined : Date.parse(asOf);
    const reason = await analysisOf(deps).intervalReason({ meterId: id, channel, atMs: Date.parse(at), asOfMs });
    return c.json(found(reason, `interval of channel ${channel} of meter ${id} at ${at}`), 200);
  });
  app.openapi(usagePointRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(found(await analysisOf(deps).usagePoint(id), `usage point ${id}`), 200);
  });
  app.openapi(billedRoute, async (c) => {
    const { id, line } = c.req.valid("param");
    const page = found(
      await analysisOf(deps).billedIntervals({ billId: id, lineId: line }, c.req.valid("query")),
      `line ${line} of bill ${id}`,
    );
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  app.openapi(meterCompletenessRoute, async (c) => {
    const query = c.req.valid("query");
    const page = found(await analysisOf(deps).meterCompleteness(query), `day ${query.day}`);
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  addSettlementRoutes(app, deps);
}

function addSettlementRoutes(app: OpenAPIHono<HttpEnv>, deps: RouteDeps): void {
  app.openapi(lossesRoute, async (c) => {
    const page = await analysisOf(deps).losses(c.req.valid("query"));
    if (page === undefined) throw new ProblemError("bad-request", { errors: [{ pointer: "to", detail: "must be later than from" }] });
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  app.openapi(virtualListRoute, async (c) => {
    const page = await analysisOf(deps).virtualChannels(c.req.valid("query"));
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  app.openapi(virtualKeepRoute, async (c) => {
    const principal = c.get("principal");
    return c.json(settled(await analysisOf(deps).keepVirtualChannel(c.req.valid("json"), principal), "virtual channel"), 200);
  });
  app.openapi(virtualIntervalsRoute, async (c) => {
    const { id } = c.req.valid("param");
    const { from, to, as_of: asOf } = c.req.valid("query");
    const asOfMs = asOf === undefined ? undefined : Date.parse(asOf);
    const intervals = await analysisOf(deps).virtualIntervals({ id, ...timeRange(from, to, SPAN_MAX_MS), asOfMs });
    return c.json(found(intervals, `virtual channel ${id}`), 200);
  });
}
