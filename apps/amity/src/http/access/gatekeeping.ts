import { getCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import { ROLE_RIGHTS, type Right } from "@amity/api";
import { ProblemError } from "../problems.ts";
import type { GrantedEnv, HttpEnv } from "../env.ts";
import type { AccessPlan } from "./binding.ts";
import type { Principal } from "../ports.ts";
import type { Sessions } from "./sessions.ts";

export const SESSION_COOKIE = "amity_session";

/** Names the identity that a browser took where nobody signs in. It grants nothing that the request would not have without it. */
export const IDENTITY_COOKIE = "amity_identity";

/** Finds out who asks: the session's user, or one of the plan's identities, or nobody. */
export function identify(sessions: Sessions, plan: AccessPlan) {
  return createMiddleware<HttpEnv>(async (c, next) => {
    const token = getCookie(c, SESSION_COOKIE);
    const principal = token === undefined ? undefined : sessions.find(token);
    const taken = getCookie(c, IDENTITY_COOKIE);
    const identity = plan.identities.find(({ user }) => user === taken) ?? plan.identities[0];
    c.set("principal", principal ?? identity);
    c.set("automatic", principal === undefined && identity !== undefined);
    await next();
  });
}

/** Ends the request with 401 or 403 unless the principal's role holds the right: before its parameters and body are looked at. */
export function requireRight(right: Right) {
  return createMiddleware<GrantedEnv>(async (c, next) => {
    checkRight(c.get("principal"), right);
    await next();
  });
}

/** @throws ProblemError `unauthenticated` or `forbidden`. */
export function checkRight(principal: Principal | undefined, right: Right): Principal {
  if (principal === undefined) throw new ProblemError("unauthenticated", { advice: "Sign in at /login." });
  if (!ROLE_RIGHTS[principal.role].includes(right)) {
    throw new ProblemError("forbidden", { detail: `The role ${principal.role} does not hold the right ${right}.` });
  }
  return principal;
}

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses what another site's page makes a browser send: a foreign `Host` on loopback (DNS rebinding), and unsafe methods
 * whose `Origin` or `Sec-Fetch-Site` is not our own. Programs that send neither header pass.
 */
export function refuseForeignOrigins(plan: AccessPlan) {
  return createMiddleware<HttpEnv>(async (c, next) => {
    const host = c.req.header("host") ?? new URL(c.req.url).host;
    if (plan.hostNames !== undefined && !plan.hostNames.includes(host.replace(/:\d+$/, ""))) {
      throw new ProblemError("misdirected-host", {
        detail: `This server does not answer for ${host}.`,
        advice: "Use http://127.0.0.1 or http://localhost.",
      });
    }
    if (!SAFE_METHODS.has(c.req.method)) {
      const origin = c.req.header("origin");
      const site = c.req.header("sec-fetch-site");
      const foreignSite = site !== undefined && site !== "same-origin" && site !== "none";
      if (foreignSite || (origin !== undefined && hostOf(origin) !== host)) throw new ProblemError("foreign-origin");
    }
    await next();
  });
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
