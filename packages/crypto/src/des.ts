import { createCipheriv, createDecipheriv } from "node:crypto";
import { UsageError } from "@amity/bytes";

/** Octets of a DES key, block and initial vector. */
export const DES_OCTETS = 8;

/**
 * DES in CBC mode without padding, for meters of before 2010 only: nobody should trust it. The platform has no single DES any more;
 * triple DES under the same key three times is the same thing.
 * @throws UsageError `key-length`, `block-length`.
 */
export function desCbcDecrypt(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array {
  checkBlocks(blocks);
  const decipher = createDecipheriv("des-ede3-cbc", tripled(key), iv).setAutoPadding(false);
  return new Uint8Array(Buffer.concat([decipher.update(blocks), decipher.final()]));
}

/** The inverse of `desCbcDecrypt`. @throws UsageError `key-length`, `block-length`. */
export function desCbcEncrypt(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array {
  checkBlocks(blocks);
  const cipher = createCipheriv("des-ede3-cbc", tripled(key), iv).setAutoPadding(false);
  return new Uint8Array(Buffer.concat([cipher.update(blocks), cipher.final()]));
}

function checkBlocks({ length }: Uint8Array): void {
  if (length % DES_OCTETS !== 0) throw new UsageError(`${length} octets are no whole blocks of ${DES_OCTETS}`, { code: "block-length" });
}

function tripled(key: Uint8Array): Uint8Array {
  if (key.length !== DES_OCTETS) throw new UsageError(`a DES key has ${DES_OCTETS} octets, not ${key.length}`, { code: "key-length" });
  return Uint8Array.from([...key, ...key, ...key]);
}
