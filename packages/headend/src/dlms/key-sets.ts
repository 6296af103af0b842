import type { MeterId } from "@amity/model";
import type { KeyVault } from "../key-vault.ts";

/** The keys of a meter's ciphered associations. */
export interface KeySet {
  readonly encryptionKey: Uint8Array;
  readonly authenticationKey: Uint8Array;
}

const PURPOSES = { encryptionKey: "guek", authenticationKey: "gak" } as const;
/** Keys that were sent to the meter; the same as the others where nothing is open. */
const NEXT = "-next";

/** The keys that a meter is known to have. @throws SecurityError `unknown-key`. */
export async function currentKeys(vault: KeyVault, owner: MeterId): Promise<KeySet> {
  const encryptionKey = await vault.secret({ owner, purpose: PURPOSES.encryptionKey });
  return { encryptionKey, authenticationKey: await vault.secret({ owner, purpose: PURPOSES.authenticationKey }) };
}

/** Keys that were sent to the meter and may be the ones that it has; `undefined` where nothing is open. */
async function nextKeys(vault: KeyVault, owner: MeterId): Promise<KeySet | undefined> {
  if (!(await vault.has({ owner, purpose: PURPOSES.encryptionKey + NEXT }))) return undefined;
  const encryptionKey = await vault.secret({ owner, purpose: PURPOSES.encryptionKey + NEXT });
  const known = await vault.secret({ owner, purpose: PURPOSES.encryptionKey });
  if (encryptionKey.every((octet, index) => octet === known[index])) return undefined;
  return { encryptionKey, authenticationKey: await vault.secret({ owner, purpose: PURPOSES.authenticationKey + NEXT }) };
}

/** Keeps keys before they are sent. */
export function storeNextKeys(vault: KeyVault, owner: MeterId, keys: KeySet): Promise<void> {
  return vault.store(
    (["encryptionKey", "authenticationKey"] as const).map((name) => ({
      ref: { owner, purpose: PURPOSES[name] + NEXT },
      secret: keys[name],
    })),
  );
}

/** The keys that were sent have opened the meter: those of before are forgotten. */
export async function promoteKeys(vault: KeyVault, owner: MeterId): Promise<void> {
  const names = ["encryptionKey", "authenticationKey"] as const;
  const secrets = await Promise.all(names.map((name) => vault.secret({ owner, purpose: PURPOSES[name] + NEXT })));
  await vault.store(secrets.map((secret, index) => ({ ref: { owner, purpose: PURPOSES[names[index] ?? "encryptionKey"] }, secret })));
}

/**
 * Which of two sets of keys is tried first, by meter: those that were sent last, whose use also tells the meter that they arrived; the other
 * set after a failure. Remembers as long as the process lives.
 */
export class KeyTrials {
  readonly #triesCurrent = new Set<MeterId>();

  /** The keys to associate with, and whether they are the ones that were sent last. */
  async choose(vault: KeyVault, meterId: MeterId): Promise<{ readonly keys: KeySet; readonly isNext: boolean }> {
    const next = this.#triesCurrent.has(meterId) ? undefined : await nextKeys(vault, meterId);
    return next === undefined ? { keys: await currentKeys(vault, meterId), isNext: false } : { keys: next, isNext: true };
  }

  /** The association failed: the other set is tried next time, where there is one. */
  async failed(vault: KeyVault, meterId: MeterId): Promise<void> {
    if (this.#triesCurrent.delete(meterId)) return;
    if ((await nextKeys(vault, meterId)) !== undefined) this.#triesCurrent.add(meterId);
  }

  /** The keys of before opened the meter where those that were sent did not: those never arrived, or are of no use. */
  async openedWithCurrent(vault: KeyVault, meterId: MeterId): Promise<void> {
    if (this.#triesCurrent.delete(meterId)) await storeNextKeys(vault, meterId, await currentKeys(vault, meterId));
  }

  /** New keys were sent: they are tried first. */
  sent(meterId: MeterId): void {
    this.#triesCurrent.delete(meterId);
  }
}
