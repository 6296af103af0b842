/** One decoder under test. */
export interface FuzzTarget {
  /** Folder of its regressions under `corpus/`, name on the command line. */
  readonly name: string;
  /** Folders of the checkout whose branches guide the search, e.g. `packages/mbus/src`. */
  readonly counted: readonly string[];
  /** Good inputs to start from: one of every shape, made by our own encoders. The same at every call. */
  seeds(): readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /** Octets that mean something to the decoder and that chance finds slowly: tags, keywords. */
  readonly dictionary?: readonly Uint8Array[];
  /**
   * Everything that takes octets from outside. Returns for what it could read and for what it refused by a `DecodeError`
   * or `SecurityError`; throws for all else.
   */
  decode(octets: Uint8Array): void | Promise<void>;
  /** Puts check sums and lengths right, so that mutations reach what lies behind them. */
  repair?(octets: Uint8Array): Uint8Array;
  /** Longest input that is tried (octets). */
  readonly inputOctetsMax: number;
  /** What one input may allocate: heap and buffers (octets). */
  readonly allocationOctetsMax: number;
}

/** An input that broke a rule, and which. */
export interface Finding {
  readonly kind: "crash" | "hang" | "allocation" | "memory";
  readonly input: Uint8Array;
  /** For the person who mends it. */
  readonly detail: string;
}
