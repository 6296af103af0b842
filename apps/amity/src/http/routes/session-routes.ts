import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { IdentityChoice, LoginRequest, ROLE_RIGHTS, Session } from "@amity/api";
import { IDENTITY_COOKIE, SESSION_COOKIE } from "../access/gatekeeping.ts";
import { ProblemError } from "../problems.ts";
import type { HttpEnv } from "../env.ts";
import type { Principal } from "../ports.ts";
import { answers, jsonBody } from "./describe.ts";
import type { RouteDeps } from "./deps.ts";

const tags = ["session"];

const whoRoute = createRoute({
  method: "get",
  path: "/api/v1/session",
  tags,
  summary: "Who is signed in, and what installation this is",
  responses: answers(200, Session, "The session"),
});
const loginRoute = createRoute({
  method: "post",
  path: "/api/v1/login",
  tags,
  summary: "Sign in; sets the session cookie",
  request: { body: jsonBody(LoginRequest) },
  responses: answers(200, Session, "The session"),
});
const identityRoute = createRoute({
  method: "post",
  path: "/api/v1/session/identity",
  tags,
  summary: "Be another of the demo's people, where nobody signs in",
  request: { body: jsonBody(IdentityChoice) },
  responses: answers(200, Session, "The session"),
});
const logoutRoute = createRoute({
  method: "post",
  path: "/api/v1/logout",
  tags,
  summary: "Sign out",
  responses: answers(200, z.object({ signedOut: z.boolean() }), "Done"),
});

/** Session, login and logout. Login failures are limited by address and by name. */
export function addSessionRoutes(app: OpenAPIHono<HttpEnv>, deps: RouteDeps): void {
  app.openapi(whoRoute, (c) => {
    const principal = c.get("principal");
    if (principal === undefined) throw new ProblemError("unauthenticated");
    return c.json(sessionOf(deps, principal, c.get("automatic")), 200);
  });

  app.openapi(loginRoute, (c) => {
    const { name, password } = c.req.valid("json");
    const address = remoteAddress(c);
    const keys = [`address ${address}`, `name ${name}`];
    // Of a name that is nobody's nothing is written: it may be a password, typed into the wrong field.
    const user = deps.sessions.people().some((person) => person.user === name) ? name : "unknown";
    const waitSeconds = Math.max(...keys.map((key) => deps.loginLimit.take(key)));
    if (waitSeconds > 0) {
      deps.log.warn("login-refused", { user, address, reason: "too-many-attempts" });
      throw new ProblemError("too-many-requests", { detail: "Too many attempts to sign in.", retryAfterSeconds: waitSeconds });
    }
    const token = deps.sessions.open(name, password);
    const principal = token === undefined ? undefined : deps.sessions.find(token);
    if (token === undefined || principal === undefined) {
      deps.log.warn("login-refused", { user, address, reason: "wrong-name-or-password" });
      throw new ProblemError("unauthenticated", { detail: "The name or the password is wrong." });
    }
    deps.log.info("login", { user, address });
    // Whoever signs in again leaves no open session behind.
    const former = getCookie(c, SESSION_COOKIE);
    if (former !== undefined) deps.sessions.close(former);
    for (const key of keys) deps.loginLimit.clear(key);
    const secure = new URL(c.req.url).protocol === "https:" || c.req.header("x-forwarded-proto") === "https";
    setCookie(c, SESSION_COOKIE, token, { httpOnly: true, sameSite: "Strict", path: "/", secure });
    return c.json(sessionOf(deps, principal, false), 200);
  });

  app.openapi(identityRoute, (c) => {
    const { name } = c.req.valid("json");
    const identity = deps.identities.find(({ user }) => user === name);
    if (identity === undefined) throw new ProblemError("not-found", { detail: `Nobody here is ${name} without signing in.` });
    setCookie(c, IDENTITY_COOKIE, name, { httpOnly: true, sameSite: "Strict", path: "/" });
    return c.json(sessionOf(deps, identity, true), 200);
  });

  app.openapi(logoutRoute, (c) => {
    const token = getCookie(c, SESSION_COOKIE);
    if (token !== undefined) deps.sessions.close(token);
    deleteCookie(c, SESSION_COOKIE, { path: "/" });
    return c.json({ signedOut: token !== undefined }, 200);
  });
}

function sessionOf(deps: RouteDeps, principal: Principal, automatic: boolean): Session {
  const facts = deps.utility.facts();
  return {
    user: principal.user,
    role: principal.role,
    rights: [...ROLE_RIGHTS[principal.role]],
    automatic,
    identities: automatic ? deps.identities.map(({ user }) => user) : [],
    utility: { ...facts, approvalFor: [...facts.approvalFor] },
  };
}

/** The peer's address; in-process requests have none. */
function remoteAddress(c: Context): string {
  try {
    return getConnInfo(c).remote.address ?? "unknown";
  } catch {
    return "in-process";
  }
}
