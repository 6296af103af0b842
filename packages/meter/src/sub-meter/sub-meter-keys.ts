import { UsageError } from "@amity/bytes";
import { hmacSha256 } from "@amity/crypto";

/** Secrets of one gas, water or heat meter, 16 octets each. */
export interface SubMeterKeys {
  /** What its telegrams are ciphered with (P2 key of the companion specifications, OMS meter key). */
  readonly userKey: Uint8Array;
  /** Opens new keys that are sent to it (its default or master key). */
  readonly masterKey: Uint8Array;
}

/**
 * The keys of a sub-meter, by the same derivation as those of electricity meters:
 *
 *     key(purpose, id) = HMAC-SHA-256(masterSecret, "amity-meter-key/1" 00 purpose 00 id), first 16 octets
 *
 * `purpose` is `mbus` (from the first change on `mbus/1`, `mbus/2` ... by generation) or `mbus-master`, `id` the sub-meter's id.
 * @throws UsageError `weak-secret` for a master secret of less than 16 octets.
 */
export function deriveSubMeterKeys(masterSecret: Uint8Array, meterId: string, generation = 0): SubMeterKeys {
  if (masterSecret.length < 16) {
    throw new UsageError(`the master secret has ${masterSecret.length} octets, at least 16 are needed`, { code: "weak-secret" });
  }
  const derive = (purpose: string): Uint8Array =>
    hmacSha256(masterSecret, new TextEncoder().encode(`amity-meter-key/1\0${purpose}\0${meterId}`)).slice(0, 16);
  return { userKey: derive(generation === 0 ? "mbus" : `mbus/${generation}`), masterKey: derive("mbus-master") };
}
