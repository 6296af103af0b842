import { SecurityError, UsageError } from "@amity/bytes";
import { gcmDecrypt, gcmEncrypt } from "@amity/crypto";
import type { Random } from "@amity/runtime";

/** Names a secret without holding it. The owner is a meter id, a concentrator id or `headend`. */
export interface KeyRef {
  readonly owner: string;
  /** What it is for: `guek`, `gak`, `password`, `master` ... */
  readonly purpose: string;
}

/** Where keys are. At rest they are sealed under a master key and bound to their name; a hardware vault fits behind the same face. */
export interface KeyVault {
  /** @throws SecurityError `unknown-key`, `bad-tag` (wrong master key, or a row that was moved). */
  secret(ref: KeyRef): Promise<Uint8Array>;
  /** Stores or replaces secrets, all or none. */
  store(secrets: readonly { readonly ref: KeyRef; readonly secret: Uint8Array }[]): Promise<void>;
  has(ref: KeyRef): Promise<boolean>;
}

export interface SealedSecret extends KeyRef {
  readonly sealed: Uint8Array;
}

/** Where sealed secrets are kept; writes resolve after commit. */
export interface SealedStore {
  /** Every secret of an owner. */
  load(owner: string): Promise<readonly SealedSecret[]>;
  save(secrets: readonly SealedSecret[]): Promise<void>;
}

const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;
/** Opened secrets kept in memory, by owner: a fleet's worth, and bounded. */
const OWNERS_MAX = 50_000;

/**
 * A vault whose secrets are sealed with AES-256-GCM under one master key: nonce || ciphertext || tag, the name as
 * additional data, so that a row copied to another meter does not open.
 * @throws UsageError for a master key that has not 32 octets.
 */
export function sealedKeyVault(masterKey: Uint8Array, store: SealedStore, random: Random): KeyVault {
  if (masterKey.length !== 32) throw new UsageError(`the master key has 32 octets, not ${masterKey.length}`, { code: "key-length" });
  const opened = new Map<string, Map<string, Uint8Array>>();

  const secretsOf = async (owner: string): Promise<Map<string, Uint8Array>> => {
    const known = opened.get(owner);
    if (known !== undefined) return known;
    const secrets = new Map<string, Uint8Array>();
    for (const row of await store.load(owner)) secrets.set(row.purpose, open(masterKey, row));
    if (opened.size >= OWNERS_MAX) opened.clear();
    opened.set(owner, secrets);
    return secrets;
  };

  return {
    async secret(ref) {
      const secret = (await secretsOf(ref.owner)).get(ref.purpose);
      if (secret !== undefined) return secret;
      throw new SecurityError(`no ${ref.purpose} is stored for ${ref.owner}`, {
        code: "unknown-key",
        advice: "load the keys from the shipment file of the meter",
      });
    },
    async has(ref) {
      return (await secretsOf(ref.owner)).has(ref.purpose);
    },
    async store(secrets) {
      await store.save(secrets.map(({ ref, secret }) => ({ ...ref, sealed: seal(masterKey, ref, secret, random) })));
      for (const { ref } of secrets) opened.delete(ref.owner);
    },
  };
}

function seal(masterKey: Uint8Array, ref: KeyRef, secret: Uint8Array, random: Random): Uint8Array {
  const nonce = random.bytes(NONCE_OCTETS);
  const body = gcmEncrypt({ key: masterKey, iv: nonce, aad: nameOf(ref), tagOctets: TAG_OCTETS }, secret);
  const sealed = new Uint8Array(NONCE_OCTETS + body.length);
  sealed.set(nonce);
  sealed.set(body, NONCE_OCTETS);
  return sealed;
}

function open(masterKey: Uint8Array, row: SealedSecret): Uint8Array {
  const iv = row.sealed.subarray(0, NONCE_OCTETS);
  return gcmDecrypt({ key: masterKey, iv, aad: nameOf(row), tagOctets: TAG_OCTETS }, row.sealed.subarray(NONCE_OCTETS));
}

function nameOf(ref: KeyRef): Uint8Array {
  return new TextEncoder().encode(`${ref.owner}\0${ref.purpose}`);
}

/** A store for simulations and one-off reads. */
export function memorySealedStore(): SealedStore {
  const owners = new Map<string, Map<string, SealedSecret>>();
  return {
    load: (owner) => Promise.resolve([...(owners.get(owner)?.values() ?? [])]),
    save(secrets) {
      for (const secret of secrets) {
        const known = owners.get(secret.owner) ?? new Map<string, SealedSecret>();
        owners.set(secret.owner, known.set(secret.purpose, secret));
      }
      return Promise.resolve();
    },
  };
}
