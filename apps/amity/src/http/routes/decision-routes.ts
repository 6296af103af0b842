import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import {
  Assignment,
  AssignmentResult,
  ClustersPage,
  ClustersQuery,
  DayVersions,
  DayVersionsQuery,
  Decision,
  DecisionPreview,
  DecisionPreviewRequest,
  DecisionRequest,
  DecisionReview,
  DecisionsPage,
  DecisionsQuery,
  ExceptionCluster,
  People,
  ROLE_RIGHTS,
} from "@amity/api";
import { requireRight } from "../access/gatekeeping.ts";
import type { HttpEnv } from "../env.ts";
import { answers, IdParam, jsonBody, WriteHeaders } from "./describe.ts";
import { found, linkNext } from "./meter-routes.ts";
import { settled } from "./outcome.ts";
import type { RouteDeps } from "./deps.ts";

const exceptions = ["exceptions"];
const decisions = ["decisions"];

const clustersRoute = createRoute({
  method: "get",
  path: "/api/v1/exception-clusters",
  tags: exceptions,
  summary: "Exceptions by cause, ranked by the money at stake and the next bill",
  request: { query: ClustersQuery },
  responses: answers(200, ClustersPage, "A page of clusters"),
});
const clusterRoute = createRoute({
  method: "get",
  path: "/api/v1/exception-clusters/{id}",
  tags: exceptions,
  summary: "One cluster; its members are the exceptions with `cluster={id}`",
  request: { params: IdParam, query: ClustersQuery.pick({ state: true }) },
  responses: answers(200, ExceptionCluster, "The cluster"),
});
const assignRoute = createRoute({
  method: "post",
  path: "/api/v1/exception-assignments",
  tags: exceptions,
  summary: "Give exceptions to a person, or take them back",
  middleware: [requireRight("exceptions")] as const,
  request: { headers: WriteHeaders, body: jsonBody(Assignment) },
  responses: answers(200, AssignmentResult, "How many changed hands"),
});
const peopleRoute = createRoute({
  method: "get",
  path: "/api/v1/people",
  tags: exceptions,
  summary: "Who may decide over exceptions",
  responses: answers(200, People, "The people"),
});
const previewRoute = createRoute({
  method: "post",
  path: "/api/v1/decision-previews",
  tags: decisions,
  summary: "What a decision would change: intervals, energy, money, bills. Nothing is changed",
  middleware: [requireRight("exceptions")] as const,
  request: { headers: WriteHeaders, body: jsonBody(DecisionPreviewRequest) },
  responses: answers(200, DecisionPreview, "The preview"),
});
const decideRoute = createRoute({
  method: "post",
  path: "/api/v1/decisions",
  tags: decisions,
  summary: "Decide; above a limit it waits for a second person. Follow the Location, or the stream's decision events",
  middleware: [requireRight("exceptions")] as const,
  request: { headers: WriteHeaders, body: jsonBody(DecisionRequest) },
  responses: answers(202, Decision, "The decision as it stands now"),
});
const listRoute = createRoute({
  method: "get",
  path: "/api/v1/decisions",
  tags: decisions,
  summary: "Decisions, newest first; `state=waiting` for those that wait for a second person",
  request: { query: DecisionsQuery },
  responses: answers(200, DecisionsPage, "A page of decisions"),
});
const decisionRoute = createRoute({
  method: "get",
  path: "/api/v1/decisions/{id}",
  tags: decisions,
  summary: "One decision",
  request: { params: IdParam },
  responses: answers(200, Decision, "The decision"),
});
const reviewRoute = createRoute({
  method: "post",
  path: "/api/v1/decisions/{id}/review",
  tags: decisions,
  summary: "A second person approves or rejects, or the author withdraws; nobody approves his own",
  middleware: [requireRight("exceptions")] as const,
  request: { params: IdParam, headers: WriteHeaders, body: jsonBody(DecisionReview) },
  responses: answers(202, Decision, "The decision as it stands now"),
});
const versionsRoute = createRoute({
  method: "get",
  path: "/api/v1/meters/{id}/versions",
  tags: ["meters"],
  summary: "Every version of a civil day of a channel: who, why, by which rules, when, and what it changed",
  request: { params: IdParam, query: DayVersionsQuery },
  responses: answers(200, DayVersions, "The versions, newest first"),
});

/** Decisions over exceptions and intervals, and what they leave behind. */
export function addDecisionRoutes(app: OpenAPIHono<HttpEnv>, { utility, sessions, identities }: RouteDeps): void {
  const { decisions: desk } = utility;
  app.openapi(clustersRoute, async (c) => {
    const page = await desk.clusters(c.req.valid("query"));
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  app.openapi(clusterRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(found(await desk.cluster(id, c.req.valid("query")), `cluster ${id}`), 200);
  });
  app.openapi(assignRoute, async (c) => {
    const principal = c.get("principal");
    return c.json(settled(await desk.assign(c.req.valid("json"), principal), "cluster"), 200);
  });
  app.openapi(peopleRoute, (c) => {
    const people = [...sessions.people(), ...identities].filter(({ role }) => ROLE_RIGHTS[role].includes("exceptions"));
    return c.json({ people: people.map(({ user, role }) => ({ name: user, role })) }, 200);
  });
  app.openapi(previewRoute, async (c) => {
    return c.json(settled(await desk.preview(c.req.valid("json").ask), "meter, cluster or decision of that name"), 200);
  });
  app.openapi(decideRoute, async (c) => {
    const principal = c.get("principal");
    const decision = settled(await desk.decide(c.req.valid("json"), principal), "meter, cluster or decision of that name");
    c.header("location", `/api/v1/decisions/${encodeURIComponent(decision.id)}`);
    return c.json(decision, 202);
  });
  app.openapi(listRoute, async (c) => {
    const page = await desk.decisions(c.req.valid("query"));
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  app.openapi(decisionRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(found(await desk.decision(id), `decision ${id}`), 200);
  });
  app.openapi(reviewRoute, async (c) => {
    const { id } = c.req.valid("param");
    const principal = c.get("principal");
    return c.json(settled(await desk.review(id, c.req.valid("json"), principal), `decision ${id}`), 202);
  });
  app.openapi(versionsRoute, async (c) => {
    const { id } = c.req.valid("param");
    const query = c.req.valid("query");
    return c.json(found(await desk.dayVersions(id, query), `channel ${query.channel} of meter ${id}`), 200);
  });
}
