import { fromHex, toHex } from "@amity/bytes";
import { unwrapKey, wrapKey } from "@amity/crypto";

const BLOCK_OCTETS = 8;
const LEAST_OCTETS = 16;

/** A secret as the meter keeps it: its length, padded to whole blocks, wrapped (RFC 3394), as hex. */
export function sealSecret(storageKey: Uint8Array, secret: Uint8Array): string {
  const octets = Math.max(LEAST_OCTETS, Math.ceil((secret.length + 1) / BLOCK_OCTETS) * BLOCK_OCTETS);
  const padded = new Uint8Array(octets);
  padded[0] = secret.length;
  padded.set(secret, 1);
  return toHex(wrapKey(storageKey, padded));
}

/** @throws SecurityError where the storage key is another. */
export function openSecret(storageKey: Uint8Array, sealed: string): Uint8Array {
  const padded = unwrapKey(storageKey, fromHex(sealed));
  return padded.slice(1, 1 + (padded[0] ?? 0));
}
