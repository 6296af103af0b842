import { packQuality, QUALITY, type QualityCode } from "@amity/model";
import { qualityOfCim } from "../cim/cim-quality.ts";

const external = (
  category: "edited" | "questionable" | "collection",
  method: "manual" | "testMode" | "overflow" | "partialInterval" | "none",
) => packQuality({ source: "external", category, method, final: false });

/** Words for the status of a value: `readingStatus` of version 3.0 and the marks of `interval`, in lower case. */
const WORDS: Readonly<Record<string, QualityCode>> = {
  suspiciousread: external("questionable", "none"),
  manuallyupdated: external("edited", "manual"),
  manuallyentered: external("edited", "manual"),
  manuallymodified: external("edited", "manual"),
  invalid: external("questionable", "none"),
  testdata: external("collection", "testMode"),
  overflow: external("collection", "overflow"),
  partialinterval: external("collection", "partialInterval"),
  longinterval: external("collection", "partialInterval"),
  // These say something about the clock or the bill, not about the value.
  dstineffect: QUALITY.raw,
  reset: QUALITY.raw,
  seasonchange: QUALITY.raw,
  firstread: QUALITY.raw,
  billingread: QUALITY.raw,
  finalread: QUALITY.raw,
  "0": QUALITY.raw,
};

/**
 * What the statuses of one value say together. Codes are triples `system.category.index` (IEC 61968-9, annex D) or words. A
 * code of a vendor's own numbering is no proof that something is wrong, but none that all is well: the value is questionable.
 */
export function qualityOfStatuses(statuses: readonly string[]): QualityCode {
  let quality: QualityCode = QUALITY.raw;
  for (const status of statuses) {
    if (status === "") continue;
    const known = qualityOfCim(status.replace(/\b0+(?=\d)/g, "")) ?? WORDS[status.toLowerCase()];
    if (known !== QUALITY.raw) quality = known ?? external("questionable", "none");
  }
  return quality;
}
