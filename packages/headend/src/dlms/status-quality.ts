import { packQuality, QUALITY, type QualityCategory, type QualityCode, type QualityMethod } from "@amity/model";

/** Bits of the AMR profile status (one octet a row; IDIS package 2, DSMR P3 5.4), the gravest first. */
const STATUS_BITS: readonly { readonly bit: number; readonly category: QualityCategory; readonly method: QualityMethod }[] = [
  { bit: 0x01, category: "diagnostics", method: "deviceError" },
  { bit: 0x04, category: "questionable", method: "deviceError" },
  { bit: 0x02, category: "questionable", method: "clockChanged" },
  { bit: 0x80, category: "powerQuality", method: "powerFailure" },
  { bit: 0x20, category: "raw", method: "clockChanged" },
];

const BY_STATUS = Uint16Array.from({ length: 256 }, (_, status) => {
  const found = STATUS_BITS.find(({ bit }) => (status & bit) !== 0);
  return found === undefined
    ? QUALITY.raw
    : packQuality({ source: "endDevice", category: found.category, method: found.method, final: false });
});

/** Quality of an interval by the status that the meter captured at its end. Daylight saving (bit 3) says nothing about it. */
export function qualityOfStatus(status: number): QualityCode {
  return BY_STATUS[status & 0xff] ?? QUALITY.raw;
}
