import { isMissing, packQuality, QUALITY, unpackQuality, type QualityCode, type Unit } from "@amity/model";
import { civilMsOfDigits, digitsOfMs } from "../civil-digits.ts";

/** QTY qualifiers (MSCONS, DE 6063) by what they say of a value. 220 is measured, 67 and 79 substituted, 187 forecast, 201 proposed, 20 unusable. */
const QUALITIES: Readonly<Record<string, QualityCode>> = {
  "220": packQuality({ source: "external", category: "valid", method: "validated", final: false }),
  "46": packQuality({ source: "external", category: "valid", method: "validated", final: false }),
  "136": packQuality({ source: "external", category: "valid", method: "validated", final: false }),
  "67": packQuality({ source: "external", category: "estimated", method: "none", final: false }),
  "79": packQuality({ source: "external", category: "estimated", method: "none", final: false }),
  "187": packQuality({ source: "external", category: "projected", method: "none", final: false }),
  "201": packQuality({ source: "external", category: "questionable", method: "none", final: false }),
  Z18: QUALITY.raw,
  "20": QUALITY.missing,
};

/** What a QTY qualifier says, `undefined` for one that is not known. */
export function qualityOfQualifier(qualifier: string): QualityCode | undefined {
  return QUALITIES[qualifier];
}

/** The qualifier to write for a quality. */
export function qualifierOf(code: QualityCode): string {
  if (isMissing(code)) return "20";
  switch (unpackQuality(code).category) {
    case "valid":
      return "220";
    case "projected":
      return "187";
    case "questionable":
    case "failedValidation":
      return "201";
    case "raw":
      return "Z18";
    default:
      return "67";
  }
}

/** Units of measure (DE 6411) with the power of ten of the base unit; kWh where a segment has none. */
export const MSCONS_UNITS: Readonly<Record<string, readonly [Unit, number]>> = {
  "": ["Wh", 3],
  KWH: ["Wh", 3],
  MWH: ["Wh", 6],
  KWT: ["W", 3],
  MAW: ["W", 6],
  KVR: ["var", 3],
  K3: ["varh", 3],
  KVARH: ["varh", 3],
  MTQ: ["m3", 0],
};

/**
 * An instant of a DTM segment (DE 2379): 203 `CCYYMMDDhhmm` (UTC here), 303 with an offset `+zz` behind it, 304 with seconds.
 */
export function instantOfDtm(text: string, format: string): number | undefined {
  if (format === "102" || format === "203" || format === "204") return civilMsOfDigits(text);
  if (format !== "303" && format !== "304") return undefined;
  const match = /^(\d{12}|\d{14})([+-])(\d{2})(\d{2})?$/.exec(text);
  const civilMs = civilMsOfDigits(match?.[1] ?? "");
  if (match === null || civilMs === undefined) return undefined;
  const offsetMs = (Number(match[3]) * 60 + Number(match[4] ?? 0)) * 60_000;
  return match[2] === "-" ? civilMs + offsetMs : civilMs - offsetMs;
}

/** An instant as DTM format 303 in UTC. */
export function dtmOfMs(ms: number): string {
  return `${digitsOfMs(ms).slice(0, 12)}+00`;
}
