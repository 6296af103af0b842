import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { joinedOctets, SecurityError, UsageError } from "@amity/bytes";

/** Curves of DLMS security suites 1 and 2 (IEC 62056-5-3, table 9). */
export type Curve = "P-256" | "P-384";

const CURVES = {
  "P-256": { node: "prime256v1", octets: 32, digest: "sha256" },
  "P-384": { node: "secp384r1", octets: 48, digest: "sha384" },
} as const;

/** Raw key material: a private scalar (32 or 48 octets) and a public point X || Y (64 or 96 octets, without the 04). */
export interface EllipticKeyPair {
  readonly curve: Curve;
  readonly privateScalar: Uint8Array;
  readonly publicPoint: Uint8Array;
}

/** A new key pair from the platform's generator. */
export function generateEllipticKeyPair(curve: Curve): EllipticKeyPair {
  return ellipticKeyOf(generateKeyPairSync("ec", { namedCurve: CURVES[curve].node }).privateKey);
}

/** The raw material of a private key of the platform. @throws UsageError for another kind of key, or another curve. */
export function ellipticKeyOf(privateKey: KeyObject): EllipticKeyPair {
  const { crv, d, x, y } = privateKey.export({ format: "jwk" });
  if (crv !== "P-256" && crv !== "P-384") throw new UsageError("the key is of another curve than P-256 and P-384", { code: "curve" });
  return { curve: crv, privateScalar: fromBase64Url(d), publicPoint: joinedOctets(fromBase64Url(x), fromBase64Url(y)) };
}

/** The public point X || Y of a private scalar. */
export function publicPointOf(curve: Curve, privateScalar: Uint8Array): Uint8Array {
  const ecdh = createECDH(CURVES[curve].node);
  ecdh.setPrivateKey(privateScalar);
  return new Uint8Array(ecdh.getPublicKey().subarray(1));
}

/** ECDSA with the curve's own digest; the signature is r || s (64 or 96 octets). */
export function ecdsaSign(curve: Curve, privateScalar: Uint8Array, message: Uint8Array): Uint8Array {
  const key = privateKeyObject(curve, privateScalar);
  return new Uint8Array(sign(CURVES[curve].digest, message, { key, dsaEncoding: "ieee-p1363" }));
}

/** False for a signature of another length too. @throws SecurityError `bad-key` where the point is not on the curve. */
export function ecdsaVerify(curve: Curve, publicPoint: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 2 * CURVES[curve].octets) return false;
  return verify(CURVES[curve].digest, message, { key: publicKeyObject(curve, publicPoint), dsaEncoding: "ieee-p1363" }, signature);
}

/** ECDH: the X co-ordinate of the shared point (NIST SP 800-56A). @throws SecurityError `bad-key` where the peer's point is not on the curve. */
export function ecdh(curve: Curve, privateScalar: Uint8Array, peerPublicPoint: Uint8Array): Uint8Array {
  return new Uint8Array(
    diffieHellman({ privateKey: privateKeyObject(curve, privateScalar), publicKey: publicKeyObject(curve, peerPublicPoint) }),
  );
}

/** The platform's form of a private scalar. @throws UsageError `key-length`. */
export function privateKeyObject(curve: Curve, scalar: Uint8Array): KeyObject {
  const { octets } = CURVES[curve];
  if (scalar.length !== octets) throw new UsageError(`a ${curve} private key has ${octets} octets`, { code: "key-length" });
  const point = publicPointOf(curve, scalar);
  return createPrivateKey({ format: "jwk", key: { ...jwkOf(curve, point), d: toBase64Url(scalar) } });
}

function publicKeyObject(curve: Curve, point: Uint8Array): KeyObject {
  if (point.length !== 2 * CURVES[curve].octets) {
    throw new UsageError(`a ${curve} public key has ${2 * CURVES[curve].octets} octets`, { code: "key-length" });
  }
  try {
    return createPublicKey({ format: "jwk", key: jwkOf(curve, point) });
  } catch (cause) {
    // The platform checks it: a point off the curve would give the private key away bit by bit.
    throw new SecurityError(`these octets are no point of ${curve}`, { code: "bad-key", cause });
  }
}

function jwkOf(curve: Curve, point: Uint8Array): { kty: string; crv: Curve; x: string; y: string } {
  const { octets } = CURVES[curve];
  return { kty: "EC", crv: curve, x: toBase64Url(point.subarray(0, octets)), y: toBase64Url(point.subarray(octets)) };
}

function toBase64Url(data: Uint8Array): string {
  return Buffer.from(data).toString("base64url");
}

function fromBase64Url(text: string | undefined): Uint8Array {
  return new Uint8Array(Buffer.from(text ?? "", "base64url"));
}
