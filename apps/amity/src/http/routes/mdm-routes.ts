import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import {
  Bill,
  BillRelease,
  BillSummary,
  BillsPage,
  BillsQuery,
  ExceptionDetail,
  ExceptionResolution,
  ExceptionsPage,
  ExceptionsQuery,
  VeeException,
} from "@amity/api";
import { requireRight } from "../access/gatekeeping.ts";
import type { HttpEnv } from "../env.ts";
import { answers, IdParam, jsonBody, WriteHeaders } from "./describe.ts";
import { found, linkNext } from "./meter-routes.ts";
import { settled } from "./outcome.ts";
import type { RouteDeps } from "./deps.ts";

const exceptionsRoute = createRoute({
  method: "get",
  path: "/api/v1/exceptions",
  tags: ["exceptions"],
  summary: "Findings of validation that wait for a person",
  request: { query: ExceptionsQuery },
  responses: answers(200, ExceptionsPage, "A page of exceptions"),
});
const exceptionRoute = createRoute({
  method: "get",
  path: "/api/v1/exceptions/{id}",
  tags: ["exceptions"],
  summary: "One exception with the curve around it and the estimate proposed",
  request: { params: IdParam },
  responses: answers(200, ExceptionDetail, "The exception"),
});
const resolveRoute = createRoute({
  method: "post",
  path: "/api/v1/exceptions/{id}/resolution",
  tags: ["exceptions"],
  summary: "Accept the values, put the estimate in their place, or set the finding aside",
  middleware: [requireRight("exceptions")] as const,
  request: { params: IdParam, headers: WriteHeaders, body: jsonBody(ExceptionResolution) },
  responses: answers(200, VeeException, "The exception"),
});
const billsRoute = createRoute({
  method: "get",
  path: "/api/v1/bills",
  tags: ["bills"],
  summary: "Bills, newest first",
  request: { query: BillsQuery },
  responses: answers(200, BillsPage, "A page of bills"),
});
const billRoute = createRoute({
  method: "get",
  path: "/api/v1/bills/{id}",
  tags: ["bills"],
  summary: "One bill; its lines lead to the intervals behind them",
  request: { params: IdParam },
  responses: answers(200, Bill, "The bill"),
});

const releaseRoute = createRoute({
  method: "post",
  path: "/api/v1/bills/{id}/release",
  tags: ["bills"],
  summary: "Let a held bill go out; the reason is kept with it",
  middleware: [requireRight("exceptions")] as const,
  request: { params: IdParam, headers: WriteHeaders, body: jsonBody(BillRelease) },
  responses: answers(200, BillSummary, "The bill"),
});

/** The exceptions queue and bills. */
export function addMdmRoutes(app: OpenAPIHono<HttpEnv>, { utility }: RouteDeps): void {
  app.openapi(exceptionsRoute, async (c) => {
    const page = await utility.exceptions(c.req.valid("query"));
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  app.openapi(exceptionRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(found(await utility.exception(id), `exception ${id}`), 200);
  });
  app.openapi(resolveRoute, async (c) => {
    const { id } = c.req.valid("param");
    const principal = c.get("principal");
    return c.json(settled(await utility.resolveException(id, c.req.valid("json"), principal), `exception ${id}`), 200);
  });
  app.openapi(billsRoute, async (c) => {
    const page = await utility.bills(c.req.valid("query"));
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  app.openapi(billRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(found(await utility.bill(id), `bill ${id}`), 200);
  });
  app.openapi(releaseRoute, async (c) => {
    const { id } = c.req.valid("param");
    const principal = c.get("principal");
    return c.json(settled(await utility.releaseBill(id, c.req.valid("json"), principal), `bill ${id}`), 200);
  });
}
