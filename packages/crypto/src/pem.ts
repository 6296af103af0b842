import { X509Certificate, createPrivateKey } from "node:crypto";
import { DecodeError } from "@amity/bytes";
import { ellipticKeyOf, privateKeyObject, type EllipticKeyPair } from "./elliptic.ts";

/** A private key as PEM (PKCS #8), as other tools read it. */
export function privateKeyToPem({ curve, privateScalar }: EllipticKeyPair): string {
  return privateKeyObject(curve, privateScalar).export({ format: "pem", type: "pkcs8" }).toString();
}

/** Reads a private key of curve P-256 or P-384 (PEM; PKCS #8 or SEC 1). @throws DecodeError `not-key`, which never quotes the text. */
export function privateKeyFromPem(text: string): EllipticKeyPair {
  try {
    return ellipticKeyOf(createPrivateKey(text));
  } catch {
    // The cause could quote the key.
    throw new DecodeError("this is no private key of P-256 or P-384 as PEM", { offset: 0, code: "not-key" });
  }
}

/** A certificate (DER) as PEM. */
export function certificateToPem(der: Uint8Array): string {
  return new X509Certificate(der).toString();
}

/** The first certificate of a PEM text as DER. @throws DecodeError `not-certificate`. */
export function certificateFromPem(text: string): Uint8Array {
  try {
    return new Uint8Array(new X509Certificate(text).raw);
  } catch (cause) {
    throw new DecodeError("this is no certificate as PEM", { offset: 0, code: "not-certificate", cause });
  }
}
