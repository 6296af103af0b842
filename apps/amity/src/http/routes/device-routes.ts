import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { FleetRegistration, RegistrationReport, WirelessStrangers } from "@amity/api";
import { requireRight } from "../access/gatekeeping.ts";
import type { HttpEnv } from "../env.ts";
import { answers, jsonBody, WriteHeaders } from "./describe.ts";
import type { RouteDeps } from "./deps.ts";

const registerRoute = createRoute({
  method: "post",
  path: "/api/v1/devices",
  tags: ["meters"],
  summary: "Register meters and concentrators of the own fleet; entries are judged one by one, the same again changes nothing",
  middleware: [requireRight("fleet")] as const,
  request: { headers: WriteHeaders, body: jsonBody(FleetRegistration) },
  responses: answers(200, RegistrationReport, "What became of it: how many were added and changed, and what is wrong with the others"),
});

const strangersRoute = createRoute({
  method: "get",
  path: "/api/v1/wireless-strangers",
  tags: ["meters"],
  summary: "Wireless meters that concentrators hear and nobody registered: register one by its address to bind it",
  middleware: [requireRight("fleet")] as const,
  responses: answers(200, WirelessStrangers, "Who is heard where"),
});

/** Registration of devices. What is registered is listed with the meters. */
export function addDeviceRoutes(app: OpenAPIHono<HttpEnv>, { utility }: RouteDeps): void {
  app.openapi(registerRoute, async (c) => c.json(await utility.registerFleet(c.req.valid("json")), 200));
  app.openapi(strangersRoute, async (c) => c.json(await utility.wirelessStrangers(), 200));
}
