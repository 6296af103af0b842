import { z } from "zod";

/** RFC 9457 problem details, with the parts of the request that were wrong (`errors`) and the request's trace id. */
export const Problem = z
  .object({
    type: z.string().describe("Stable URI of the kind of problem"),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    advice: z.string().optional().describe("What the reader can do about it"),
    instance: z.string().optional(),
    traceId: z.string().optional(),
    errors: z
      .array(z.object({ pointer: z.string().describe("JSON pointer, or the name of a parameter"), detail: z.string() }))
      .max(100)
      .optional(),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof Problem>;

/** Kinds of problems; the `type` of a problem is `/problems/` followed by one of these. */
export const PROBLEM_KINDS = {
  "bad-request": { status: 400, title: "The request is not valid" },
  unauthenticated: { status: 401, title: "Sign in first" },
  forbidden: { status: 403, title: "Your role does not allow this" },
  "foreign-origin": { status: 403, title: "The request comes from another site" },
  "not-found": { status: 404, title: "There is no such thing" },
  conflict: { status: 409, title: "The request conflicts with the present state" },
  "payload-too-large": { status: 413, title: "The request is too large" },
  "misdirected-host": { status: 421, title: "This server does not answer for that host name" },
  refused: { status: 422, title: "It was refused" },
  "idempotency-key-reused": { status: 422, title: "The Idempotency-Key was used with another request" },
  "idempotency-key-missing": { status: 400, title: "Writes need an Idempotency-Key" },
  "too-many-requests": { status: 429, title: "Too many requests" },
  internal: { status: 500, title: "Something went wrong on our side" },
  "not-supported": { status: 501, title: "This installation does not offer that" },
  unavailable: { status: 503, title: "The service is not ready" },
} as const satisfies Record<string, { status: number; title: string }>;
export type ProblemKind = keyof typeof PROBLEM_KINDS;
