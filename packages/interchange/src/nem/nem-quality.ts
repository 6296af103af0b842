import { isMissing, packQuality, QUALITY, unpackQuality, type QualityCode, type QualityMethod } from "@amity/model";

/** AEMO's quality flags (MDFF, appendix): actual, substituted, final substituted, forward estimate, null. `V` says: see the 400 records. */
export type NemFlag = "A" | "S" | "F" | "E" | "N";

/** Substitution and estimation types (Metrology Procedure Part B) by the method that they are. */
const METHODS: Readonly<Record<number, QualityMethod>> = {
  11: "checkMeter",
  12: "copied",
  13: "copied",
  14: "likeDay",
  15: "likeDay",
  16: "agreed",
  17: "linear",
  18: "manual",
  19: "zero",
  20: "likeDay",
  21: "averageDailyLoad",
  22: "likeDay",
  23: "previousYear",
  24: "scaled",
  25: "averageDailyLoad",
  51: "previousYear",
  52: "likeDay",
  53: "manual",
  54: "linear",
  55: "agreed",
  56: "likeDay",
  57: "classProfile",
  58: "zero",
  59: "averageDailyLoad",
  61: "previousYear",
  62: "likeDay",
  63: "classProfile",
  64: "agreed",
  65: "averageDailyLoad",
  66: "manual",
  67: "customerRead",
  68: "zero",
  69: "linear",
  71: "manual",
  72: "manual",
  73: "manual",
  74: "agreed",
  75: "manual",
};

/** The type to write for a method, of the types 1 to 4 (remotely read interval meters). */
const TYPES: Partial<Record<QualityMethod, number>> = {
  checkMeter: 11,
  copied: 12,
  likeDay: 14,
  agreed: 16,
  linear: 17,
  manual: 18,
  zero: 19,
  previousYear: 23,
  scaled: 24,
  averageDailyLoad: 25,
  classProfile: 21,
  weatherProxy: 14,
  customerRead: 67,
  shifted: 18,
  added: 18,
  external: 18,
};

/** Reads `A`, `S14`, `F52`, `E62`, `N`; `undefined` for what the format does not have (`V` is not a quality but a pointer). */
export function qualityOfNem(text: string): QualityCode | undefined {
  const match = /^([ASFEN])(\d{2})?$/.exec(text);
  if (match === null) return undefined;
  const flag = match[1] as NemFlag;
  if (flag === "A") return packQuality({ source: "external", category: "valid", method: "validated", final: false });
  if (flag === "N") return QUALITY.missing;
  const method = match[2] === undefined ? "none" : METHODS[Number(match[2])];
  if (method === undefined) return undefined;
  const isEdit = method === "manual" || method === "agreed";
  return packQuality({
    source: "external",
    category: flag === "E" ? "projected" : isEdit ? "edited" : "estimated",
    method,
    final: flag === "F",
  });
}

/** The flag and type that say what a quality code says, in AEMO's words. */
export function nemOfQuality(code: QualityCode): string {
  if (isMissing(code)) return "N";
  const { category, method, final } = unpackQuality(code);
  if (category === "valid" || category === "raw") return "A";
  const type = TYPES[method] ?? 18;
  return `${final ? "F" : category === "projected" ? "E" : "S"}${type}`;
}
