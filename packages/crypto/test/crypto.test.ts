import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "@amity/bytes";
import {
  aesCcmEncrypt,
  aesCmac,
  aesEcbEncrypt,
  digest,
  ecdh,
  ecdsaSign,
  ecdsaVerify,
  gcmDecrypt,
  gcmEncrypt,
  gcmEncryptOnly,
  generateEllipticKeyPair,
  gmac,
  hashPassword,
  publicPointOf,
  unwrapKey,
  verifyPassword,
  wrapKey,
} from "../src/index.ts";

const key = fromHex("feffe9928665731c6d6a8f9467308308");
const iv = fromHex("cafebabefacedbaddecaf888");
const plain = fromHex(
  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
);
const aad = fromHex("feedfacedeadbeeffeedfacedeadbeefabaddad2");

describe("AES-GCM", () => {
  it("gives the published result of NIST test case 4", () => {
    const sealed = gcmEncrypt({ key, iv, aad, tagOctets: 16 }, plain);
    expect(toHex(sealed.subarray(-16))).toBe("5bc94fbc3221a5db94fae95ae7121a47");
    expect(gcmDecrypt({ key, iv, aad, tagOctets: 16 }, sealed)).toEqual(plain);
    expect(gcmEncryptOnly({ key, iv }, plain)).toEqual(sealed.subarray(0, -16));
  });
  it("refuses every single changed octet, a short tag and a wrong key", () => {
    const sealed = gcmEncrypt({ key, iv, aad }, plain);
    for (let index = 0; index < sealed.length; index++) {
      const changed = sealed.slice();
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => gcmDecrypt({ key, iv, aad }, changed)).toThrow(/tag does not match/);
    }
    expect(() => gcmDecrypt({ key, iv, aad }, sealed.subarray(0, 8))).toThrow(/tag does not match/);
    expect(() => gcmDecrypt({ key: iv, iv, aad }, sealed)).toThrow(/16 or 32 octets/);
  });
  it("makes a GMAC of 12 octets", () => {
    expect(gmac({ key, iv, aad })).toHaveLength(12);
  });
});

describe("AES-CMAC", () => {
  const k = fromHex("2b7e151628aed2a6abf7158809cf4f3c");
  it("gives the results of RFC 4493", () => {
    expect(toHex(aesCmac(k, new Uint8Array()))).toBe("bb1d6929e95937287fa37d129b756746");
    expect(toHex(aesCmac(k, fromHex("6bc1bee22e409f96e93d7e117393172a")))).toBe("070a16b46b4d4144f79bdd9dd04a287c");
    expect(toHex(aesCmac(k, fromHex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411")))).toBe(
      "dfa66747de9ae63030ca32611497c827",
    );
  });
  it("uses AES as FIPS 197 shows it", () => {
    expect(toHex(aesEcbEncrypt(fromHex("000102030405060708090a0b0c0d0e0f"), fromHex("00112233445566778899aabbccddeeff")))).toBe(
      "69c4e0d86a7b0430d8cdb78070b4c55a",
    );
  });
});

describe("AES-CCM", () => {
  it("gives example 1 of NIST SP 800-38C", () => {
    const sealed = aesCcmEncrypt(
      fromHex("404142434445464748494a4b4c4d4e4f"),
      fromHex("10111213141516"),
      fromHex("0001020304050607"),
      fromHex("20212223"),
      4,
    );
    expect(toHex(sealed)).toBe("7162015b4dac255d");
  });
});

describe("key wrap", () => {
  it("gives the result of RFC 3394, 4.1, and refuses another key", () => {
    const wrapped = wrapKey(fromHex("000102030405060708090A0B0C0D0E0F"), fromHex("00112233445566778899AABBCCDDEEFF"));
    expect(toHex(wrapped)).toBe("1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5");
    expect(toHex(unwrapKey(fromHex("000102030405060708090A0B0C0D0E0F"), wrapped))).toBe("00112233445566778899aabbccddeeff");
    expect(() => unwrapKey(fromHex("000102030405060708090A0B0C0D0E00"), wrapped)).toThrow(/integrity/);
  });
});

describe.each(["P-256", "P-384"] as const)("curve %s", (curve) => {
  it("signs and verifies, agrees both ways, and derives its public point", () => {
    const [left, right] = [generateEllipticKeyPair(curve), generateEllipticKeyPair(curve)];
    const signature = ecdsaSign(curve, left.privateScalar, plain);
    expect(ecdsaVerify(curve, left.publicPoint, plain, signature)).toBe(true);
    expect(ecdsaVerify(curve, right.publicPoint, plain, signature)).toBe(false);
    expect(ecdsaVerify(curve, left.publicPoint, plain, signature.subarray(1))).toBe(false);
    expect(ecdh(curve, left.privateScalar, right.publicPoint)).toEqual(ecdh(curve, right.privateScalar, left.publicPoint));
    expect(publicPointOf(curve, left.privateScalar)).toEqual(left.publicPoint);
  });

  it("refuses a peer's point that is not on it, by name", () => {
    const { privateScalar, publicPoint } = generateEllipticKeyPair(curve);
    const off = publicPoint.map((octet, index) => (index === publicPoint.length - 1 ? octet ^ 1 : octet));
    const named = expect.objectContaining({ name: "SecurityError", code: "bad-key" }) as Error;
    expect(() => ecdh(curve, privateScalar, off)).toThrow(named);
    expect(() => ecdsaVerify(curve, off, publicPoint, new Uint8Array(publicPoint.length))).toThrow(named);
  });
});

describe("passwords", () => {
  it("verify against their own salted hash only", () => {
    const stored = hashPassword("correct horse");
    expect(stored).not.toContain("horse");
    expect(verifyPassword("correct horse", stored)).toBe(true);
    expect(verifyPassword("battery staple", stored)).toBe(false);
    expect(verifyPassword("correct horse", "plain")).toBe(false);
  });
});

describe("digests", () => {
  it("join their parts", () => {
    expect(toHex(digest("sha256", new TextEncoder().encode("a"), new TextEncoder().encode("bc")))).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
  });
});
