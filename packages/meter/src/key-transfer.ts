import { AmityError, fromHex } from "@amity/bytes";
import { unwrapKey } from "@amity/crypto";
import type { MeterKeys } from "./keys.ts";
import type { WrappedKey } from "./metrology/operations.ts";

/** Key numbers of the security setup's key_transfer (IEC 62056-6-2, class 64). */
export const KEY_IDS = { encryptionKey: 0, broadcastKey: 1, authenticationKey: 2, masterKey: 3 } as const;
export type TransferableKey = keyof typeof KEY_IDS;

export const TRANSFERABLE_KEYS: Readonly<Record<WrappedKey["keyId"], TransferableKey>> = {
  0: "encryptionKey",
  1: "broadcastKey",
  2: "authenticationKey",
  3: "masterKey",
};

/** The keys after one transfer: all of it is wrapped by the master key from before it. @throws SecurityError where a key does not open. */
export function withTransferred(keys: MeterKeys, transfer: readonly WrappedKey[]): MeterKeys {
  return transfer.reduce(
    (changed, { keyId, wrapped }) => ({ ...changed, [TRANSFERABLE_KEYS[keyId]]: unwrapKey(keys.masterKey, fromHex(wrapped)) }),
    keys,
  );
}

/** Whether every key opens under the master key and has the length of the suite, which is the master key's own. */
export function opensKeys(keys: MeterKeys, transfer: readonly WrappedKey[]): boolean {
  try {
    return transfer.every(({ wrapped }) => unwrapKey(keys.masterKey, fromHex(wrapped)).length === keys.masterKey.length);
  } catch (error) {
    if (error instanceof AmityError) return false;
    throw error;
  }
}
