import { SecurityError } from "@amity/bytes";
import { digest, ecdh, ecdsaSign, ecdsaVerify, type Curve } from "@amity/crypto";
import type { EllipticKeys, SecuritySuite } from "./security-options.ts";

/** AlgorithmID of the derived key: AES-GCM-128 or AES-GCM-256 (IEC 62056-5-3, 5.3.4.6.5). */
const ALGORITHM_IDS = { "P-256": [0x60, 0x85, 0x74, 0x05, 0x08, 0x03, 0x00], "P-384": [0x60, 0x85, 0x74, 0x05, 0x08, 0x03, 0x01] } as const;

/** @throws SecurityError for suite 0, which has no elliptic curve. */
export function curveOf(suite: SecuritySuite): Curve {
  if (suite === 0) throw new SecurityError("security suite 0 has no elliptic curve", { code: "wrong-suite" });
  return suite === 2 ? "P-384" : "P-256";
}

/** Our signature over a message, by the holder of the key or with the key itself: r || s. @throws SecurityError `no-key`. */
export function signatureOf(suite: SecuritySuite, keys: EllipticKeys | undefined, message: Uint8Array): Uint8Array {
  if (keys?.sign !== undefined) return keys.sign(message);
  if (keys?.signingPrivate === undefined) throw new SecurityError("no private signing key", { code: "no-key" });
  return ecdsaSign(curveOf(suite), keys.signingPrivate, message);
}

/** The single-step key derivation of NIST SP 800-56A: 16 octets in suite 1, 32 in suite 2. U is the originator, V the recipient. */
export function deriveKey(suite: SecuritySuite, sharedSecret: Uint8Array, partyU: Uint8Array, partyV: Uint8Array): Uint8Array {
  const curve = curveOf(suite);
  const counter = Uint8Array.of(0, 0, 0, 1);
  const hash = digest(
    curve === "P-384" ? "sha384" : "sha256",
    counter,
    sharedSecret,
    Uint8Array.from(ALGORITHM_IDS[curve]),
    partyU,
    partyV,
  );
  return hash.slice(0, curve === "P-384" ? 32 : 16);
}

/**
 * Ephemeral unified model C(2e, 0s): what both sides of the method key_agreement of a security setup compute after they
 * have exchanged signed ephemeral public keys.
 */
export function agreeEphemeral(input: {
  suite: SecuritySuite;
  ephemeralPrivate: Uint8Array;
  peerEphemeralPublic: Uint8Array;
  originatorTitle: Uint8Array;
  recipientTitle: Uint8Array;
}): Uint8Array {
  const secret = ecdh(curveOf(input.suite), input.ephemeralPrivate, input.peerEphemeralPublic);
  return deriveKey(input.suite, secret, input.originatorTitle, input.recipientTitle);
}

/** What key_agreement carries for one key: the ephemeral public key and the signature over key id and public key. */
export function signEphemeral(suite: SecuritySuite, signingPrivate: Uint8Array, keyId: number, ephemeralPublic: Uint8Array): Uint8Array {
  const signature = ecdsaSign(curveOf(suite), signingPrivate, Uint8Array.of(keyId, ...ephemeralPublic));
  return Uint8Array.of(...ephemeralPublic, ...signature);
}

/** The ephemeral public key out of what key_agreement carries. @throws SecurityError `bad-signature`. */
export function verifyEphemeral(suite: SecuritySuite, peerSigningPublic: Uint8Array, keyId: number, keyData: Uint8Array): Uint8Array {
  const half = keyData.length >> 1;
  const ephemeralPublic = keyData.subarray(0, half);
  const isRight = ecdsaVerify(curveOf(suite), peerSigningPublic, Uint8Array.of(keyId, ...ephemeralPublic), keyData.subarray(half));
  if (!isRight)
    throw new SecurityError("the signature of the ephemeral key is wrong", {
      code: "bad-signature",
      advice: "check the peer's certificate",
    });
  return ephemeralPublic;
}
