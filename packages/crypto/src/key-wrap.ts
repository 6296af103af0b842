import { createCipheriv, createDecipheriv } from "node:crypto";
import { SecurityError } from "@amity/bytes";

const IV = Buffer.from("A6A6A6A6A6A6A6A6", "hex");

/** AES key wrap (RFC 3394): `key` of 16 or 32 octets under `kek` of 16 or 32; the result is 8 octets longer. */
export function wrapKey(kek: Uint8Array, key: Uint8Array): Uint8Array {
  const cipher = createCipheriv(`id-aes${kek.length * 8}-wrap`, kek, IV);
  return new Uint8Array(Buffer.concat([cipher.update(key), cipher.final()]));
}

/** @throws SecurityError `bad-wrap` when the integrity check fails. */
export function unwrapKey(kek: Uint8Array, wrapped: Uint8Array): Uint8Array {
  try {
    const decipher = createDecipheriv(`id-aes${kek.length * 8}-wrap`, kek, IV);
    return new Uint8Array(Buffer.concat([decipher.update(wrapped), decipher.final()]));
  } catch {
    throw new SecurityError("the wrapped key fails its integrity check", { code: "bad-wrap", advice: "check the key-encryption key" });
  }
}
