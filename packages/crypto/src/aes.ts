import { createCipheriv, createDecipheriv } from "node:crypto";
import { UsageError } from "@amity/bytes";

/** One or more whole blocks through AES in ECB mode. Only for challenge algorithms and constructions built on single blocks. */
export function aesEcbEncrypt(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const cipher = createCipheriv(`aes-${bitsOf(key)}-ecb`, key, null).setAutoPadding(false);
  return joined(cipher.update(blocks), cipher.final());
}

export function aesEcbDecrypt(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const decipher = createDecipheriv(`aes-${bitsOf(key)}-ecb`, key, null).setAutoPadding(false);
  return joined(decipher.update(blocks), decipher.final());
}

/** AES-CBC without padding (wireless M-Bus security modes 5 and 7). */
export function aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array {
  const cipher = createCipheriv(`aes-${bitsOf(key)}-cbc`, key, iv).setAutoPadding(false);
  return joined(cipher.update(blocks), cipher.final());
}

export function aesCbcDecrypt(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array {
  const decipher = createDecipheriv(`aes-${bitsOf(key)}-cbc`, key, iv).setAutoPadding(false);
  return joined(decipher.update(blocks), decipher.final());
}

/** AES-CTR: its own inverse (wireless M-Bus ELL, OMS mode 13 records). */
export function aesCtr(key: Uint8Array, counterBlock: Uint8Array, data: Uint8Array): Uint8Array {
  const cipher = createCipheriv(`aes-${bitsOf(key)}-ctr`, key, counterBlock);
  return joined(cipher.update(data), cipher.final());
}

/** AES-CCM (OMS mode 13, C12.22 relatives): ciphertext || tag. */
export function aesCcmEncrypt(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagOctets: number): Uint8Array {
  const cipher = createCipheriv("aes-128-ccm", key, nonce, { authTagLength: tagOctets });
  cipher.setAAD(aad, { plaintextLength: plaintext.length });
  const body = joined(cipher.update(plaintext), cipher.final());
  const out = new Uint8Array(body.length + tagOctets);
  out.set(body);
  out.set(cipher.getAuthTag(), body.length);
  return out;
}

/** AES-CMAC (RFC 4493, NIST SP 800-38B), full 16 octets. */
export function aesCmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  const k1 = doubled(aesEcbEncrypt(key, new Uint8Array(16)));
  const whole = message.length > 0 && message.length % 16 === 0;
  const padded = new Uint8Array(whole ? message.length : (Math.floor(message.length / 16) + 1) * 16);
  padded.set(message);
  if (!whole) padded[message.length] = 0x80;
  const mask = whole ? k1 : doubled(k1);
  const last = padded.length - 16;
  for (let index = 0; index < 16; index++) padded[last + index] = (padded[last + index] ?? 0) ^ (mask[index] ?? 0);
  return aesCbcEncrypt(key, new Uint8Array(16), padded).slice(-16);
}

function doubled(block: Uint8Array): Uint8Array {
  const out = new Uint8Array(16);
  let carry = 0;
  for (let index = 15; index >= 0; index--) {
    const octet = block[index] ?? 0;
    out[index] = ((octet << 1) | carry) & 0xff;
    carry = octet >>> 7;
  }
  if (carry === 1) out[15] = (out[15] ?? 0) ^ 0x87;
  return out;
}

function bitsOf(key: Uint8Array): number {
  if (key.length === 16 || key.length === 24 || key.length === 32) return key.length * 8;
  throw new UsageError(`an AES key has 16, 24 or 32 octets, not ${key.length}`, { code: "key-length" });
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (second.length === 0) return new Uint8Array(first.buffer, first.byteOffset, first.length);
  const out = new Uint8Array(first.length + second.length);
  out.set(first);
  out.set(second, first.length);
  return out;
}
