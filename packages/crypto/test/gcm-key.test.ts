import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "@amity/bytes";
import { GcmKey, gcmDecrypt, gcmEncrypt, gcmEncryptOnly, gmac, type GcmTagOctets } from "../src/index.ts";

const KEY = "feffe9928665731c6d6a8f9467308308";
const IV = "cafebabefacedbaddecaf888";
const TEXT =
  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
const AAD = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
const zeros = (octets: number): string => "00".repeat(octets);

/** The test cases of McGrew and Viega with IVs of 12 octets, which NIST took over; tags of 16 octets. */
const CASES = [
  { number: 1, octets: zeros(16), iv: zeros(12), aad: "", text: "", tag: "58e2fccefa7e3061367f1d57a4e7455a" },
  { number: 2, octets: zeros(16), iv: zeros(12), aad: "", text: zeros(16), tag: "ab6e47d42cec13bdf53a67b21257bddf" },
  { number: 3, octets: KEY, iv: IV, aad: "", text: TEXT, tag: "4d5c2af327cd64a62cf35abd2ba6fab4" },
  { number: 4, octets: KEY, iv: IV, aad: AAD, text: TEXT.slice(0, 120), tag: "5bc94fbc3221a5db94fae95ae7121a47" },
  { number: 13, octets: zeros(32), iv: zeros(12), aad: "", text: "", tag: "530f8afbc74536b9a963b4f1c4cb738b" },
  { number: 14, octets: zeros(32), iv: zeros(12), aad: "", text: zeros(16), tag: "d0d1c8a799996bf0265b98b5d48ab919" },
  { number: 15, octets: KEY + KEY, iv: IV, aad: "", text: TEXT, tag: "b094dac5d93471bdec1a502270e3cc6c" },
  { number: 16, octets: KEY + KEY, iv: IV, aad: AAD, text: TEXT.slice(0, 120), tag: "76fc6ece0f4e1768cddf8853bb2d551b" },
] as const;

/** A key that has served a message before, so that its kept context takes the next short one. */
function usedKey(octets: Uint8Array): GcmKey {
  const key = new GcmKey(octets);
  key.mac(new Uint8Array(12), new Uint8Array(0));
  return key;
}

describe("a key of AES-GCM that serves many messages", () => {
  it.each(CASES)("gives the published tag of test case $number with its first message and its next", ({ octets, iv, aad, text, tag }) => {
    const key = new GcmKey(fromHex(octets));
    for (let message = 0; message < 3; message++) {
      const sealed = key.seal(fromHex(iv), fromHex(aad), fromHex(text), 16);
      expect(toHex(sealed.subarray(-16))).toBe(tag);
      expect(toHex(key.open(fromHex(iv), fromHex(aad), sealed, 16))).toBe(text);
      expect(toHex(key.seal(fromHex(iv), fromHex(aad), fromHex(text)).subarray(-12))).toBe(tag.slice(0, 24));
    }
  });

  it("gives octet for octet what contexts of the platform give, at every length of both parts, message after message", () => {
    const keyOctets = fc.constantFrom(16, 32).chain((octets) => fc.uint8Array({ minLength: octets, maxLength: octets }));
    const message = fc.record({
      iv: fc.uint8Array({ minLength: 12, maxLength: 12 }),
      aad: fc.uint8Array({ maxLength: 130 }),
      plain: fc.uint8Array({ maxLength: 130 }),
      tagOctets: fc.constantFrom<GcmTagOctets>(12, 16),
    });
    fc.assert(
      fc.property(keyOctets, keyOctets, fc.array(message, { minLength: 2, maxLength: 4 }), (octets, otherOctets, messages) => {
        const [key, other] = [new GcmKey(octets), usedKey(otherOctets)];
        for (const { iv, aad, plain, tagOctets } of messages) {
          const sealed = key.seal(iv, aad, plain, tagOctets);
          expect(toHex(sealed)).toBe(toHex(gcmEncrypt({ key: octets, iv, aad, tagOctets }, plain)));
          // Another key in between must not disturb what this one keeps.
          expect(toHex(other.mac(iv, aad))).toBe(toHex(gmac({ key: otherOctets, iv, aad })));
          expect(toHex(key.open(iv, aad, sealed, tagOctets))).toBe(toHex(plain));
          expect(toHex(key.encryptOnly(iv, plain))).toBe(toHex(gcmEncryptOnly({ key: octets, iv }, plain)));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("agrees with the platform at every single length around the blocks", () => {
    const octets = fromHex(KEY);
    const key = usedKey(octets);
    const iv = fromHex(IV);
    const text = Uint8Array.from({ length: 120 }, (_, index) => 255 - index);
    for (let aadOctets = 0; aadOctets <= 50; aadOctets++) {
      for (let textOctets = 0; textOctets <= 50; textOctets++) {
        const [aad, plain] = [text.subarray(60, 60 + aadOctets), text.subarray(0, textOctets)];
        expect(toHex(key.seal(iv, aad, plain))).toBe(toHex(gcmEncrypt({ key: octets, iv, aad }, plain)));
      }
    }
  });

  it.each([20, 200])(
    "refuses every single changed octet of %i, of the tag too, other authenticated octets, and what is too short",
    (octets) => {
      const key = usedKey(fromHex(KEY));
      const [iv, aad] = [fromHex(IV), fromHex(AAD)];
      const sealed = key.seal(iv, aad, new Uint8Array(octets).fill(9));
      for (let index = 0; index < sealed.length; index++) {
        const changed = sealed.slice();
        changed[index] = (changed[index] ?? 0) ^ 0x80;
        expect(() => key.open(iv, aad, changed)).toThrow(expect.objectContaining({ name: "SecurityError", code: "bad-tag" }) as Error);
      }
      expect(() => key.open(iv, aad.subarray(1), sealed)).toThrow(/tag does not match/);
      expect(() => key.open(iv, aad, sealed.subarray(0, -1))).toThrow(/tag does not match/);
      expect(() => key.open(iv, aad, sealed.subarray(0, 11))).toThrow(/tag does not match/);
      expect(gcmDecrypt({ key: fromHex(KEY), iv, aad }, sealed)).toHaveLength(octets);
    },
  );

  it("keeps a copy: octets that the caller wipes afterwards change nothing", () => {
    const octets = fromHex(KEY);
    const key = new GcmKey(octets);
    const [iv, aad] = [fromHex(IV), fromHex(AAD)];
    const expected = toHex(gmac({ key: octets, iv, aad }));
    octets.fill(0);
    expect(toHex(key.mac(iv, aad))).toBe(expected);
    expect(toHex(key.mac(iv, aad))).toBe(expected);
  });

  it("refuses keys and IVs of other lengths", () => {
    expect(() => new GcmKey(new Uint8Array(24))).toThrow(/16 or 32 octets/);
    const key = usedKey(new Uint8Array(16));
    expect(() => key.seal(new Uint8Array(16), new Uint8Array(0), new Uint8Array(1))).toThrow(/12 octets/);
    expect(() => key.open(new Uint8Array(8), new Uint8Array(0), new Uint8Array(400))).toThrow(/12 octets/);
  });
});
