import { ProblemError } from "../problems.ts";
import type { WriteOutcome } from "../ports.ts";

/** Faults told in one answer. */
const ERRORS_MAX = 100;

/** The value of a write that was done. @throws ProblemError for the others. */
export function settled<Value>(outcome: WriteOutcome<Value>, what: string): Value {
  switch (outcome.kind) {
    case "done":
      return outcome.value;
    case "not-found":
      throw new ProblemError("not-found", { detail: `There is no ${what}.` });
    case "conflict":
      throw new ProblemError("conflict", { detail: outcome.detail });
    case "refused":
      throw new ProblemError("refused", { detail: outcome.detail });
    case "invalid":
      throw new ProblemError("bad-request", { detail: outcome.detail, errors: [...outcome.errors].slice(0, ERRORS_MAX) });
    case "not-supported":
      throw new ProblemError("not-supported", { detail: outcome.detail });
  }
}
