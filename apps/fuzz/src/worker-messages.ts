/** What the worker is started with. */
export interface WorkerTask {
  readonly target: string;
  readonly counted: readonly string[];
  readonly coverageVariable: string;
  readonly seed: number;
  readonly runs: number;
  /** Inputs that the corpus on disk holds. */
  readonly corpus: readonly Uint8Array[];
  /** The input that is being decoded, for whoever finds the worker hanging. */
  readonly now: SharedArrayBuffer;
}

/** From the worker. */
export type WorkerMessage =
  /** Everything is loaded: the search begins. */
  | { readonly kind: "ready" }
  | { readonly kind: "progress"; readonly state: FuzzState }
  | { readonly kind: "finding"; readonly finding: "crash" | "allocation"; readonly input: Uint8Array; readonly detail: string }
  | { readonly kind: "done"; readonly state: FuzzState };

export interface FuzzState {
  readonly runs: number;
  readonly corpus: number;
  readonly reached: number;
  readonly size: number;
}

/** Layout of `now`: number of the run (Int32), length of the input (Int32), the input. */
export const NOW_HEADER_OCTETS = 8;
