/**
 * One canonical quality for every stored value: who said it, what kind of statement it is, by which method, and whether
 * it may still change. Held as one unsigned 16-bit code so that a block can pack it; mapped to IEC 61968-9, ESPI and
 * AEMO flags only on the way out.
 *
 * Layout: bit 15 final · bits 12-14 source · bits 8-11 category · bits 0-7 method.
 */
export type QualityCode = number;

/** IEC 61968-9 ReadingQualityType, first part: the system that made the statement. */
export const QUALITY_SOURCES = ["notApplicable", "endDevice", "network", "mdms", "other", "external"] as const;
export type QualitySource = (typeof QUALITY_SOURCES)[number];

/** IEC 61968-9 ReadingQualityType, second part. Number 9 is not assigned; 13 and 14 are free here for `missing` and `raw`. */
export const QUALITY_CATEGORIES = [
  "valid",
  "diagnostics",
  "powerQuality",
  "tamper",
  "collection",
  "reasonability",
  "failedValidation",
  "edited",
  "estimated",
  "unassigned",
  "questionable",
  "derived",
  "projected",
  "missing",
  "raw",
] as const;
export type QualityCategory = (typeof QUALITY_CATEGORIES)[number];

/** Methods within a category. Numbers are stored: never renumber, only add. */
export const QUALITY_METHODS = {
  none: 0,
  validated: 1,
  accepted: 2,
  linear: 10,
  likeDay: 11,
  checkMeter: 12,
  weatherProxy: 13,
  classProfile: 14,
  averageDailyLoad: 15,
  zero: 16,
  scaled: 17,
  previousYear: 18,
  agreed: 19,
  customerRead: 20,
  degreeDays: 21,
  manual: 30,
  copied: 31,
  added: 32,
  shifted: 33,
  powerFailure: 40,
  clockChanged: 41,
  partialInterval: 42,
  testMode: 43,
  overflow: 44,
  deviceError: 45,
  spike: 50,
  negative: 51,
  sumCheck: 52,
  zeroRun: 53,
  highLow: 54,
  external: 60,
} as const;
export type QualityMethod = keyof typeof QUALITY_METHODS;

export interface Quality {
  readonly source: QualitySource;
  readonly category: QualityCategory;
  readonly method: QualityMethod;
  readonly final: boolean;
}

const METHOD_NAMES: ReadonlyMap<number, QualityMethod> = new Map(
  Object.entries(QUALITY_METHODS).map(([name, code]): [number, QualityMethod] => [code, name as QualityMethod]),
);

/** Packs a quality into its 16-bit code. */
export function packQuality(quality: Quality): QualityCode {
  const source = QUALITY_SOURCES.indexOf(quality.source);
  const category = QUALITY_CATEGORIES.indexOf(quality.category);
  return (quality.final ? 0x8000 : 0) | (source << 12) | (category << 8) | QUALITY_METHODS[quality.method];
}

/** Unpacks a 16-bit code; unknown numbers read as `other`/`unassigned`/`none` rather than fail: the ledger outlives the tables. */
export function unpackQuality(code: QualityCode): Quality {
  return {
    final: (code & 0x8000) !== 0,
    source: QUALITY_SOURCES[(code >> 12) & 0x7] ?? "other",
    category: QUALITY_CATEGORIES[(code >> 8) & 0xf] ?? "unassigned",
    method: METHOD_NAMES.get(code & 0xff) ?? "none",
  };
}

/** The category number of a code, without unpacking: for hot loops. */
export function qualityCategoryOf(code: QualityCode): number {
  return (code >> 8) & 0xf;
}

const quality = (source: QualitySource, category: QualityCategory, method: QualityMethod = "none", final = false): QualityCode =>
  packQuality({ source, category, method, final });

/** The codes that most values carry. */
export const QUALITY = {
  /** As the meter delivered it, not validated. */
  raw: quality("endDevice", "raw"),
  /** Passed validation. */
  validated: quality("mdms", "valid", "validated"),
  /** Nothing was delivered; the value is 0 and means nothing. */
  missing: quality("mdms", "missing"),
  powerFailure: quality("endDevice", "powerQuality", "powerFailure"),
  estimatedLinear: quality("mdms", "estimated", "linear"),
  estimatedLikeDay: quality("mdms", "estimated", "likeDay"),
  editedManually: quality("mdms", "edited", "manual"),
} as const;

export function isMissing(code: QualityCode): boolean {
  return qualityCategoryOf(code) === 13;
}

export function isEstimated(code: QualityCode): boolean {
  return qualityCategoryOf(code) === 8;
}
