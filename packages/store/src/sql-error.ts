import { AmityError, LinkError, UsageError } from "@amity/bytes";

/** SQLSTATE classes (PostgreSQL, appendix A) that mean: the server went away or does not let us in now. */
const LOST_CLASSES = new Set(["08", "57"]);
/** Statement cancelled: of class 57, but the server is there. */
const CANCELLED = "57014";
const FULL_CLASS = "53";
const DENIED_CLASS = "28";
/** What a transaction may be tried again for: serialization failure, deadlock. */
const RETRY_STATES = new Set(["40001", "40P01"]);

/** Turns what the driver threw into an error by blame. Errors of our own pass through. */
export function storeError(cause: unknown): AmityError {
  if (cause instanceof AmityError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const state = sqlStateOf(cause);
  if (state === undefined) {
    return new LinkError(`the database cannot be reached: ${message}`, {
      code: "database-lost",
      cause,
      advice: "is PostgreSQL running there?",
    });
  }
  const stateClass = state.slice(0, 2);
  if (stateClass === FULL_CLASS) {
    return new LinkError(`the database has no room: ${message}`, {
      code: "database-full",
      cause,
      advice: "free disk space or connections; nothing committed is lost",
    });
  }
  if (stateClass === DENIED_CLASS) {
    return new LinkError(`the database refuses the login: ${message}`, {
      code: "database-denied",
      cause,
      advice: "check user and password of the database URL",
    });
  }
  if (LOST_CLASSES.has(stateClass) && state !== CANCELLED) {
    return new LinkError(`the database ended the connection: ${message}`, { code: "database-lost", cause });
  }
  return new UsageError(`${message}${placeOf(cause)}`, { code: `sql-${state}`, cause });
}

/** True for a failure that a fresh run of the same transaction may not meet again. */
export function isWorthRetrying(error: unknown): boolean {
  return error instanceof AmityError && error.code.startsWith("sql-") && RETRY_STATES.has(error.code.slice(4));
}

/** True where a row with the same unique key exists: another writer was first. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof AmityError && error.code === "sql-23505";
}

function sqlStateOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || !("code" in cause) || typeof cause.code !== "string") return undefined;
  return /^[0-9A-Z]{5}$/.test(cause.code) && "severity" in cause ? cause.code : undefined;
}

function placeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "";
  const parts = ["table", "constraint", "column", "where"].flatMap((name) => {
    const value: unknown = Reflect.get(cause, name);
    return typeof value === "string" ? [`${name} ${value.slice(0, 200)}`] : [];
  });
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}
