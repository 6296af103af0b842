import { DecodeError, SecurityError } from "@amity/bytes";
import { describe, expect, test } from "vitest";
import {
  checkCertificate,
  createCertificateRequest,
  generateEllipticKeyPair,
  issueCertificate,
  keyUsageOf,
  readCertificate,
  readCertificateRequest,
  type Curve,
} from "../src/index.ts";

const YEAR_MS = 365 * 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 21);

describe.each(["P-256", "P-384"] as Curve[])("certificates of %s", (curve) => {
  const authority = { key: generateEllipticKeyPair(curve), commonName: "4142434445464748" };
  const meter = generateEllipticKeyPair(curve);
  const terms = { serialNumber: Uint8Array.of(0x9a, 2, 3), validFromMs: NOW_MS - YEAR_MS, validToMs: NOW_MS + 30 * YEAR_MS };
  const root = readCertificate(
    issueCertificate(authority, { ...authority, curve, publicPoint: authority.key.publicPoint, usage: "digital-signature" }, terms),
  );

  test("go from the meter's request to a certificate that its authority's key verifies", () => {
    const request = readCertificateRequest(createCertificateRequest(meter, "4752580000000001"));
    expect(request).toEqual({ commonName: "4752580000000001", curve, publicPoint: meter.publicPoint });
    const der = issueCertificate(authority, { ...request, usage: "key-agreement" }, terms);
    expect(checkCertificate(der, root, NOW_MS)).toEqual({
      curve,
      publicPoint: meter.publicPoint,
      commonName: "4752580000000001",
      issuerCommonName: "4142434445464748",
      serialNumber: terms.serialNumber,
      validFromMs: terms.validFromMs,
      validToMs: terms.validToMs,
    });
  });

  test("tell what their key is for, and have serial numbers that begin with zeros in their shortest form", () => {
    const short = { ...terms, serialNumber: Uint8Array.of(0, 0, 0x81, 5) };
    for (const usage of ["digital-signature", "key-agreement"] as const) {
      const der = issueCertificate(authority, { commonName: "A", curve, publicPoint: meter.publicPoint, usage }, short);
      expect(keyUsageOf(der)).toBe(usage);
      expect(checkCertificate(der, root, NOW_MS).serialNumber).toEqual(Uint8Array.of(0x81, 5));
    }
    expect(keyUsageOf(createCertificateRequest(meter, "A"))).toBeUndefined();
  });

  test("of another authority, out of their time or changed are refused", () => {
    const der = issueCertificate(authority, { commonName: "A", curve, publicPoint: meter.publicPoint, usage: "digital-signature" }, terms);
    expect(() => checkCertificate(der, { ...root, publicPoint: meter.publicPoint }, NOW_MS)).toThrow(SecurityError);
    expect(() => checkCertificate(der, root, NOW_MS + 31 * YEAR_MS)).toThrow("not valid now");
    const request = createCertificateRequest(meter, "4752580000000001");
    const at = request.indexOf(0x34, 8);
    request[at] = 0x35;
    expect(() => readCertificateRequest(request)).toThrow(SecurityError);
  });
});

test("octets that are no certificate give a DecodeError, however cut", () => {
  const whole = createCertificateRequest(generateEllipticKeyPair("P-256"), "4752580000000001");
  for (let length = 0; length < whole.length; length++)
    expect(() => readCertificateRequest(whole.subarray(0, length))).toThrow(DecodeError);
  expect(() => readCertificate(whole)).toThrow(DecodeError);
});
