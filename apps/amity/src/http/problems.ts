import { AmityError, UsageError } from "@amity/bytes";
import { HTTPException } from "hono/http-exception";
import { PROBLEM_KINDS, type Problem, type ProblemKind } from "@amity/api";

export interface ProblemDetail {
  readonly detail?: string | undefined;
  readonly advice?: string | undefined;
  readonly errors?: NonNullable<Problem["errors"]> | undefined;
  /** Seconds after which trying again makes sense: becomes `Retry-After`. */
  readonly retryAfterSeconds?: number | undefined;
}

/** Thrown inside a route to end the request with a problem; only the HTTP edge throws and catches it. */
export class ProblemError extends Error {
  readonly kind: ProblemKind;
  readonly detail: ProblemDetail;

  constructor(kind: ProblemKind, detail: ProblemDetail = {}) {
    super(detail.detail ?? PROBLEM_KINDS[kind].title);
    this.name = "ProblemError";
    this.kind = kind;
    this.detail = detail;
  }
}

/** Builds the RFC 9457 answer. Absent members are left out. */
export function problemResponse(kind: ProblemKind, detail: ProblemDetail, context: { instance: string; traceId: string }): Response {
  const { status, title } = PROBLEM_KINDS[kind];
  const body: Problem = {
    type: `/problems/${kind}`,
    title,
    status,
    ...(detail.detail === undefined ? {} : { detail: detail.detail }),
    ...(detail.advice === undefined ? {} : { advice: detail.advice }),
    instance: context.instance,
    traceId: context.traceId,
    ...(detail.errors === undefined ? {} : { errors: detail.errors }),
  };
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
  if (detail.retryAfterSeconds !== undefined) headers.set("retry-after", String(Math.ceil(detail.retryAfterSeconds)));
  return new Response(JSON.stringify(body), { status, headers });
}

/** What a thrown value means to the requester: our own refusals are told, anything else stays inside. */
export function problemOf(error: unknown): { kind: ProblemKind; detail: ProblemDetail } {
  if (error instanceof ProblemError) return { kind: error.kind, detail: error.detail };
  // The framework's own refusals: a body that is not JSON, a URL that cannot be decoded.
  if (error instanceof HTTPException && error.status < 500) return { kind: "bad-request", detail: { detail: error.message } };
  if (error instanceof UsageError) return { kind: "bad-request", detail: { detail: error.message, advice: error.advice } };
  if (error instanceof AmityError && error.blame === "link") {
    return { kind: "unavailable", detail: { detail: error.message, advice: error.advice, retryAfterSeconds: 5 } };
  }
  return { kind: "internal", detail: { advice: "Try again; if it persists, look for the trace id in the log." } };
}
