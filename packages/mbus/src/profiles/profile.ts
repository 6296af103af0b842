import type { ProfileTransform } from "./transforms/index.ts";

/** How a field is coded in a manufacturer's octets (little-endian throughout). */
export type FieldCoding =
  | "uint"
  | "int"
  | "bcd"
  | "date"
  | "dateTime"
  | "techemDate"
  | "techemDay"
  | "bcdDay"
  | "bcdYearFirst"
  | "bcdSeconds"
  | "secondsSince2000"
  | "text"
  | "sapSerial"
  | "sapPrefix"
  | "sapYear";

/**
 * One reading of a profile. It comes from octets (`at`) of the profile's source, or from a data record whose VIF is the
 * manufacturer's (`codes`).
 */
export interface ProfileField {
  /** Camel-case, as the standard's quantities. */
  readonly name: string;
  readonly unit?: string;
  /** Offset in the source; counts from its end where negative. */
  readonly at?: number;
  /** Octets; dates have 2, date-times 4; `bcdDay` (day first) and `bcdYearFirst` 3, `bcdSeconds` (second first) 6. */
  readonly octets?: number;
  readonly coding?: FieldCoding;
  /** VIF and VIFEs (extension bits kept) of a record; `storage`, `tariff`, `subunit` narrow it. */
  readonly codes?: readonly number[];
  readonly storage?: number;
  readonly tariff?: number;
  readonly subunit?: number;
  /** Bits of the integer: shifted down, then masked. */
  readonly shift?: number;
  readonly mask?: number;
  /** The value is multiplied by `factor` and divided by `divisor`. */
  readonly factor?: number;
  readonly divisor?: number;
  /** The value is looked up by the raw one. */
  readonly table?: readonly number[];
  /** The value is a power of two: 2^(raw + exponentOffset). */
  readonly powerOfTwoOffset?: number;
  /** `techemDay` has no year: offset of the `techemDate` that it comes after. */
  readonly afterAt?: number;
  /** A second place whose integer is added. */
  readonly plusAt?: number;
  /** Offset of a VIF in the source that gives unit and exponent. */
  readonly vifAt?: number;
  /** This raw value means: none. */
  readonly absent?: number;
}

/** What a meter family says in octets that the standard leaves to its manufacturer. A new meter type is a new one of these, and a test. */
export interface MeterProfile {
  readonly name: string;
  /** Any of these lines has to fit; an absent condition fits everything. */
  readonly match: readonly {
    readonly manufacturers?: readonly string[];
    readonly versions?: readonly number[];
    readonly deviceTypes?: readonly number[];
    readonly controlInformation?: readonly number[];
    /** Configuration field of the header, where it tells the layout. */
    readonly configurations?: readonly number[];
  }[];
  /** Where the octets are: behind DIF 0F or a manufacturer's CI (default), in a record, or the link header alone. */
  readonly source?: { readonly codes: readonly number[] };
  /** Prepares the octets. */
  readonly transform?: ProfileTransform;
  /** Octets of the source that have to be so. */
  readonly when?: readonly { readonly at: number; readonly equals: number }[];
  /** Least octets that the source must have. */
  readonly octetsMin?: number;
  readonly fields: readonly ProfileField[];
}

/** What a profile read. */
export interface ProfileReading {
  readonly name: string;
  readonly value: number | string;
  readonly unit: string;
}
