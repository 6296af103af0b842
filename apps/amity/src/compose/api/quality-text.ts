import { unpackQuality, type QualityCategory, type QualityCode, type QualityMethod, type QualitySource } from "@amity/model";

/** How a value was made, where that is more than measuring it. */
export const METHOD_WORDS: Readonly<Partial<Record<QualityMethod, string>>> = {
  linear: "estimated by a straight line",
  likeDay: "estimated from like days",
  averageDailyLoad: "estimated from the average daily load",
  zero: "no supply: zero",
  degreeDays: "estimated by degree days",
  scaled: "estimated and scaled to the registers",
  classProfile: "estimated from the class profile",
  weatherProxy: "estimated from days of like weather",
  checkMeter: "taken from the check meter",
  previousYear: "estimated from the year before",
  agreed: "agreed with the customer",
  customerRead: "read by the customer",
  manual: "edited by hand",
  copied: "copied from another time",
  added: "added by hand",
  shifted: "shifted in time",
  powerFailure: "power failure during the interval",
};

const CATEGORY_WORDS: Readonly<Record<QualityCategory, string>> = {
  valid: "measured, found valid",
  diagnostics: "measured, the meter reports a fault",
  powerQuality: "measured, with a disturbed supply",
  tamper: "measured, the meter reports tampering",
  collection: "measured, flagged by collection",
  reasonability: "measured, not plausible",
  failedValidation: "failed validation",
  edited: "edited",
  estimated: "estimated",
  unassigned: "of unknown quality",
  questionable: "questionable",
  derived: "computed from other values",
  projected: "projected",
  missing: "missing",
  raw: "measured, not yet validated",
};

const SOURCE_WORDS: Readonly<Partial<Record<QualitySource, string>>> = {
  endDevice: "by the meter",
  network: "by the network",
  external: "by another system",
};

/** A quality as a person says it: `estimated from like days`, `measured, found valid, final`. */
export function qualityText(code: QualityCode): string {
  const { category, method, source, final } = unpackQuality(code);
  const words = category === "missing" ? CATEGORY_WORDS.missing : (METHOD_WORDS[method] ?? CATEGORY_WORDS[category]);
  const isPlain = category === "valid" || category === "missing" || category === "raw";
  const by = isPlain ? undefined : SOURCE_WORDS[source];
  return [words, ...(by === undefined ? [] : [by]), ...(final ? ["final"] : [])].join(", ");
}
