import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { Command, CommandApproval, CommandCancellation, CommandRequest, CommandsPage, CommandsQuery } from "@amity/api";
import { checkRight, requireRight } from "../access/gatekeeping.ts";
import type { HttpEnv } from "../env.ts";
import { answers, IdParam, jsonBody, optionalJsonBody, WriteHeaders } from "./describe.ts";
import { found, linkNext } from "./meter-routes.ts";
import { settled } from "./outcome.ts";
import type { RouteDeps } from "./deps.ts";

const tags = ["commands"];

const listRoute = createRoute({
  method: "get",
  path: "/api/v1/commands",
  tags,
  summary: "Commands, newest first",
  request: { query: CommandsQuery },
  responses: answers(200, CommandsPage, "A page of commands"),
});
const commandRoute = createRoute({
  method: "get",
  path: "/api/v1/commands/{id}",
  tags,
  summary: "State of one command",
  request: { params: IdParam },
  responses: answers(200, Command, "The command"),
});
const requestRoute = createRoute({
  method: "post",
  path: "/api/v1/commands",
  tags,
  summary: "Ask something of a meter; follow the Location, or the stream's command events",
  middleware: [requireRight("command")] as const,
  request: { headers: WriteHeaders, body: jsonBody(CommandRequest) },
  responses: answers(202, Command, "Accepted: the command as it stands now"),
});
const approveRoute = createRoute({
  method: "post",
  path: "/api/v1/commands/{id}/approval",
  tags,
  summary: "A second person's yes to a command that waits for one; nobody approves his own",
  middleware: [requireRight("critical-command")] as const,
  request: { params: IdParam, headers: WriteHeaders, body: jsonBody(CommandApproval) },
  responses: answers(200, Command, "The command"),
});
const cancelRoute = createRoute({
  method: "post",
  path: "/api/v1/commands/{id}/cancel",
  tags,
  summary: "A second person's no, or the requester's own change of mind, while it was not sent",
  middleware: [requireRight("command")] as const,
  request: { params: IdParam, headers: WriteHeaders, body: optionalJsonBody(CommandCancellation) },
  responses: answers(200, Command, "The command"),
});

/** What changes something at the meter, or for the people behind it. A message harms nobody. */
const CRITICAL: ReadonlySet<string> = new Set([
  "disconnect",
  "connect",
  "setClock",
  "limit",
  "tariff",
  "changeKeys",
  "renewCertificate",
  "updateFirmware",
  "setPushSchedule",
  "resetDemand",
  "token",
]);

/** Commands are resources: 202 with their address, then their state. */
export function addCommandRoutes(app: OpenAPIHono<HttpEnv>, { utility }: RouteDeps): void {
  app.openapi(listRoute, async (c) => {
    const page = await utility.commands(c.req.valid("query"));
    linkNext(c, page.next);
    return c.json(page, 200);
  });
  app.openapi(commandRoute, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(found(await utility.command(id), `command ${id}`), 200);
  });
  app.openapi(requestRoute, async (c) => {
    const request = c.req.valid("json");
    const critical = CRITICAL.has(request.control.kind);
    const principal = critical ? checkRight(c.get("principal"), "critical-command") : c.get("principal");
    const command = settled(await utility.requestCommand(request, principal), `meter ${request.meterId}`);
    c.header("location", `/api/v1/commands/${encodeURIComponent(command.commandId)}`);
    return c.json(command, 202);
  });
  app.openapi(approveRoute, async (c) => {
    const { id } = c.req.valid("param");
    const principal = c.get("principal");
    return c.json(settled(await utility.approveCommand(id, c.req.valid("json"), principal), `command ${id}`), 200);
  });
  app.openapi(cancelRoute, async (c) => {
    const { id } = c.req.valid("param");
    const principal = c.get("principal");
    return c.json(
      settled(await utility.cancelCommand(id, CommandCancellation.parse(c.req.valid("json")), principal), `command ${id}`),
      200,
    );
  });
}
