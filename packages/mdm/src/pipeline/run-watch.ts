/** Follows a long run from outside: how far it is, and whether anybody still wants it. */
export interface RunWatch {
  /** Called between groups of work; `total` does not change within a run. */
  onProgress(done: number, total: number): void;
  isCancelled(): boolean;
}

/** Follows nothing. */
export const UNWATCHED: RunWatch = { onProgress: () => undefined, isCancelled: () => false };
