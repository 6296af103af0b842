import { ProblemError } from "../problems.ts";
import type { WriteOutcome } from "../ports.ts";

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
      throw new ProblemError("forbidden", { detail: outcome.detail });
    case "not-supported":
      throw new ProblemError("not-supported", { detail: outcome.detail });
  }
}
