import { createCipheriv, createDecipheriv } from "node:crypto";
import { SecurityError, UsageError } from "@amity/bytes";

/** Tag length of DLMS (IEC 62056-5-3, 5.3.3.7): 12 octets, always checked in full. */
export const GCM_TAG_OCTETS = 12;

/** Inputs of AES-GCM (NIST SP 800-38D): 16 or 32 octets of key, 12 of IV. */
export interface GcmInput {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly aad?: Uint8Array;
  readonly tagOctets?: number;
}

/** Encrypts and authenticates: ciphertext || tag. */
export function gcmEncrypt(input: GcmInput, plaintext: Uint8Array): Uint8Array {
  const tagOctets = input.tagOctets ?? GCM_TAG_OCTETS;
  const cipher = createCipheriv(algorithmOf(input.key), input.key, input.iv, { authTagLength: tagOctets });
  if (input.aad !== undefined) cipher.setAAD(input.aad);
  const body = cipher.update(plaintext);
  cipher.final();
  const out = new Uint8Array(body.length + tagOctets);
  out.set(body);
  out.set(cipher.getAuthTag(), body.length);
  return out;
}

/** Checks the tag in full and decrypts. @throws SecurityError `bad-tag`. */
export function gcmDecrypt(input: GcmInput, ciphertextAndTag: Uint8Array): Uint8Array {
  const tagOctets = input.tagOctets ?? GCM_TAG_OCTETS;
  const split = ciphertextAndTag.length - tagOctets;
  if (split < 0) throw badTag();
  const decipher = createDecipheriv(algorithmOf(input.key), input.key, input.iv, { authTagLength: tagOctets });
  if (input.aad !== undefined) decipher.setAAD(input.aad);
  decipher.setAuthTag(ciphertextAndTag.subarray(split));
  const body = decipher.update(ciphertextAndTag.subarray(0, split));
  try {
    decipher.final();
  } catch {
    throw badTag();
  }
  return new Uint8Array(body.buffer, body.byteOffset, body.length);
}

/** Encrypts without a tag (security control 0x20): the same key stream, no authentication. Its own inverse. */
export function gcmEncryptOnly(input: GcmInput, data: Uint8Array): Uint8Array {
  const cipher = createCipheriv(algorithmOf(input.key), input.key, input.iv, { authTagLength: 16 });
  const body = cipher.update(data);
  cipher.final();
  return new Uint8Array(body.buffer, body.byteOffset, body.length);
}

/** GMAC: the tag over `input.aad` alone. */
export function gmac(input: GcmInput): Uint8Array {
  return gcmEncrypt(input, new Uint8Array(0));
}

function algorithmOf(key: Uint8Array): "aes-128-gcm" | "aes-256-gcm" {
  if (key.length === 16) return "aes-128-gcm";
  if (key.length === 32) return "aes-256-gcm";
  throw new UsageError(`an AES-GCM key has 16 or 32 octets, not ${key.length}`, { code: "key-length" });
}

/** What every check of a tag throws: nothing about where it differs. */
export function badTag(): SecurityError {
  return new SecurityError("authentication tag does not match", {
    code: "bad-tag",
    advice: "check the encryption and authentication keys and the system title of the sender",
  });
}
