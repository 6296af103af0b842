const BLOCK = 16;
/** Products of words of 32 bits that one of 128 by 128 bits takes, by Karatsuba twice. */
const TERMS = 9;

/**
 * GHASH of AES-GCM (NIST SP 800-38D, 6.4) under one key. It has no tables and no branches on what is secret, and every
 * block takes the same steps: neither a cache nor a clock tells anything of the hash key. (After T. Pornin,
 * "Constant-time multiplication", and his BearSSL.)
 */
export class Ghash {
  readonly #key = new Int32Array(2 * TERMS);
  /** Lowest word first. */
  readonly #sum = new Int32Array(4);
  readonly #factors = new Int32Array(2 * TERMS);
  /** Of each product the lower 32 bits, then of each the upper 31. */
  readonly #products = new Int32Array(2 * TERMS);

  /** `hashKey`: a block of zeros through the cipher, 16 octets. */
  constructor(hashKey: Uint8Array) {
    fillTerms(this.#key, wordAt(hashKey, 12), wordAt(hashKey, 8), wordAt(hashKey, 4), wordAt(hashKey, 0));
  }

  /** Begins anew with a sum of zero. */
  reset(): void {
    this.#sum.fill(0);
  }

  /** Takes one part of a message, the first `length` octets, filled up with zeros to whole blocks. */
  update(octets: Uint8Array, length: number): void {
    let at = 0;
    for (; at + BLOCK <= length; at += BLOCK) this.#addBlock(octets, at);
    if (at === length) return;
    const last = new Uint8Array(BLOCK);
    for (let index = at; index < length; index++) last[index - at] = octets[index] ?? 0;
    this.#addBlock(last, 0);
  }

  #addBlock(octets: Uint8Array, at: number): void {
    this.#add(wordAt(octets, at), wordAt(octets, at + 4), wordAt(octets, at + 8), wordAt(octets, at + 12));
  }

  /** The block that ends a message: the lengths of its two parts, each below 2^29 octets. */
  updateLengths(authenticatedOctets: number, encryptedOctets: number): void {
    this.#add(0, authenticatedOctets * 8, 0, encryptedOctets * 8);
  }

  /** Octet `index` of the sum, 0 to 15. */
  octetAt(index: number): number {
    return ((this.#sum[3 - (index >> 2)] ?? 0) >>> (24 - 8 * (index & 3))) & 0xff;
  }

  /** Adds a block and multiplies by the hash key. */
  #add(w3: number, w2: number, w1: number, w0: number): void {
    const sum = this.#sum;
    const factors = this.#factors;
    const key = this.#key;
    const products = this.#products;
    fillTerms(factors, (sum[0] ?? 0) ^ w0, (sum[1] ?? 0) ^ w1, (sum[2] ?? 0) ^ w2, (sum[3] ?? 0) ^ w3);
    for (let term = 0; term < TERMS; term++) {
      products[term] = lowerProduct(factors[term] ?? 0, key[term] ?? 0);
      // The upper half of a product without carries is the lower half of that of the reversed factors, reversed.
      products[TERMS + term] = reversed(lowerProduct(factors[TERMS + term] ?? 0, key[TERMS + term] ?? 0)) >>> 1;
    }
    reduce(products, sum);
  }
}

/** Four octets, the first the highest: the bits of a block stand the other way round in GHASH, lowest power first. */
function wordAt(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 24) | ((octets[at + 1] ?? 0) << 16) | ((octets[at + 2] ?? 0) << 8) | (octets[at + 3] ?? 0);
}

/** Terms of a number of four words, lowest first: by threes those of its lower half, of its upper half and of the sum of both; then all reversed. */
function fillTerms(terms: Int32Array, w0: number, w1: number, w2: number, w3: number): void {
  terms[0] = w0;
  terms[1] = w1;
  terms[2] = w0 ^ w1;
  terms[3] = w2;
  terms[4] = w3;
  terms[5] = w2 ^ w3;
  terms[6] = w0 ^ w2;
  terms[7] = w1 ^ w3;
  terms[8] = w0 ^ w1 ^ w2 ^ w3;
  for (let term = 0; term < TERMS; term++) terms[TERMS + term] = reversed(terms[term] ?? 0);
}

/**
 * Lower 32 bits of the product of two polynomials over GF(2). Ordinary multiplication of words that hold every fourth bit only:
 * carries end in the bits between, which are masked away.
 */
function lowerProduct(left: number, right: number): number {
  // Not destructured: this is the innermost loop, and iterators keep it from being compiled into its caller.
  const a0 = left & 0x11111111;
  const a1 = left & 0x22222222;
  const a2 = left & 0x44444444;
  const a3 = left & 0x88888888;
  const b0 = right & 0x11111111;
  const b1 = right & 0x22222222;
  const b2 = right & 0x44444444;
  const b3 = right & 0x88888888;
  const c0 = Math.imul(a0, b0) ^ Math.imul(a1, b3) ^ Math.imul(a2, b2) ^ Math.imul(a3, b1);
  const c1 = Math.imul(a0, b1) ^ Math.imul(a1, b0) ^ Math.imul(a2, b3) ^ Math.imul(a3, b2);
  const c2 = Math.imul(a0, b2) ^ Math.imul(a1, b1) ^ Math.imul(a2, b0) ^ Math.imul(a3, b3);
  const c3 = Math.imul(a0, b3) ^ Math.imul(a1, b2) ^ Math.imul(a2, b1) ^ Math.imul(a3, b0);
  return (c0 & 0x11111111) | (c1 & 0x22222222) | (c2 & 0x44444444) | (c3 & 0x88888888);
}

function reversed(word: number): number {
  let bits = ((word & 0x55555555) << 1) | ((word >>> 1) & 0x55555555);
  bits = ((bits & 0x33333333) << 2) | ((bits >>> 2) & 0x33333333);
  bits = ((bits & 0x0f0f0f0f) << 4) | ((bits >>> 4) & 0x0f0f0f0f);
  bits = ((bits & 0x00ff00ff) << 8) | ((bits >>> 8) & 0x00ff00ff);
  return (bits << 16) | (bits >>> 16);
}

/** Puts the products together to eight words, and brings them back to four modulo x^128 + x^7 + x^2 + x + 1. */
function reduce(products: Int32Array, sum: Int32Array): void {
  const words = WORDS;
  put64(products, 0, words, 0);
  put64(products, 3, words, 4);
  put64(products, 6, MIDDLE, 0);
  // Karatsuba: the product of the sums holds those of the halves, too.
  for (let at = 0; at < 4; at++) MIDDLE[at] = (MIDDLE[at] ?? 0) ^ (words[at] ?? 0) ^ (words[at + 4] ?? 0);
  for (let at = 0; at < 4; at++) words[at + 2] = (words[at + 2] ?? 0) ^ (MIDDLE[at] ?? 0);
  // Reversed factors of 128 bits give a product of 255: one bit to the left.
  for (let at = 7; at > 0; at--) words[at] = ((words[at] ?? 0) << 1) | ((words[at - 1] ?? 0) >>> 31);
  words[0] = (words[0] ?? 0) << 1;
  for (let at = 0; at < 4; at++) {
    const word = words[at] ?? 0;
    words[at + 4] = (words[at + 4] ?? 0) ^ word ^ (word >>> 1) ^ (word >>> 2) ^ (word >>> 7);
    words[at + 3] = (words[at + 3] ?? 0) ^ (word << 31) ^ (word << 30) ^ (word << 25);
  }
  for (let at = 0; at < 4; at++) sum[at] = words[at + 4] ?? 0;
}

/** A product of 64 by 64 bits from three of words: of the lower, of the upper and of their sums. */
function put64(products: Int32Array, term: number, words: Int32Array, at: number): void {
  const low = products[term] ?? 0;
  const high = products[term + 1] ?? 0;
  const lowUpper = products[TERMS + term] ?? 0;
  const highUpper = products[TERMS + term + 1] ?? 0;
  words[at] = low;
  words[at + 1] = lowUpper ^ low ^ high ^ (products[term + 2] ?? 0);
  words[at + 2] = high ^ lowUpper ^ highUpper ^ (products[TERMS + term + 2] ?? 0);
  words[at + 3] = highUpper;
}

/** Where `reduce` works: it runs to its end undisturbed, so one of each will do. */
const WORDS = new Int32Array(8);
const MIDDLE = new Int32Array(4);
