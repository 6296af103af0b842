import { UsageError } from "@amity/bytes";
import type { Principal } from "../write-outcome.ts";

/** Who may come in without signing in. */
export interface AccessPlan {
  /**
   * Who a request without a session may be; empty where everybody must sign in. The first one it is by itself; the demo has
   * more, so that what needs two people can be tried by one.
   */
  readonly identities: readonly Principal[];
  /** Host names that the server answers for; absent where any will do. Guards loopback against DNS rebinding. */
  readonly hostNames?: readonly string[];
}

/**
 * Decides what a binding may offer. On loopback without users the demo opens an operator's session (or an analyst's, by choice)
 * and an installation with real meters a viewer's; with users everybody signs in.
 * @throws UsageError `authentication-not-configured` for any other address without users.
 */
export function planAccess(options: { host: string; users: number; demo: boolean }): AccessPlan {
  const loopback = isLoopback(options.host);
  if (!loopback && options.users === 0) {
    throw new UsageError(
      `Refusing to listen on ${options.host}: no users are configured, so anybody who reaches it could switch supplies off`,
      {
        code: "authentication-not-configured",
        advice: "Configure users (name, role, password hash), or bind to 127.0.0.1.",
      },
    );
  }
  if (!loopback) return { identities: [] };
  const hostNames = ["localhost", "127.0.0.1", "[::1]", options.host];
  if (options.users > 0) return { hostNames, identities: [] };
  return { hostNames, identities: options.demo ? DEMO_IDENTITIES : [{ user: "viewer", role: "viewer" }] };
}

/** The demo's people: decisions need a second person, and critical commands a second one who may send them. */
const DEMO_IDENTITIES: readonly Principal[] = [
  { user: "operator", role: "operator" },
  { user: "analyst", role: "analyst" },
  { user: "supervisor", role: "operator" },
];

/** True for 127.0.0.0/8, ::1 and `localhost`. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
