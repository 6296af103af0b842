/**
 * Invocation counters of the head-end's own keys. Blocks are reserved durably before any number of them is used, so a
 * crash skips numbers and never repeats one (IEC 62056-5-3, 5.3.3.7: a repeated IV under AES-GCM gives the key stream away).
 */
export interface InvocationCounters {
  /** `count` numbers nobody was given before; the first one. @throws SecurityError `counter-exhausted`. */
  reserve(name: string, count: number): Promise<number>;
  /** Lifts the counter so that the next number is at least `value` (a meter said it has seen more). Never lowers. */
  raise(name: string, value: number): Promise<void>;
}
