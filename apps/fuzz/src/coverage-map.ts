/** Counters of one file as istanbul writes them: branches by id and arm, functions by id. */
export interface FileCounters {
  readonly b: Readonly<Record<string, number[]>>;
  readonly f: Record<string, number>;
}

/** Global in which instrumented files keep their counters. */
export const COVERAGE_VARIABLE = "__amityFuzzCoverage__";

/**
 * What inputs have reached so far. An input is news when an arm or function was reached for the first time, or in another
 * order of magnitude (1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more), as AFL counts.
 */
export class CoverageMap {
  readonly #arms: number[][] = [];
  readonly #functions: { readonly counters: Record<string, number>; readonly ids: readonly string[] }[] = [];
  readonly #seen: Uint8Array;
  #reached = 0;

  /** Counters of every instrumented file; all must be loaded by now. */
  constructor(files: readonly FileCounters[]) {
    for (const file of files) {
      this.#arms.push(...Object.values(file.b));
      this.#functions.push({ counters: file.f, ids: Object.keys(file.f) });
    }
    const arms = this.#arms.reduce((sum, branch) => sum + branch.length, 0);
    this.#seen = new Uint8Array(arms + this.#functions.reduce((sum, { ids }) => sum + ids.length, 0));
  }

  /** Arms and functions that there are. */
  get size(): number {
    return this.#seen.length;
  }

  /** Arms and functions that some input reached. */
  get reached(): number {
    return this.#reached;
  }

  /** Takes what one input has counted, sets the counters to zero, and says whether there was news. */
  take(): boolean {
    let at = 0;
    let isNews = false;
    for (const branch of this.#arms) {
      for (let arm = 0; arm < branch.length; arm++, at++) {
        const count = branch[arm] ?? 0;
        if (count === 0) continue;
        branch[arm] = 0;
        if (this.#note(at, count)) isNews = true;
      }
    }
    for (const { counters, ids } of this.#functions) {
      for (const id of ids) {
        const count = counters[id] ?? 0;
        if (count !== 0) {
          counters[id] = 0;
          if (this.#note(at, count)) isNews = true;
        }
        at++;
      }
    }
    return isNews;
  }

  #note(at: number, count: number): boolean {
    const known = this.#seen[at] ?? 0;
    const all = known | magnitude(count);
    if (all === known) return false;
    if (known === 0) this.#reached++;
    this.#seen[at] = all;
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
