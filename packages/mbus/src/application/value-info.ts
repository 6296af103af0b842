/** How the data of a record is to be read when its coding is an integer. */
export type ValueKind =
  | "number"
  | "unsigned"
  | "date"
  | "dateTime"
  | "flags"
  | "identifier"
  | "manufacturer"
  | "daylightSaving"
  | "listeningWindow";

/** A combinable VIFE: what it says and its octet (0xfcXX for the second table). */
export interface Modifier {
  readonly code: number;
  /** Stable name, e.g. `perHour`, `backwardFlow`, `phaseL1`, `upperLimit`. */
  readonly name: string;
}

/** A decoded value information block (EN 13757-3, 6.4). Plain ones are shared: treat as frozen. */
export interface ValueInfo {
  /** Camel-case name, e.g. `energy`, `volumeFlow`; `unknown` where the code is reserved; `manufacturerSpecific`. */
  readonly quantity: string;
  /** SI or trade symbol, `""` where there is none. */
  readonly unit: string;
  /** The value counts 10^exponent of `unit`. */
  readonly exponent: number;
  readonly kind: ValueKind;
  readonly modifiers: readonly Modifier[];
  /** Additive correction constant in `unit` (VIFE 78-7B), 0 where there is none. */
  readonly offset: number;
  /** VIF and VIFEs as they were on the wire (extension bits kept). */
  readonly codes: readonly number[];
  /** Unit in plain text where VIF 7C carries one. */
  readonly text?: string;
  /** The text stood before the VIFEs, as older meters send it. */
  readonly isTextFirst?: true;
  /** Record error announced by a VIFE (EN 13757-3, table 17), e.g. `data-error`. */
  readonly recordError?: string;
}

/** One row of a VIF table: codes `first` to `last` share a quantity. */
export interface VifRow {
  readonly first: number;
  readonly last: number;
  readonly quantity: string;
  /** One unit for all, or one a code (durations count in s, min, h, d ...). */
  readonly unit: string | readonly string[];
  /** Exponent of the first code; it grows by one a code unless `unit` is a list. */
  readonly exponent?: number;
  readonly kind?: ValueKind;
}
