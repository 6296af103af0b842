import { createCipheriv } from "node:crypto";
import { UsageError } from "@amity/bytes";
import { GCM_TAG_OCTETS, badTag, gcmDecrypt, gcmEncrypt, gcmEncryptOnly } from "./gcm.ts";
import { Ghash } from "./ghash.ts";

const BLOCK = 16;
const IV_OCTETS = 12;
/** Octets of a message, both its parts, up to which the kept context is faster than opening one of the platform's. */
const SHORT_OCTETS = 96;

/**
 * One key of AES-GCM (NIST SP 800-38D) that serves many messages. A GCM context of the platform serves one message only, and
 * opening it costs several times what a short message does: from the second short one on they go through an ECB context that
 * is kept, and `Ghash`. The octets are the same either way. IVs have 12 octets.
 */
export class GcmKey {
  readonly #key: Uint8Array;
  #kept: Kept | undefined;
  #wasUsed = false;

  /** @throws UsageError `key-length` unless the key has 16 or 32 octets. */
  constructor(key: Uint8Array) {
    if (key.length !== 16 && key.length !== 32)
      throw new UsageError(`an AES-GCM key has 16 or 32 octets, not ${key.length}`, { code: "key-length" });
    this.#key = key.slice();
  }

  /** Encrypts and authenticates: ciphertext || tag. */
  seal(iv: Uint8Array, aad: Uint8Array, plain: Uint8Array, tagOctets: GcmTagOctets = GCM_TAG_OCTETS): Uint8Array {
    const kept = this.#keptFor(iv, aad.length + plain.length);
    if (kept === undefined) return gcmEncrypt({ key: this.#key, iv, aad, tagOctets }, plain);
    const stream = keyStream(kept, iv, plain.length);
    const out = new Uint8Array(plain.length + tagOctets);
    addStream(out, plain, plain.length, stream);
    const ghash = sumOf(kept, aad, out, plain.length);
    for (let index = 0; index < tagOctets; index++) out[plain.length + index] = ghash.octetAt(index) ^ (stream[index] ?? 0);
    return out;
  }

  /** Checks the tag in full, in constant time, and decrypts. @throws SecurityError `bad-tag`. */
  open(iv: Uint8Array, aad: Uint8Array, sealed: Uint8Array, tagOctets: GcmTagOctets = GCM_TAG_OCTETS): Uint8Array {
    const octets = sealed.length - tagOctets;
    if (octets < 0) throw badTag();
    const kept = this.#keptFor(iv, aad.length + octets);
    if (kept === undefined) return gcmDecrypt({ key: this.#key, iv, aad, tagOctets }, sealed);
    const stream = keyStream(kept, iv, octets);
    const ghash = sumOf(kept, aad, sealed, octets);
    // Every octet is looked at, wherever the first wrong one stands.
    let difference = 0;
    for (let index = 0; index < tagOctets; index++)
      difference |= ghash.octetAt(index) ^ (stream[index] ?? 0) ^ (sealed[octets + index] ?? 0);
    if (difference !== 0) throw badTag();
    const plain = new Uint8Array(octets);
    addStream(plain, sealed, octets, stream);
    return plain;
  }

  /** Encrypts without a tag: the same key stream, no authentication. Its own inverse. */
  encryptOnly(iv: Uint8Array, data: Uint8Array): Uint8Array {
    const kept = this.#keptFor(iv, data.length);
    if (kept === undefined) return gcmEncryptOnly({ key: this.#key, iv }, data);
    const out = new Uint8Array(data.length);
    addStream(out, data, data.length, keyStream(kept, iv, data.length));
    return out;
  }

  /** GMAC: the tag over `aad` alone. */
  mac(iv: Uint8Array, aad: Uint8Array, tagOctets: GcmTagOctets = GCM_TAG_OCTETS): Uint8Array {
    return this.seal(iv, aad, NOTHING, tagOctets);
  }

  /** The kept context, where it serves a message of so many octets better than one of its own. */
  #keptFor(iv: Uint8Array, octets: number): Kept | undefined {
    if (iv.length !== IV_OCTETS) throw new UsageError(`an IV has ${IV_OCTETS} octets, not ${iv.length}`, { code: "iv-length" });
    if (octets > SHORT_OCTETS) return undefined;
    // Many keys are used once, for a push or a guess: only the second message pays for what will be kept.
    if (this.#wasUsed) return (this.#kept ??= opened(this.#key));
    this.#wasUsed = true;
    return undefined;
  }
}

/** Lengths of tags: those that the protocols have. */
export type GcmTagOctets = 12 | 16;

interface Kept {
  readonly cipher: { update(blocks: Uint8Array): Uint8Array };
  readonly ghash: Ghash;
}

function opened(key: Uint8Array): Kept {
  const cipher = createCipheriv(key.length === 16 ? "aes-128-ecb" : "aes-256-ecb", key, null).setAutoPadding(false);
  return { cipher, ghash: new Ghash(cipher.update(new Uint8Array(BLOCK))) };
}

/** The counter blocks enciphered: the first masks the tag, the others the text. */
function keyStream({ cipher }: Kept, iv: Uint8Array, octets: number): Uint8Array {
  const length = BLOCK * (1 + Math.ceil(octets / BLOCK));
  for (let at = 0; at < length; at += BLOCK) COUNTERS.set(iv, at);
  return cipher.update(COUNTERS.subarray(0, length));
}

function sumOf({ ghash }: Kept, aad: Uint8Array, ciphertext: Uint8Array, octets: number): Ghash {
  ghash.reset();
  ghash.update(aad, aad.length);
  ghash.update(ciphertext, octets);
  ghash.updateLengths(aad.length, octets);
  return ghash;
}

const NOTHING = new Uint8Array(0);

/** Blocks of an IV and a number from 1 on. A message is counted off without a pause, so one row serves all keys. */
const COUNTERS = Uint8Array.from({ length: BLOCK * (1 + Math.ceil(SHORT_OCTETS / BLOCK)) }, (_, at) =>
  at % BLOCK === BLOCK - 1 ? (at + 1) / BLOCK : 0,
);

function addStream(out: Uint8Array, text: Uint8Array, octets: number, stream: Uint8Array): void {
  for (let index = 0; index < octets; index++) out[index] = (text[index] ?? 0) ^ (stream[BLOCK + index] ?? 0);
}
