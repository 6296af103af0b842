/**
 * A seeded stream of random numbers (deterministic) or the platform's (real). Not for keys: those come from the crypto
 * module, which takes its octets from `bytes` so that a simulation can replay them.
 */
export interface Random {
  /** An integer from 0 to 2^32 - 1. */
  u32(): number;
  /** A number in [0, 1). */
  float(): number;
  /** An integer in [0, below). */
  below(below: number): number;
  /** Normal deviate, mean 0, standard deviation 1. */
  normal(): number;
  /** `length` octets. */
  bytes(length: number): Uint8Array;
  /** An independent stream for a named part: drawing from one never shifts another. */
  fork(label: string): Random;
}
