import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import {
  CandidateDetail,
  CandidateDraft,
  EstimationPlanDetail,
  Identifier,
  PageQuery,
  PlanAdoption,
  RuleActivation,
  RuleSetDetail,
  RuleSetDraft,
  RuleSetsPage,
  TariffCandidate,
  TariffCandidatesPage,
  TariffDetail,
  TariffPublication,
  TariffsPage,
} from "@amity/api";
import { z } from "@hono/zod-openapi";
import { requireRight } from "../access/gatekeeping.ts";
import type { HttpEnv } from "../env.ts";
import { answers, IdParam, jsonBody, WriteHeaders } from "./describe.ts";
import { analysisOf } from "./job-routes.ts";
import { found, linkNext } from "./meter-routes.ts";
import { settled } from "./outcome.ts";
import type { RouteDeps } from "./deps.ts";

const tags = ["analysis"];
const VersionParam = z.object({ id: Identifier, version: z.coerce.number().int().positive() });

const ruleSetsRoute = createRoute({
  method: "get",
  path: "/api/v1/rule-sets",
  tags,
  summary: "Rule sets with their versions",
  request: { query: PageQuery },
  responses: answers(200, RuleSetsPage, "A page of rule sets"),
});
const ruleSetRoute = createRoute({
  method: "get",
  path: "/api/v1/rule-sets/{id}/versions/{version}",
  tags,
  summary: "One version: its rules, and the kinds that rules can be of",
  request: { params: VersionParam },
  responses: answers(200, RuleSetDetail, "The version"),
});
const draftRoute = createRoute({
  method: "post",
  path: "/api/v1/rule-sets/{id}/versions",
  tags,
  summary: "Keep the next version as a draft; faults are told by pointers into the body",
  middleware: [requireRight("analysis")] as const,
  request: { params: IdParam, headers: WriteHeaders, body: jsonBody(RuleSetDraft) },
  responses: answers(200, RuleSetDetail, "The draft"),
});
const activationRoute = createRoute({
  method: "post",
  path: "/api/v1/rule-sets/{id}/versions/{version}/activation",
  tags,
  summary: "Let a version rule the data from a day on",
  middleware: [requireRight("analysis")] as const,
  request: { params: VersionParam, headers: WriteHeaders, body: jsonBody(RuleActivation) },
  responses: answers(200, RuleSetDetail, "The version"),
});
const planRoute = createRoute({
  method: "get",
  path: "/api/v1/estimation-plans/{id}",
  tags,
  summary: "An estimation plan: versions, and the steps in force",
  request: { params: IdParam },
  responses: answers(200, EstimationPlanDetail, "The plan"),
});
const adoptionRoute = createRoute({
  method: "post",
  path: "/api/v1/estimation-plans/{id}/adoption",
  tags,
  summary: "Take over what a back-test recommends, from a day on",
  middleware: [requireRight("analysis")] as const,
  request: { params: IdParam, headers: WriteHeaders, body: jsonBody(PlanAdoption) },
  responses: answers(200, EstimationPlanDetail, "The plan"),
});
const tariffsRoute = createRoute({
  method: "get",
  path: "/api/v1/tariffs",
  tags,
  summary: "Published tariffs with their versions",
  request: { query: PageQuery },
  responses: answers(200, TariffsPage, "A page of tariffs"),
});
const tariffRoute = createRoute({
  method: "get",
  path: "/api/v1/tariffs/{id}",
  tags,
  summary: "One tariff with its document",
  request: { params: IdParam },
  responses: answers(200, TariffDetail, "The tariff"),
});
const candidatesRoute = createRoute({
  method: "get",
  path: "/api/v1/tariff-candidates",
  tags,
  summary: "Tariffs that are only tried, newest first",
  request: { query: PageQuery },
  responses: answers(200, TariffCandidatesPage, "A page of candidates"),
});
const candidateRoute = createRoute({
  method: "get",
  path: "/api/v1/tariff-candidates/{id}",
  tags,
  summary: "One candidate with its document",
  request: { params: IdParam },
  responses: answers(200, CandidateDetail, "The candidate"),
});
const keepRoute = createRoute({
  method: "post",
  path: "/api/v1/tariff-candidates",
  tags,
  summary: "Keep a tariff document as a candidate, every field checked",
  middleware: [requireRight("analysis")] as const,
  request: { headers: WriteHeaders, body: jsonBody(CandidateDraft) },
  responses: answers(200, CandidateDetail, "The candidate"),
});
const dropRoute = createRoute({
  method: "delete",
  path: "/api/v1/tariff-candidates/{id}",
  tags,
  summary: "Drop a candidate",
  middleware: [requireRight("analysis")] as const,
  request: { params: IdParam, headers: WriteHeaders },
  responses: answers(200, TariffCandidate, "What was dropped"),
});
const publicationRoute = createRoute({
  method: "post",
  path: "/api/v1/tariff-candidates/{id}/publication",
  tags,
  summary: "Publish a candidate; versions that are published stay as they are",
  middleware: [requireRight("analysis")] as const,
  request: { params: IdParam, headers: WriteHeaders, body: jsonBody(TariffPublication) },
  responses: answers(200, TariffDetail, "The tariff"),
});

/** Rule sets, estimation plans and tariffs as versioned data. */
export function addAnalysisRoutes(app: OpenAPIHono<HttpEnv>, deps: RouteDeps): void {
  addRuleRoutes(app, deps);
  addPlanRoutes(app, deps);
  addTariffRoutes(app, deps);
  addCandidateRoutes(app, deps);
}

function addRuleRoutes(app: OpenAPIHono<HttpEnv>, deps: RouteDeps): void {
  app.openapi(ruleSetsRoute, async (c) => {
    const page = await analysisOf(deps).ruleSets(c.req.valid("query"));
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  app.openapi(ruleSetRoute, async (c) => {
    const { id, version } = c.req.valid("param");
    return c.json(found(await analysisOf(deps).ruleSet(id, version), `version ${version} of rule set ${id}`), 200);
  });
  app.openapi(draftRoute, async (c) => {
    const { id } = c.req.valid("param");
    const principal = c.get("principal");
    return c.json(settled(await analysisOf(deps).draftRuleSet(id, c.req.valid("json"), principal), `rule set ${id}`), 200);
  });
  app.openapi(activationRoute, async (c) => {
    const { id, version } = c.req.valid("param");
    const principal = c.get("principal");
    const outcome = await analysisOf(deps).activateRuleSet(id, version, c.req.valid("json"), principal);
    return c.json(settled(outcome, `version ${version} of rule set ${id}`), 200);
  });
}

function addPlanRoutes(app: OpenAPIHono<HttpEnv>, deps: RouteDeps): void {
  app.openapi(planRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(found(await analysisOf(deps).estimationPlan(id), `estimation plan ${id}`), 200);
  });
  app.openapi(adoptionRoute, async (c) => {
    const { id } = c.req.valid("param");
    const principal = c.get("principal");
    const outcome = await analysisOf(deps).adoptPlan(id, c.req.valid("json"), principal);
    return c.json(settled(outcome, `result of a back-test of estimation plan ${id}`), 200);
  });
}

function addTariffRoutes(app: OpenAPIHono<HttpEnv>, deps: RouteDeps): void {
  app.openapi(tariffsRoute, async (c) => {
    const page = await analysisOf(deps).tariffs(c.req.valid("query"));
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  app.openapi(tariffRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(found(await analysisOf(deps).tariff(id), `tariff ${id}`), 200);
  });
}

function addCandidateRoutes(app: OpenAPIHono<HttpEnv>, deps: RouteDeps): void {
  app.openapi(candidatesRoute, async (c) => {
    const page = await analysisOf(deps).candidates(c.req.valid("query"));
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  app.openapi(candidateRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(found(await analysisOf(deps).candidate(id), `candidate ${id}`), 200);
  });
  app.openapi(keepRoute, async (c) => {
    const principal = c.get("principal");
    return c.json(settled(await analysisOf(deps).keepCandidate(c.req.valid("json"), principal), "candidate"), 200);
  });
  app.openapi(dropRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(settled(await analysisOf(deps).dropCandidate(id), `candidate ${id}`), 200);
  });
  app.openapi(publicationRoute, async (c) => {
    const { id } = c.req.valid("param");
    const principal = c.get("principal");
    return c.json(settled(await analysisOf(deps).publishCandidate(id, c.req.valid("json"), principal), `candidate ${id}`), 200);
  });
}
