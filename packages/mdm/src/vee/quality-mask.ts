import { QUALITY_CATEGORIES, qualityCategoryOf, type QualityCategory, type QualityCode } from "@amity/model";

/** A set of quality categories as bits, for loops over packed qualities. */
export type QualityMask = number;

export function maskOf(...categories: readonly QualityCategory[]): QualityMask {
  return categories.reduce((mask, category) => mask | (1 << QUALITY_CATEGORIES.indexOf(category)), 0);
}

export function isIn(code: QualityCode, mask: QualityMask): boolean {
  return ((mask >> qualityCategoryOf(code)) & 1) !== 0;
}

/** Nothing was delivered. */
export const MISSING = maskOf("missing");
/** Not an actual, undisturbed measurement: not a basis for estimates. */
export const NOT_A_BASIS = maskOf("missing", "estimated", "failedValidation", "powerQuality", "projected", "questionable", "diagnostics");
/** To be replaced by an estimate. */
export const WANTS_ESTIMATE = maskOf("missing", "failedValidation");

/** Whether no interval of the span is in the mask. */
export function isClean(qualities: Uint16Array, from: number, to: number, mask: QualityMask): boolean {
  for (let index = from; index < to; index += 1) if (((mask >> (((qualities[index] ?? 0) >> 8) & 0xf)) & 1) !== 0) return false;
  return true;
}

/** Calls `run` for each longest run of intervals whose category is in the mask. */
export function eachRun(qualities: Uint16Array, mask: QualityMask, run: (from: number, to: number) => void): void {
  const count = qualities.length;
  for (let index = 0; index < count; index += 1) {
    if (((mask >> (((qualities[index] ?? 0) >> 8) & 0xf)) & 1) === 0) continue;
    const from = index;
    while (index < count && ((mask >> (((qualities[index] ?? 0) >> 8) & 0xf)) & 1) !== 0) index += 1;
    run(from, index);
  }
}
