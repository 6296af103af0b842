import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { FeederState, FeederSwitch, SpeedChange } from "@amity/api";
import { requireRight } from "../access/gatekeeping.ts";
import type { HttpEnv } from "../env.ts";
import { answers, IdParam, jsonBody, WriteHeaders } from "./describe.ts";
import { settled } from "./outcome.ts";
import type { RouteDeps } from "./deps.ts";

const tags = ["demo"];

const feederRoute = createRoute({
  method: "put",
  path: "/api/v1/demo/feeders/{id}",
  tags,
  summary: "Cut or restore a feeder of the simulated network",
  middleware: [requireRight("demo")] as const,
  request: { params: IdParam, headers: WriteHeaders, body: jsonBody(FeederSwitch) },
  responses: answers(200, FeederState, "The feeder"),
});
const speedRoute = createRoute({
  method: "put",
  path: "/api/v1/demo/speed",
  tags,
  summary: "Change how fast the simulated utility's clock runs",
  middleware: [requireRight("demo")] as const,
  request: { headers: WriteHeaders, body: jsonBody(SpeedChange) },
  responses: answers(200, SpeedChange, "The speed"),
});

/** Controls of the demo utility. */
export function addDemoRoutes(app: OpenAPIHono<HttpEnv>, { utility }: RouteDeps): void {
  app.openapi(feederRoute, async (c) => {
    const { id } = c.req.valid("param");
    const principal = c.get("principal");
    return c.json(settled(await utility.switchFeeder(id, c.req.valid("json").state, principal), `feeder ${id}`), 200);
  });
  app.openapi(speedRoute, async (c) => {
    const principal = c.get("principal");
    return c.json(settled(await utility.setSpeed(c.req.valid("json").speed, principal), "simulated clock"), 200);
  });
}
