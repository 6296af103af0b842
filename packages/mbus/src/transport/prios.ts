/** Seeds that Diehl's meters leave the factory with (published with the analysis of the PRIOS scrambler). */
const SEEDS: readonly number[] = [(0x39bc8a10 ^ 0xe66d83f8) >>> 0, (0x51728910 ^ 0xe66d83f8) >>> 0];
/** Octets behind the CI that stay in clear. */
const CLEAR = 4;
/** First octet of every unscrambled payload. */
const MARK = 0x4b;

/**
 * Takes the PRIOS scrambling off: a 32-bit feedback shift register, seeded with the link header, clocked eight times an
 * octet. `frame` is the telegram without CRCs, `at` its CI. Returns the octets behind the CI; `undefined` where no seed fits.
 */
export function unscramblePrios(frame: Uint8Array, at: number): Uint8Array | undefined {
  return unscrambled(frame, at, (out) => out[CLEAR] === MARK);
}

/**
 * The same scrambler around standard records: Diehl's "real data" behind a short header whose security mode is 16 or above.
 * The sum of the content, but for a bit, stands in the high octet of the configuration field.
 */
export function unscrambleRealData(frame: Uint8Array, at: number): Uint8Array | undefined {
  return unscrambled(frame, at, (out) => {
    const sum = out.subarray(CLEAR).reduce((total, octet) => (total + octet) & 0xff, 0);
    return (sum & SUM_BITS) === ((out[CLEAR - 1] ?? 0) & SUM_BITS);
  });
}

const SUM_BITS = 0xef;

function unscrambled(frame: Uint8Array, at: number, isRight: (behindCi: Uint8Array) => boolean): Uint8Array | undefined {
  if (at < 10 || frame.length < at + 1 + CLEAR + 1) return undefined;
  const header = word(frame, 2) ^ word(frame, 6) ^ word(frame, at);
  for (const seed of SEEDS) {
    const out = frame.slice(at + 1);
    let register = seed ^ header;
    for (let index = CLEAR; index < out.length; index++) {
      for (let step = 0; step < 8; step++) {
        const bit = ((register >>> 1) ^ (register >>> 2) ^ (register >>> 11) ^ (register >>> 31)) & 1;
        register = (register << 1) | bit;
      }
      out[index] = (out[index] ?? 0) ^ (register & 0xff);
    }
    if (isRight(out)) return out;
  }
  return undefined;
}

function word(data: Uint8Array, at: number): number {
  return ((data[at] ?? 0) << 24) | ((data[at + 1] ?? 0) << 16) | ((data[at + 2] ?? 0) << 8) | (data[at + 3] ?? 0);
}
