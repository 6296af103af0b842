/**
 * Random access randomness: the same (seed, a, b) always gives the same number, in any order of asking. The household
 * model draws every day and slot this way, so that any interval of any year costs the same as the next one.
 */
export function hash32(seed: number, a: number, b: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(a, 0xc2b2ae35);
  h ^= h >>> 15;
  h = Math.imul(h + Math.imul(b, 0x27d4eb2f), 0x2c1b3c6d);
  h ^= h >>> 12;
  h = Math.imul(h, 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}

/** Uniform in [0, 1). */
export function uniform(seed: number, a: number, b: number): number {
  return hash32(seed, a, b) / 0x1_0000_0000;
}

/** About standard normal: four uniforms, rescaled (kurtosis a little low, tails bounded at ±3.5). */
export function normal(seed: number, a: number, b: number): number {
  const high = hash32(seed, a, b);
  const low = hash32(seed ^ 0x5bd1e995, a, b);
  const sum = (high >>> 16) + (high & 0xffff) + (low >>> 16) + (low & 0xffff);
  return (sum / 65536 - 2) * 1.7320508;
}

/** Smooth noise in [-1, 1]: lattice values every `period` steps, eased between. */
export function smoothNoise(seed: number, stream: number, at: number, period: number): number {
  const position = at / period;
  const cell = Math.floor(position);
  const part = position - cell;
  const eased = part * part * (3 - 2 * part);
  const left = uniform(seed, stream, cell);
  return 2 * (left + (uniform(seed, stream, cell + 1) - left) * eased) - 1;
}

/** A 32-bit seed from text (FNV-1a), for seeds derived from names. */
export function seedOf(text: string): number {
  let h = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) h = Math.imul(h ^ text.charCodeAt(index), 0x01000193);
  return h >>> 0;
}
