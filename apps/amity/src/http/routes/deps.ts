import type { Clock, Log, Timers } from "@amity/runtime";
import type { LoginLimit } from "../access/login-limit.ts";
import type { Sessions } from "../access/sessions.ts";
import type { EventHub } from "../event-hub.ts";
import type { UtilityApi } from "../ports.ts";
import type { Principal } from "../write-outcome.ts";

/** What routes work with. */
export interface RouteDeps {
  readonly utility: UtilityApi;
  readonly hub: EventHub;
  readonly sessions: Sessions;
  readonly loginLimit: LoginLimit;
  /** Who a request without a session may be; empty where everybody signs in. */
  readonly identities: readonly Principal[];
  readonly log: Log;
  readonly clock: Pick<Clock, "nowMs">;
  readonly timers: Pick<Timers, "elapsedMs" | "after">;
}
