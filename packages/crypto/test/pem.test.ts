import { DecodeError } from "@amity/bytes";
import { describe, expect, test } from "vitest";
import {
  certificateFromPem,
  certificateToPem,
  generateEllipticKeyPair,
  issueCertificate,
  privateKeyFromPem,
  privateKeyToPem,
  type Curve,
} from "../src/index.ts";

describe.each(["P-256", "P-384"] as Curve[])("PEM of %s", (curve) => {
  const key = generateEllipticKeyPair(curve);

  test("carries a private key there and back", () => {
    expect(privateKeyFromPem(privateKeyToPem(key))).toEqual(key);
  });

  test("carries a certificate there and back", () => {
    const subject = { commonName: "4752580000000001", curve, publicPoint: key.publicPoint, usage: "key-agreement" } as const;
    const terms = { serialNumber: Uint8Array.of(7), validFromMs: 0, validToMs: 1_000_000 };
    const der = issueCertificate({ key, commonName: "4142434445464748" }, subject, terms);
    expect(certificateFromPem(certificateToPem(der))).toEqual(der);
  });
});

test("other texts are no keys and no certificates, and are not quoted", () => {
  for (const text of ["", "secret", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"]) {
    expect(() => privateKeyFromPem(text)).toThrow(DecodeError);
    expect(() => privateKeyFromPem(text)).not.toThrow(/c2VjcmV0|secret/);
    expect(() => certificateFromPem(text)).toThrow(DecodeError);
  }
});
