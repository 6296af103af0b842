import type { Random } from "./random.ts";

/** A deterministic stream (xoshiro128**, seeded by splitmix32): the same seed draws the same numbers on every machine. */
export function seededRandom(seed: number | string): Random {
  return new SeededRandom(typeof seed === "number" ? seed >>> 0 : hashLabel(0x9e3779b9, seed));
}

class SeededRandom implements Random {
  readonly #seed: number;
  readonly #state = new Uint32Array(4);

  constructor(seed: number) {
    this.#seed = seed;
    let mix = seed;
    for (let index = 0; index < 4; index++) {
      mix = (mix + 0x9e3779b9) >>> 0;
      this.#state[index] = scramble(mix);
    }
  }

  u32(): number {
    const s = this.#state;
    const s1 = s[1] ?? 0;
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    const shifted = s1 << 9;
    s[2] = (s[2] ?? 0) ^ (s[0] ?? 0);
    s[3] = (s[3] ?? 0) ^ s1;
    s[1] = s1 ^ (s[2] ?? 0);
    s[0] = (s[0] ?? 0) ^ (s[3] ?? 0);
    s[2] = (s[2] ?? 0) ^ shifted;
    s[3] = rotateLeft(s[3] ?? 0, 11);
    return result;
  }

  float(): number {
    return ((this.u32() >>> 5) * 67108864 + (this.u32() >>> 6)) / 9007199254740992;
  }

  below(below: number): number {
    return Math.floor(this.float() * below);
  }

  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.float()));
    return radius * Math.cos(2 * Math.PI * this.float());
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let index = 0; index < length; index++) out[index] = this.u32() & 0xff;
    return out;
  }

  fork(label: string): Random {
    return new SeededRandom(hashLabel(this.#seed, label));
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function scramble(value: number): number {
  let mix = value ^ (value >>> 16);
  mix = Math.imul(mix, 0x21f0aaad);
  mix ^= mix >>> 15;
  mix = Math.imul(mix, 0x735a2d97);
  return (mix ^ (mix >>> 15)) >>> 0;
}

/** FNV-1a over the label, started from the parent's seed. */
function hashLabel(seed: number, label: string): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0;
  for (let index = 0; index < label.length; index++) hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193) >>> 0;
  return scramble(hash);
}
