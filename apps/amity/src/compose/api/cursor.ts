import { UsageError } from "@amity/bytes";

/** An opaque cursor over a small value; `readCursor` gives it back. */
export function writeCursor(value: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** @throws UsageError `bad-cursor` for anything that `writeCursor` did not write with that many parts. */
export function readCursor(cursor: string, parts: number): readonly (string | number)[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (Array.isArray(value) && value.length === parts && value.every((part) => typeof part === "string" || typeof part === "number")) {
      return value as (string | number)[];
    }
  } catch {
    // Said below.
  }
  throw new UsageError("the cursor is not one that this list gave out", { code: "bad-cursor" });
}

/** RFC 3339 in UTC. */
export function instantText(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
