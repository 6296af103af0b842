/** Global function that instrumented files call for their counters. */
export const COVERAGE_VARIABLE = "__amityFuzzCounters__";

/** Counters of the instrumented files: one of each branch's arm and function. */
export class Counters {
  readonly files: Uint32Array[] = [];

  /** Lets files that are loaded from now on count here. */
  install(): void {
    const register = (size: number): Uint32Array => {
      const counters = new Uint32Array(size);
      this.files.push(counters);
      return counters;
    };
    Object.assign(globalThis, { [COVERAGE_VARIABLE]: register });
  }
}

/**
 * What inputs have reached so far. An input is news when an arm or function was reached for the first time, or in another
 * order of magnitude (1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more), as AFL counts.
 */
export class CoverageMap {
  readonly #files: readonly { readonly counters: Uint32Array; readonly seen: Uint8Array }[];
  #reached = 0;

  /** Counters of every instrumented file; all must be loaded by now. */
  constructor(files: readonly Uint32Array[]) {
    this.#files = files.map((counters) => ({ counters, seen: new Uint8Array(counters.length) }));
  }

  /** Arms and functions that there are. */
  get size(): number {
    return this.#files.reduce((sum, { seen }) => sum + seen.length, 0);
  }

  /** Arms and functions that some input reached. */
  get reached(): number {
    return this.#reached;
  }

  /** Takes what one input has counted, sets the counters to zero, and says whether there was news. */
  take(): boolean {
    let isNews = false;
    for (const { counters, seen } of this.#files) {
      for (let at = 0; at < counters.length; at++) {
        const count = counters[at] ?? 0;
        if (count === 0) continue;
        counters[at] = 0;
        if (this.#note(seen, at, count)) isNews = true;
      }
    }
    return isNews;
  }

  #note(seen: Uint8Array, at: number, count: number): boolean {
    const known = seen[at] ?? 0;
    const all = known | magnitude(count);
    if (all === known) return false;
    if (known === 0) this.#reached++;
    seen[at] = all;
    return true;
  }
}

function magnitude(count: number): number {
  if (count <= 3) return 1 << (count - 1);
  if (count <= 7) return 8;
  if (count <= 15) return 16;
  if (count <= 31) return 32;
  return count <= 127 ? 64 : 128;
}
