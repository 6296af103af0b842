import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import {
  BackTestRequest,
  BackTestResult,
  BillComparison,
  DryRunBillsPage,
  DryRunDifferencesPage,
  DryRunRequest,
  DryRunResult,
  DryRunRowsQuery,
  Identifier,
  Job,
  JobCancellation,
  JobsPage,
  JobsQuery,
  PageQuery,
  RehearsalPointsPage,
  RehearsalPointsQuery,
  RehearsalRequest,
  RehearsalResult,
} from "@amity/api";
import { z } from "@hono/zod-openapi";
import { requireRight } from "../access/gatekeeping.ts";
import type { AnalysisApi } from "../analysis-ports.ts";
import type { HttpEnv } from "../env.ts";
import { ProblemError } from "../problems.ts";
import { answers, IdParam, jsonBody, WriteHeaders } from "./describe.ts";
import { found, linkNext } from "./meter-routes.ts";
import { settled } from "./outcome.ts";
import type { RouteDeps } from "./deps.ts";

const tags = ["analysis"];

const jobsRoute = createRoute({
  method: "get",
  path: "/api/v1/jobs",
  tags,
  summary: "Long computations over stored history, newest first",
  request: { query: JobsQuery },
  responses: answers(200, JobsPage, "A page of jobs"),
});
const jobRoute = createRoute({
  method: "get",
  path: "/api/v1/jobs/{id}",
  tags,
  summary: "One job and how far it is",
  request: { params: IdParam },
  responses: answers(200, Job, "The job"),
});
const cancelRoute = createRoute({
  method: "post",
  path: "/api/v1/jobs/{id}/cancellation",
  tags,
  summary: "Stop a job that waits or runs",
  middleware: [requireRight("analysis")] as const,
  request: { params: IdParam, headers: WriteHeaders, body: jsonBody(JobCancellation) },
  responses: answers(200, Job, "The job"),
});
const startDryRunRoute = createRoute({
  method: "post",
  path: "/api/v1/dry-runs",
  tags,
  summary: "Try a version of a rule set on stored history; nothing is stored",
  middleware: [requireRight("analysis")] as const,
  request: { headers: WriteHeaders, body: jsonBody(DryRunRequest) },
  responses: answers(202, Job, "The job"),
});
const dryRunRoute = createRoute({
  method: "get",
  path: "/api/v1/dry-runs/{id}",
  tags,
  summary: "What a dry run found; {id} is the job's",
  request: { params: IdParam },
  responses: answers(200, DryRunResult, "The result"),
});
const differencesRoute = createRoute({
  method: "get",
  path: "/api/v1/dry-runs/{id}/differences",
  tags,
  summary: "Which rule would flag newly, or no more, on which channel",
  request: { params: IdParam, query: DryRunRowsQuery },
  responses: answers(200, DryRunDifferencesPage, "A page of differences"),
});
const dryRunBillsRoute = createRoute({
  method: "get",
  path: "/api/v1/dry-runs/{id}/bills",
  tags,
  summary: "Bills that would change, the largest change first",
  request: { params: IdParam, query: PageQuery },
  responses: answers(200, DryRunBillsPage, "A page of bills"),
});
const startRehearsalRoute = createRoute({
  method: "post",
  path: "/api/v1/rehearsals",
  tags,
  summary: "Bill past usage under a tariff and a candidate; nothing is stored",
  middleware: [requireRight("analysis")] as const,
  request: { headers: WriteHeaders, body: jsonBody(RehearsalRequest) },
  responses: answers(202, Job, "The job"),
});
const rehearsalRoute = createRoute({
  method: "get",
  path: "/api/v1/rehearsals/{id}",
  tags,
  summary: "Who would pay more and who less; {id} is the job's",
  request: { params: IdParam },
  responses: answers(200, RehearsalResult, "The result"),
});
const pointsRoute = createRoute({
  method: "get",
  path: "/api/v1/rehearsals/{id}/points",
  tags,
  summary: "Usage points of a rehearsal by the change of their bill",
  request: { params: IdParam, query: RehearsalPointsQuery },
  responses: answers(200, RehearsalPointsPage, "A page of usage points"),
});
const comparisonRoute = createRoute({
  method: "get",
  path: "/api/v1/rehearsals/{id}/points/{usagePoint}",
  tags,
  summary: "One usage point's two bills, line by line",
  request: { params: z.object({ id: Identifier, usagePoint: Identifier }) },
  responses: answers(200, BillComparison, "The comparison"),
});
const startBackTestRoute = createRoute({
  method: "post",
  path: "/api/v1/back-tests",
  tags,
  summary: "Hide measured values and score each estimator on them; nothing is stored",
  middleware: [requireRight("analysis")] as const,
  request: { headers: WriteHeaders, body: jsonBody(BackTestRequest) },
  responses: answers(202, Job, "The job"),
});
const backTestRoute = createRoute({
  method: "get",
  path: "/api/v1/back-tests/{id}",
  tags,
  summary: "Scores by channel class and length of the hole, and the plan that follows; {id} is the job's",
  request: { params: IdParam },
  responses: answers(200, BackTestResult, "The result"),
});

/** What an analyst works with. @throws ProblemError `not-supported` where the utility has none of it. */
export function analysisOf({ utility }: Pick<RouteDeps, "utility">): AnalysisApi {
  if (utility.analysis === undefined)
    throw new ProblemError("not-supported", { detail: "This utility keeps no rules and tariffs of its own." });
  return utility.analysis;
}

/** Jobs, and dry runs, rehearsals and back-tests as jobs. */
export function addJobRoutes(app: OpenAPIHono<HttpEnv>, deps: RouteDeps): void {
  app.openapi(jobsRoute, async (c) => {
    const page = await analysisOf(deps).jobs(c.req.valid("query"));
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  app.openapi(jobRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(found(await analysisOf(deps).job(id), `job ${id}`), 200);
  });
  app.openapi(cancelRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(settled(await analysisOf(deps).cancelJob(id), `job ${id}`), 200);
  });
  addDryRunRoutes(app, deps);
  addRehearsalRoutes(app, deps);
  addBackTestRoutes(app, deps);
}

function addDryRunRoutes(app: OpenAPIHono<HttpEnv>, deps: RouteDeps): void {
  app.openapi(startDryRunRoute, async (c) => {
    const ask = c.req.valid("json");
    const principal = c.get("principal");
    const job = settled(await analysisOf(deps).startDryRun(ask, principal), `version ${ask.version} of rule set ${ask.ruleSet}`);
    c.header("location", `/api/v1/jobs/${job.id}`);
    return c.json(job, 202);
  });
  app.openapi(dryRunRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(found(await analysisOf(deps).dryRun(id), `result of a dry run ${id}`), 200);
  });
  app.openapi(differencesRoute, async (c) => {
    const { id } = c.req.valid("param");
    const page = found(await analysisOf(deps).dryRunDifferences(id, c.req.valid("query")), `result of a dry run ${id}`);
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  app.openapi(dryRunBillsRoute, async (c) => {
    const { id } = c.req.valid("param");
    const page = found(await analysisOf(deps).dryRunBills(id, c.req.valid("query")), `result of a dry run ${id}`);
    linkNext(c, page.next);
    return c.json(page, 200);
  });
}

function addRehearsalRoutes(app: OpenAPIHono<HttpEnv>, deps: RouteDeps): void {
  app.openapi(startRehearsalRoute, async (c) => {
    const ask = c.req.valid("json");
    const principal = c.get("principal");
    const job = settled(await analysisOf(deps).startRehearsal(ask, principal), `tariff ${ask.tariff} or candidate ${ask.candidate}`);
    c.header("location", `/api/v1/jobs/${job.id}`);
    return c.json(job, 202);
  });
  app.openapi(rehearsalRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(found(await analysisOf(deps).rehearsal(id), `result of a rehearsal ${id}`), 200);
  });
  app.openapi(pointsRoute, async (c) => {
    const { id } = c.req.valid("param");
    const page = found(await analysisOf(deps).rehearsalPoints(id, c.req.valid("query")), `result of a rehearsal ${id}`);
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  app.openapi(comparisonRoute, async (c) => {
    const { id, usagePoint } = c.req.valid("param");
    return c.json(found(await analysisOf(deps).rehearsedBill(id, usagePoint), `usage point ${usagePoint} in a rehearsal ${id}`), 200);
  });
}

function addBackTestRoutes(app: OpenAPIHono<HttpEnv>, deps: RouteDeps): void {
  app.openapi(startBackTestRoute, async (c) => {
    const ask = c.req.valid("json");
    const principal = c.get("principal");
    const job = settled(await analysisOf(deps).startBackTest(ask, principal), `estimation plan ${ask.plan} in force`);
    c.header("location", `/api/v1/jobs/${job.id}`);
    return c.json(job, 202);
  });
  app.openapi(backTestRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(found(await analysisOf(deps).backTest(id), `result of a back-test ${id}`), 200);
  });
}
