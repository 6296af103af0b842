import type { Timers } from "@amity/runtime";

/** Token buckets for failed logins, one for each address and each name. */
export interface LoginLimit {
  /** 0 where an attempt is allowed (and counted), else the seconds until one will be. */
  take(key: string): number;
  /** Forgets the failures of a key after a success. */
  clear(key: string): void;
}

const BURST = 5;
const REFILL_MS = 15_000;
const KEYS_MAX = 10_000;

export function createLoginLimit(timers: Pick<Timers, "elapsedMs">): LoginLimit {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    take(key) {
      const nowMs = timers.elapsedMs();
      const bucket = buckets.get(key) ?? { tokens: BURST, atMs: nowMs };
      const tokens = Math.min(BURST, bucket.tokens + (nowMs - bucket.atMs) / REFILL_MS);
      buckets.delete(key);
      const oldest = buckets.keys().next();
      if (buckets.size >= KEYS_MAX && oldest.done !== true) buckets.delete(oldest.value);
      const allowed = tokens >= 1;
      buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, atMs: nowMs });
      return allowed ? 0 : ((1 - tokens) * REFILL_MS) / 1000;
    },
    clear(key) {
      buckets.delete(key);
    },
  };
}
