import type { Role } from "@amity/api";

/** Who asks: every write carries it down to the audit. */
export interface Principal {
  readonly user: string;
  readonly role: Role;
}

/** Outcome of a write: expected refusals are values, they become problems at the edge. */
export type WriteOutcome<Value> =
  | { readonly kind: "done"; readonly value: Value }
  | { readonly kind: "not-found" }
  | { readonly kind: "conflict"; readonly detail: string }
  | { readonly kind: "refused"; readonly detail: string }
  /** Something in the body is wrong: where (JSON pointer) and what. */
  | { readonly kind: "invalid"; readonly detail: string; readonly errors: readonly Fault[] }
  | { readonly kind: "not-supported"; readonly detail: string };

export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}
