import type { SapPair } from "./link/pdu-link.ts";

/** One APDU as it went over the link. Keys never appear; `plain` may hold customer data: bound and guard what you keep. */
export interface ApduTraceEntry {
  readonly direction: "sent" | "received";
  /** Milliseconds of the tracing side's `Timers.elapsedMs`. */
  readonly elapsedMs: number;
  readonly saps: SapPair;
  /** What the application layer sees: deciphered. */
  readonly plain: Uint8Array;
  /** What was on the link, where it differs from `plain`. */
  readonly ciphered?: Uint8Array;
}

/** Called for every APDU, synchronously: it must be quick and must not throw. */
export type ApduTrace = (entry: ApduTraceEntry) => void;
