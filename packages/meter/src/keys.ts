import { UsageError } from "@amity/bytes";
import { digest, hmacSha256 } from "@amity/crypto";

/** Secrets of one meter, 16 octets each (the first four 32 in suite 2); `readingPassword` is its LLS password as printable octets. */
export interface MeterKeys {
  /** Global unicast encryption key (GUEK). */
  readonly encryptionKey: Uint8Array;
  /** Authentication key (GAK). */
  readonly authenticationKey: Uint8Array;
  /** Key-encryption key (KEK): wraps new keys. */
  readonly masterKey: Uint8Array;
  /** Global broadcast encryption key (GBEK): one for the fleet. */
  readonly broadcastKey: Uint8Array;
  readonly readingPassword: Uint8Array;
  /** HLS secret of the firmware client. */
  readonly firmwareSecret: Uint8Array;
  /** Wraps what the meter keeps of secrets that clients change. Never changes, never leaves the meter. */
  readonly storageKey: Uint8Array;
  /** Makes and checks payment tokens (`mintToken`). */
  readonly vendingKey: Uint8Array;
}

/**
 * The keys that a meter leaves the factory with, as the manufacturer's key file would list them:
 *
 *     key(purpose, id) = HMAC-SHA-256(masterSecret, "amity-meter-key/1" 00 purpose 00 id), first 16 octets (all 32 of the first four in suite 2)
 *
 * `purpose` is `encryption`, `authentication`, `master`, `vending`, `firmware`, `storage` or `reading`, `id` the meter id as UTF-8. `broadcast` has the empty id. The
 * LLS password is the first 8 octets of `reading` as 16 upper-case hex digits (ASCII). Meter and head-end share nothing but this: the program
 * derives them for the head-end's key store, the meter derives its own.
 *
 * @throws UsageError `weak-secret` for a master secret of less than 16 octets.
 */
export function deriveMeterKeys(masterSecret: Uint8Array, meterId: string, suite: 0 | 1 | 2 = 0): MeterKeys {
  if (masterSecret.length < 16) {
    throw new UsageError(`the master secret has ${masterSecret.length} octets, at least 16 are needed`, { code: "weak-secret" });
  }
  const octets = suite === 2 ? 32 : 16;
  return {
    encryptionKey: derive(masterSecret, "encryption", meterId, octets),
    authenticationKey: derive(masterSecret, "authentication", meterId, octets),
    masterKey: derive(masterSecret, "master", meterId, octets),
    broadcastKey: derive(masterSecret, "broadcast", "", octets),
    readingPassword: passwordFrom(derive(masterSecret, "reading", meterId)),
    firmwareSecret: derive(masterSecret, "firmware", meterId),
    storageKey: derive(masterSecret, "storage", meterId),
    vendingKey: derive(masterSecret, "vending", meterId),
  };
}

/** A master secret from a passphrase or seed text, for demonstrations: SHA-256 of it. A real fleet's secret is random. */
export function masterSecretFrom(text: string): Uint8Array {
  return digest("sha256", ENCODER.encode(`amity-master-secret/1\0${text}`));
}

function derive(masterSecret: Uint8Array, purpose: string, meterId: string, octets = 16): Uint8Array {
  return hmacSha256(masterSecret, ENCODER.encode(`amity-meter-key/1\0${purpose}\0${meterId}`)).slice(0, octets);
}

function passwordFrom(octets: Uint8Array): Uint8Array {
  const text = Array.from(octets.subarray(0, 8), (octet) => octet.toString(16).padStart(2, "0")).join("");
  return ENCODER.encode(text.toUpperCase());
}

const ENCODER = new TextEncoder();
