import type { Timer, Timers } from "../timers.ts";

/** Longest delay that the platform takes; longer ones are waited for in turns (ms). */
const DELAY_MAX_MS = 0x7fff_ffff;

/** Timers over the platform's monotonic clock. */
export const realTimers: Timers = {
  elapsedMs: () => performance.now(),
  after(delayMs: number, callback: () => void): Timer {
    let remainingMs = Math.max(0, delayMs);
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      const turnMs = Math.min(remainingMs, DELAY_MAX_MS);
      remainingMs -= turnMs;
      handle = setTimeout(() => (remainingMs > 0 ? arm() : callback()), turnMs);
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  },
  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOver(realTimers, delayMs, signal);
  },
};

/** `sleep` in terms of `after`: shared by the real and the simulated timers. */
export function sleepOver(timers: Pick<Timers, "after">, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = timers.after(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
