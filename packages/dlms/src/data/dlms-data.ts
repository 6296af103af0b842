/** Bits in the order of the standard: bit 0 is the most significant bit of the first octet. */
export interface BitString {
  readonly bitLength: number;
  readonly octets: Uint8Array;
}

/**
 * One value of the COSEM type "Data" (IEC 62056-5-3, 8.3; Blue Book 4.1.5). Numbers of 32 bits and fewer are `number`,
 * of 64 bits `bigint`: nothing is scaled here. `date-time`, `date`, `time` keep their 12, 5 or 4 octets (wildcards
 * included): the clock codec of the COSEM part reads them.
 */
export type DlmsData =
  | { readonly type: "null-data" }
  | { readonly type: "dont-care" }
  | { readonly type: "array"; readonly value: readonly DlmsData[] }
  | { readonly type: "structure"; readonly value: readonly DlmsData[] }
  | { readonly type: "compact-array"; readonly description: TypeDescription; readonly value: readonly DlmsData[] }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "bit-string"; readonly value: BitString }
  | { readonly type: NumberType; readonly value: number }
  | { readonly type: BigintType; readonly value: bigint }
  | { readonly type: OctetsType; readonly value: Uint8Array }
  /** One character an octet (Latin-1), so that any octets survive the round trip. */
  | { readonly type: "visible-string"; readonly value: string }
  /** `octets` is there only where the meter sent what is not UTF-8. */
  | { readonly type: "utf8-string"; readonly value: string; readonly octets?: Uint8Array };

/** Types carried as `number`. `bcd` is the raw octet; `enum` is 0 to 255; the deltas are those of Blue Book 13 and later. */
export type NumberType =
  | "double-long"
  | "double-long-unsigned"
  | "bcd"
  | "integer"
  | "long"
  | "unsigned"
  | "long-unsigned"
  | "enum"
  | "float32"
  | "float64"
  | "delta-integer"
  | "delta-long"
  | "delta-double-long"
  | "delta-unsigned"
  | "delta-long-unsigned"
  | "delta-double-long-unsigned";

export type BigintType = "long64" | "long64-unsigned";
export type OctetsType = "octet-string" | "date-time" | "date" | "time";
export type DlmsType = DlmsData["type"];

/** The type of the elements of a compact array (IEC 62056-5-3, 8.3: TypeDescription). */
export type TypeDescription =
  | { readonly type: "array"; readonly count: number; readonly element: TypeDescription }
  | { readonly type: "structure"; readonly elements: readonly TypeDescription[] }
  | { readonly type: Exclude<DlmsType, "array" | "structure" | "compact-array"> };

/** The tag of each type in A-XDR. */
export const DLMS_TAGS = {
  "null-data": 0,
  array: 1,
  structure: 2,
  boolean: 3,
  "bit-string": 4,
  "double-long": 5,
  "double-long-unsigned": 6,
  "octet-string": 9,
  "visible-string": 10,
  "utf8-string": 12,
  bcd: 13,
  integer: 15,
  long: 16,
  unsigned: 17,
  "long-unsigned": 18,
  "compact-array": 19,
  long64: 20,
  "long64-unsigned": 21,
  enum: 22,
  float32: 23,
  float64: 24,
  "date-time": 25,
  date: 26,
  time: 27,
  "delta-integer": 28,
  "delta-long": 29,
  "delta-double-long": 30,
  "delta-unsigned": 31,
  "delta-long-unsigned": 32,
  "delta-double-long-unsigned": 33,
  "dont-care": 255,
} as const satisfies Record<DlmsType, number>;

/** Short constructors: `data.unsigned(3)`, `data.structure(data.octets(obis), data.integer(2))`. */
export const data = {
  nothing: { type: "null-data" } as DlmsData,
  array: (...value: DlmsData[]): DlmsData => ({ type: "array", value }),
  structure: (...value: DlmsData[]): DlmsData => ({ type: "structure", value }),
  boolean: (value: boolean): DlmsData => ({ type: "boolean", value }),
  bits: (bitLength: number, octets: Uint8Array): DlmsData => ({ type: "bit-string", value: { bitLength, octets } }),
  integer: (value: number): DlmsData => ({ type: "integer", value }),
  long: (value: number): DlmsData => ({ type: "long", value }),
  doubleLong: (value: number): DlmsData => ({ type: "double-long", value }),
  unsigned: (value: number): DlmsData => ({ type: "unsigned", value }),
  longUnsigned: (value: number): DlmsData => ({ type: "long-unsigned", value }),
  doubleLongUnsigned: (value: number): DlmsData => ({ type: "double-long-unsigned", value }),
  long64: (value: bigint): DlmsData => ({ type: "long64", value }),
  long64Unsigned: (value: bigint): DlmsData => ({ type: "long64-unsigned", value }),
  enumerated: (value: number): DlmsData => ({ type: "enum", value }),
  octets: (value: Uint8Array): DlmsData => ({ type: "octet-string", value }),
  visible: (value: string): DlmsData => ({ type: "visible-string", value }),
  utf8: (value: string): DlmsData => ({ type: "utf8-string", value }),
  dateTime: (value: Uint8Array): DlmsData => ({ type: "date-time", value }),
} as const;
