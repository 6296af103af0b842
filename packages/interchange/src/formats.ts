import { latin1Text } from "@amity/bytes";
import { detectFormat } from "./detect.ts";

/** Formats that `readInterchange` reads. */
export const FILE_FORMATS = ["csv", "nem12", "espi", "cim", "mscons", "cmep", "d0010", "df2", "multispeak"] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** Octets at the beginning of a file that are looked at: XML may begin with a long comment. */
const HEAD_MAX = 16_384;

/**
 * Tells the format from the first octets of a file and, where they leave it open, from its name; CSV where nothing else fits.
 */
export function formatOf(head: Uint8Array, fileName = ""): FileFormat {
  const text = latin1Text(head.subarray(0, HEAD_MAX))
    .replace(/^ï»¿/, "")
    .trimStart();
  if (/^UN[AB]./.test(text)) return "mscons";
  if (text.startsWith("MEPMD01,")) return "cmep";
  if (text.startsWith("ZHV|")) return "d0010";
  if (/^#F\d/.test(text)) return "df2";
  if (!text.startsWith("<")) return detectFormat(head);
  if (text.includes("naesb.org/espi") || text.includes("www.w3.org/2005/Atom")) return "espi";
  if (/www\.multispeak\.org/i.test(text)) return "multispeak";
  if (/iec\.ch\/TC57/i.test(text)) return "cim";
  return /green_?button|espi/i.test(fileName) ? "espi" : "cim";
}
