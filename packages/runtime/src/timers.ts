/** A pending call that can be taken back. Cancelling one that ran or was cancelled does nothing. */
export interface Timer {
  cancel(): void;
}

/** Machine time: monotonic, for time-outs, back-off and measuring. */
export interface Timers {
  /** Milliseconds since some fixed moment; never goes back. */
  elapsedMs(): number;
  /** Calls `callback` once after `delayMs` of machine time. */
  after(delayMs: number, callback: () => void): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason when aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}
