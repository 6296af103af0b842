import { createCipheriv, createDecipheriv } from "node:crypto";
import { UsageError } from "@amity/bytes";

const BLOCK = 16;
/** Messages of the protocols that use this are datagrams: anything longer is somebody's mistake (octets). */
const MESSAGE_MAX = 1024 * 1024;

type BlockStream = { update(data: Uint8Array): Uint8Array };

/**
 * One AES key whose schedule is set up once and then serves many short messages: setting up a cipher costs the platform
 * about five times what a three-block message does. Every operation is a single pass of the platform's own CBC or ECB;
 * the chaining value is restored by feeding the IV as a block in front.
 */
export class AesContext {
  readonly #key: Uint8Array;
  #cbcDecipher: BlockStream | undefined;
  #ecbCipher: BlockStream | undefined;
  #cmacMasks: readonly [whole: Uint8Array, padded: Uint8Array] | undefined;
  #chain: { cipher: BlockStream; last: Uint8Array } | undefined;

  /** @throws UsageError `key-length` unless the key has 16, 24 or 32 octets. */
  constructor(key: Uint8Array) {
    if (key.length !== 16 && key.length !== 24 && key.length !== 32) {
      throw new UsageError(`an AES key has 16, 24 or 32 octets, not ${key.length}`, { code: "key-length" });
    }
    this.#key = key.slice();
  }

  /** AES-CBC without padding. `blocks` is a multiple of 16 octets. */
  cbcDecrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array {
    checkBlocks(blocks);
    this.#cbcDecipher ??= createDecipheriv(`aes-${this.#bits}-cbc`, this.#key, new Uint8Array(BLOCK)).setAutoPadding(false);
    const fed = new Uint8Array(BLOCK + blocks.length);
    fed.set(iv.length === BLOCK ? iv : wrongIv(iv), 0);
    fed.set(blocks, BLOCK);
    // The first block of the output is the decrypted IV: of no use to anybody.
    return this.#cbcDecipher.update(fed).subarray(BLOCK);
  }

  /** AES-CBC without padding. `blocks` is a multiple of 16 octets. */
  cbcEncrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array {
    checkBlocks(blocks);
    if (blocks.length === 0) return new Uint8Array(0);
    this.#chain ??= {
      cipher: createCipheriv(`aes-${this.#bits}-cbc`, this.#key, new Uint8Array(BLOCK)).setAutoPadding(false),
      last: new Uint8Array(BLOCK),
    };
    const { cipher, last } = this.#chain;
    const fed = blocks.slice();
    const chained = iv.length === BLOCK ? iv : wrongIv(iv);
    // The stream chains with its own last block: XOR it out and the IV in.
    for (let index = 0; index < BLOCK; index++) fed[index] = (fed[index] ?? 0) ^ (last[index] ?? 0) ^ (chained[index] ?? 0);
    const out = cipher.update(fed);
    last.set(out.subarray(out.length - BLOCK));
    return out;
  }

  /** One or more blocks in ECB: the building stone of CTR modes with their own counters. */
  encryptBlocks(blocks: Uint8Array): Uint8Array {
    checkBlocks(blocks);
    this.#ecbCipher ??= createCipheriv(`aes-${this.#bits}-ecb`, this.#key, null).setAutoPadding(false);
    return this.#ecbCipher.update(blocks);
  }

  /** AES-CTR with a 128-bit big-endian counter that starts at `counterBlock`. Its own inverse. */
  ctr(counterBlock: Uint8Array, data: Uint8Array): Uint8Array {
    if (data.length > MESSAGE_MAX) throw tooLong(data.length);
    const count = Math.ceil(data.length / BLOCK);
    const counters = new Uint8Array(count * BLOCK);
    const counter = counterBlock.length === BLOCK ? counterBlock.slice() : wrongIv(counterBlock);
    for (let block = 0; block < count; block++) {
      counters.set(counter, block * BLOCK);
      for (let index = BLOCK - 1; index >= 0; index--) {
        const next = ((counter[index] ?? 0) + 1) & 0xff;
        counter[index] = next;
        if (next !== 0) break;
      }
    }
    const stream = this.encryptBlocks(counters);
    const out = new Uint8Array(data.length);
    for (let index = 0; index < data.length; index++) out[index] = (data[index] ?? 0) ^ (stream[index] ?? 0);
    return out;
  }

  /** AES-CMAC (RFC 4493), full 16 octets; the subkeys are kept. */
  cmac(message: Uint8Array): Uint8Array {
    if (message.length > MESSAGE_MAX) throw tooLong(message.length);
    this.#cmacMasks ??= this.#masks();
    const isWhole = message.length > 0 && message.length % BLOCK === 0;
    const padded = new Uint8Array(isWhole ? message.length : (Math.floor(message.length / BLOCK) + 1) * BLOCK);
    padded.set(message);
    if (!isWhole) padded[message.length] = 0x80;
    const mask = this.#cmacMasks[isWhole ? 0 : 1];
    const last = padded.length - BLOCK;
    for (let index = 0; index < BLOCK; index++) padded[last + index] = (padded[last + index] ?? 0) ^ (mask[index] ?? 0);
    return this.cbcEncrypt(new Uint8Array(BLOCK), padded).slice(-BLOCK);
  }

  get #bits(): number {
    return this.#key.length * 8;
  }

  #masks(): readonly [Uint8Array, Uint8Array] {
    const whole = doubled(this.encryptBlocks(new Uint8Array(BLOCK)));
    return [whole, doubled(whole)];
  }
}

function checkBlocks(blocks: Uint8Array): void {
  if (blocks.length % BLOCK !== 0) throw new UsageError(`${blocks.length} octets are no whole AES blocks`, { code: "block-length" });
  if (blocks.length > MESSAGE_MAX) throw tooLong(blocks.length);
}

function wrongIv(iv: Uint8Array): never {
  throw new UsageError(`an IV has ${BLOCK} octets, not ${iv.length}`, { code: "iv-length" });
}

function tooLong(length: number): UsageError {
  return new UsageError(`${length} octets exceed ${MESSAGE_MAX}`, { code: "too-long" });
}

function doubled(block: Uint8Array): Uint8Array {
  const out = new Uint8Array(BLOCK);
  let carry = 0;
  for (let index = BLOCK - 1; index >= 0; index--) {
    const octet = block[index] ?? 0;
    out[index] = ((octet << 1) | carry) & 0xff;
    carry = octet >>> 7;
  }
  if (carry === 1) out[15] = (out[15] ?? 0) ^ 0x87;
  return out;
}
