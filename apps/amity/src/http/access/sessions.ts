import { digest, hashPassword, secureRandomBytes, verifyPassword } from "@amity/crypto";
import { toHex } from "@amity/bytes";
import type { Role } from "@amity/api";
import type { Timers } from "@amity/runtime";
import type { Principal } from "../ports.ts";

/** A person who may sign in; `passwordHash` as `hashPassword` of `@amity/crypto` writes it. */
export interface User {
  readonly name: string;
  readonly role: Role;
  readonly passwordHash: string;
}

/** Sessions live in memory: a restart signs everybody out. */
export interface Sessions {
  /** The token for the cookie, or undefined for a wrong name or password (both take the same time). */
  open(name: string, password: string): string | undefined;
  /** Who holds the token; extends the idle limit. */
  find(token: string): Principal | undefined;
  close(token: string): void;
  /** Everybody who may sign in. */
  people(): Principal[];
}

const IDLE_MS = 8 * 3600_000;
const LIFE_MS = 24 * 3600_000;
const SESSIONS_MAX = 10_000;

interface Held {
  readonly principal: Principal;
  readonly openedMs: number;
  usedMs: number;
}

export function createSessions(users: readonly User[], timers: Pick<Timers, "elapsedMs">): Sessions {
  // Only digests of tokens are kept: a heap dump then opens no session.
  const held = new Map<string, Held>();
  const byName = new Map(users.map((user) => [user.name, user]));
  const nobodysHash = hashPassword(toHex(secureRandomBytes(16)));

  const keyOf = (token: string): string => toHex(digest("sha256", new TextEncoder().encode(token)));

  return {
    open(name, password) {
      const user = byName.get(name);
      const right = verifyPassword(password, user?.passwordHash ?? nobodysHash);
      if (user === undefined || !right) return undefined;
      const oldest = held.keys().next();
      if (held.size >= SESSIONS_MAX && oldest.done !== true) held.delete(oldest.value);
      const token = toHex(secureRandomBytes(32));
      const nowMs = timers.elapsedMs();
      held.set(keyOf(token), { principal: { user: user.name, role: user.role }, openedMs: nowMs, usedMs: nowMs });
      return token;
    },
    find(token) {
      const key = keyOf(token);
      const session = held.get(key);
      if (session === undefined) return undefined;
      const nowMs = timers.elapsedMs();
      if (nowMs - session.usedMs > IDLE_MS || nowMs - session.openedMs > LIFE_MS) {
        held.delete(key);
        return undefined;
      }
      session.usedMs = nowMs;
      return session.principal;
    },
    close(token) {
      held.delete(keyOf(token));
    },
    people: () => users.map(({ name, role }) => ({ user: name, role })),
  };
}
