import { digest } from "@amity/crypto";
import { toHex } from "@amity/bytes";
import { createMiddleware } from "hono/factory";
import type { Timers } from "@amity/runtime";
import { ProblemError } from "./problems.ts";
import type { HttpEnv } from "./env.ts";

const KEYS_MAX = 5_000;
const KEPT_MS = 24 * 3600_000;
const KEY_LENGTH_MAX = 200;

interface Remembered {
  readonly fingerprint: string;
  readonly atMs: number;
  /** Absent while the first request still runs. */
  answer?: { readonly status: number; readonly contentType: string; readonly location: string | null; readonly body: string };
}

/**
 * Writes must carry an `Idempotency-Key`; the same key with the same request gets the first answer again, with another
 * request 422, and 409 while the first still runs. Answers of 5xx are not kept: those may be tried again. What survives
 * a restart is the identity of the write itself (the command id).
 */
export function idempotency(timers: Pick<Timers, "elapsedMs">) {
  const remembered = new Map<string, Remembered>();

  function sweep(nowMs: number): void {
    for (const [key, entry] of remembered) {
      if (remembered.size < KEYS_MAX && nowMs - entry.atMs < KEPT_MS) return;
      remembered.delete(key);
    }
  }

  return createMiddleware<HttpEnv>(async (c, next) => {
    const key = c.req.header("idempotency-key");
    if (key === undefined || key.length === 0 || key.length > KEY_LENGTH_MAX) {
      throw new ProblemError("idempotency-key-missing", {
        advice: "Send Idempotency-Key: <a fresh UUID> with every write, and the same one when you repeat it.",
      });
    }
    const body = new Uint8Array(await c.req.raw.clone().arrayBuffer());
    const fingerprint = toHex(digest("sha256", new TextEncoder().encode(`${c.req.method} ${c.req.path}\n`), body));
    const scoped = `${c.get("principal")?.user ?? ""}\n${key}`;
    const known = remembered.get(scoped);
    if (known !== undefined) {
      if (known.fingerprint !== fingerprint) throw new ProblemError("idempotency-key-reused");
      if (known.answer === undefined)
        throw new ProblemError("conflict", { detail: "The first request with this key still runs.", retryAfterSeconds: 1 });
      const headers = new Headers({ "content-type": known.answer.contentType, "idempotent-replayed": "true" });
      if (known.answer.location !== null) headers.set("location", known.answer.location);
      return new Response(known.answer.body, { status: known.answer.status, headers });
    }
    const nowMs = timers.elapsedMs();
    sweep(nowMs);
    const entry: Remembered = { fingerprint, atMs: nowMs };
    remembered.set(scoped, entry);
    await next();
    if (c.res.status >= 500 || c.error !== undefined) {
      remembered.delete(scoped);
      return undefined;
    }
    entry.answer = {
      status: c.res.status,
      contentType: c.res.headers.get("content-type") ?? "application/json",
      location: c.res.headers.get("location"),
      body: await c.res.clone().text(),
    };
    return undefined;
  });
}
