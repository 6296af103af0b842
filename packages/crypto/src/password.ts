import { randomBytes, scryptSync } from "node:crypto";
import { equalInConstantTime } from "./digest.ts";

const COST = { N: 16384, r: 8, p: 1 } as const;

/** Octets for keys, tokens and salts, from the platform's generator. */
export function secureRandomBytes(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}

/** A salted scrypt hash as `scrypt$salt$hash` (hex). */
export function hashPassword(password: string): string {
  const salt = randomBytes(16);
  const hash = scryptSync(password, salt, 32, COST);
  return `scrypt$${salt.toString("hex")}$${hash.toString("hex")}`;
}

/** False for a wrong password and for a hash of another form. */
export function verifyPassword(password: string, stored: string): boolean {
  const [scheme, salt, hash] = stored.split("$");
  if (scheme !== "scrypt" || salt === undefined || hash === undefined) return false;
  return equalInConstantTime(scryptSync(password, Buffer.from(salt, "hex"), 32, COST), Buffer.from(hash, "hex"));
}
