import type { TakesPlace } from "@amity/intervals";
import { isEstimated, qualityCategoryOf } from "@amity/model";

/** Category numbers of `QUALITY_CATEGORIES`. */
const VALID = 0;
const EDITED = 7;
const RAW = 14;
const FINAL = 0x8000;

/** True where a person's or a final value stands: nothing that arrives by itself may replace it. */
export function isProtected(quality: number): boolean {
  return (quality & FINAL) !== 0 || qualityCategoryOf(quality) === EDITED;
}

/**
 * How delivered values are laid over stored ones:
 * protected values stay; the same value delivered again changes nothing, whatever was said about it since;
 * an estimate gives way to what was measured, but never the other way round; any other difference is news and is taken.
 */
export const deliveredTakesPlace: TakesPlace = ({ currentQuality, incomingQuality, isSameValue }) => {
  if (isProtected(currentQuality)) return false;
  if (isEstimated(incomingQuality) && !isEstimated(currentQuality)) return false;
  if (!isSameValue) return true;
  if (isEstimated(currentQuality)) return !isEstimated(incomingQuality);
  return !isRestatement(currentQuality, incomingQuality);
};

/** A raw value said again of one that has been judged since; or a validated one of an accepted one. */
function isRestatement(currentQuality: number, incomingQuality: number): boolean {
  const incoming = qualityCategoryOf(incomingQuality);
  if (incoming === RAW) return true;
  return incoming === VALID && qualityCategoryOf(currentQuality) === VALID;
}
