import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AesContext, aesCbcDecrypt, aesCbcEncrypt, aesCmac, aesCtr } from "../src/index.ts";

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const blocks = fc.integer({ min: 0, max: 6 }).chain((count) => octets(count * 16));

test("a context gives what one-shot ciphers give, message after message, in any order", () => {
  const key = new Uint8Array(randomBytes(16));
  const context = new AesContext(key);
  fc.assert(
    fc.property(octets(16), blocks, fc.uint8Array({ maxLength: 70 }), (iv, data, message) => {
      expect([...context.cbcDecrypt(iv, data)]).toEqual([...aesCbcDecrypt(key, iv, data)]);
      expect([...context.cbcEncrypt(iv, data)]).toEqual([...aesCbcEncrypt(key, iv, data)]);
      expect([...context.ctr(iv, message)]).toEqual([...aesCtr(key, iv, message)]);
      expect([...context.cmac(message)]).toEqual([...aesCmac(key, message)]);
    }),
    { numRuns: 200 },
  );
});

test("a counter of all ones wraps round", () => {
  const key = new Uint8Array(16).fill(7);
  const start = new Uint8Array(16).fill(0xff);
  expect([...new AesContext(key).ctr(start, new Uint8Array(40))]).toEqual([...aesCtr(key, start, new Uint8Array(40))]);
});

test("a key of a wrong length is refused", () => {
  expect(() => new AesContext(new Uint8Array(15))).toThrow(/16, 24 or 32/);
});
