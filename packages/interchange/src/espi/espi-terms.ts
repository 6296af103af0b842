import { isMissing, packQuality, QUALITY, unpackQuality, type QualityCode, type Unit } from "@amity/model";
import { symbolOfUnit } from "../unit-symbol.ts";

export const espiUnitOf = (unit: Unit): string => symbolOfUnit(unit) ?? "0";

/** Accumulation of a reading type: quantities of intervals (4 delta data, 12 instantaneous, 6 indicating), or a register that counts on (1, 3, 9). */
export function isRegisterKind(accumulation: string): boolean {
  return accumulation === "1" || accumulation === "3" || accumulation === "9";
}

/** The channel by flow and unit: OBIS for the energies, otherwise a name that says both, which `flowOf` reads back. */
export function channelOfEspi(flow: string, unit: Unit): string {
  for (const [channel, [channelFlow, channelUnit]] of Object.entries(CHANNELS)) {
    if (channelFlow === flow && channelUnit === unit) return channel;
  }
  return `espi:${flow === "" ? "0" : flow}:${unit}`;
}

/** FlowDirectionKind to write for a channel: 1 forward, 19 reverse, 0 none. */
export function flowOf(channel: string): string {
  return CHANNELS[channel]?.[0] ?? /^espi:(\d{1,3}):/.exec(channel)?.[1] ?? "0";
}

const CHANNELS: Readonly<Record<string, readonly [string, Unit]>> = {
  "1-0:1.8.0": ["1", "Wh"],
  "1-0:2.8.0": ["19", "Wh"],
  "1-0:3.8.0": ["1", "varh"],
  "1-0:4.8.0": ["19", "varh"],
};

const external = (
  category: Parameters<typeof packQuality>[0]["category"],
  method: Parameters<typeof packQuality>[0]["method"],
): QualityCode => packQuality({ source: "external", category, method, final: false });

/** ESPI QualityOfReading. */
const QUALITY_CODES: Readonly<Record<string, QualityCode>> = {
  "0": external("valid", "validated"),
  "7": external("edited", "manual"),
  "8": external("estimated", "likeDay"),
  "9": external("estimated", "linear"),
  "10": external("questionable", "none"),
  "11": external("derived", "none"),
  "12": external("projected", "none"),
  "13": external("questionable", "external"),
  "14": QUALITY.raw,
  "15": external("estimated", "weatherProxy"),
  "16": external("estimated", "external"),
  "17": external("valid", "accepted"),
  "18": external("valid", "validated"),
  "19": external("valid", "none"),
};

/** Element inside an extension of a reading type that names its channel. */
export const CHANNEL_EXTENSION = "channel";
/** Element inside an extension that says a quality in full, as the triple of IEC 61968-9. */
export const QUALITY_EXTENSION = "readingQualityType";

export const qualityOfEspi = (code: string): QualityCode | undefined => QUALITY_CODES[code];

/** The QualityOfReading to write for a value; a missing value is not written at all. */
export function espiQualityOf(code: QualityCode): string | undefined {
  if (isMissing(code)) return undefined;
  const { category, method } = unpackQuality(code);
  switch (category) {
    case "valid":
      return method === "accepted" ? "17" : "0";
    case "edited":
      return "7";
    case "estimated":
      return method === "linear" ? "9" : method === "weatherProxy" ? "15" : method === "external" ? "16" : "8";
    case "derived":
      return "11";
    case "projected":
      return "12";
    case "raw":
      return "14";
    default:
      return "10";
  }
}
