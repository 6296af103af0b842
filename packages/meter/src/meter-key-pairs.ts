import { UsageError, toHex } from "@amity/bytes";
import {
  hmacSha256,
  issueCertificate,
  publicPointOf,
  type Certificate,
  type Curve,
  type EllipticKeyPair,
  type KeyUsage,
} from "@amity/crypto";

/** The certification authority of a simulated utility, which its meters trust from the factory on. */
export interface FleetAuthority {
  readonly key: EllipticKeyPair;
  readonly commonName: string;
}

/** Security suites 1 and 2 by their curve (IEC 62056-5-3, 5.3.7). */
export function curveOfSuite(suite: 1 | 2): Curve {
  return suite === 1 ? "P-256" : "P-384";
}

/**
 * A key pair of a meter: `generation` 0 leaves the factory, each generate_key_pair makes the next; of `ephemeral` ones each is used once. Derived, so that a
 * replayed meter has the same: `HMAC-SHA-256(masterSecret, "amity-key-pair/1" 00 usage 00 id 00 generation 00 try)`, as
 * many octets as the curve needs.
 */
export function deriveKeyPair(
  masterSecret: Uint8Array,
  meterId: string,
  which: { readonly usage: KeyUsage | "ephemeral"; readonly generation: number; readonly curve: Curve },
): EllipticKeyPair {
  const { usage, generation, curve } = which;
  const octets = curve === "P-256" ? 32 : 48;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const scalar = new Uint8Array(octets + 16);
    for (let block = 0; block * 32 < octets; block++) {
      const text = `amity-key-pair/1\0${usage}\0${meterId}\0${generation}\0${attempt}\0${block}`;
      scalar.set(hmacSha256(masterSecret, new TextEncoder().encode(text)), block * 32);
    }
    const privateScalar = scalar.slice(0, octets);
    const publicPoint = pointOf(curve, privateScalar);
    if (publicPoint !== undefined) return { curve, privateScalar, publicPoint };
  }
  throw new UsageError("no key pair follows from this secret", { code: "weak-secret" });
}

/** The authority of a fleet, from the same secret. */
export function deriveAuthority(masterSecret: Uint8Array, curve: Curve): FleetAuthority {
  return {
    key: deriveKeyPair(masterSecret, "certification authority", { usage: "digital-signature", generation: 0, curve }),
    commonName: "Amity simulated CA",
  };
}

/** The authority as the issuer that certificates are checked against. */
export function authorityCertificate({ key, commonName }: FleetAuthority): Certificate {
  const { curve, publicPoint } = key;
  const validity = { validFromMs: 0, validToMs: Number.POSITIVE_INFINITY };
  return { curve, publicPoint, commonName, issuerCommonName: commonName, serialNumber: Uint8Array.of(0), ...validity };
}

/** A certificate that the fleet's authority gives a device: the subject is its system title. */
export function certify(
  authority: FleetAuthority,
  subject: { readonly systemTitle: Uint8Array; readonly publicPoint: Uint8Array; readonly usage: KeyUsage },
  terms: { readonly serial: number; readonly validFromMs: number; readonly validToMs: number },
): Uint8Array {
  const { curve } = authority.key;
  const serialNumber = new Uint8Array(4);
  new DataView(serialNumber.buffer).setUint32(0, terms.serial);
  const { publicPoint, usage } = subject;
  return issueCertificate(
    authority,
    { commonName: toHex(subject.systemTitle).toUpperCase(), curve, publicPoint, usage },
    { ...terms, serialNumber },
  );
}

/** A scalar that is zero or beyond the curve's order has no point: once in 2^32 tries. */
function pointOf(curve: Curve, privateScalar: Uint8Array): Uint8Array | undefined {
  try {
    return publicPointOf(curve, privateScalar);
  } catch {
    return undefined;
  }
}

const ATTEMPTS_MAX = 8;
