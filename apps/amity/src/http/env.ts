import type { Principal } from "./ports.ts";

/** What middleware leaves for routes on each request. */
export interface HttpEnv {
  Variables: {
    traceId: string;
    /** Absent where nobody is signed in. */
    principal: Principal | undefined;
    /** True where the demo on loopback opened the session by itself. */
    automatic: boolean;
  };
}

/** The same behind `requireRight`: somebody is there. */
export interface GrantedEnv {
  Variables: HttpEnv["Variables"] & { principal: Principal };
}
