import { latin1Text } from "@amity/bytes";
/** Formats that can be read. */
export const INPUT_FORMATS = ["csv", "nem12"] as const;
export type InputFormat = (typeof INPUT_FORMATS)[number];

/** Tells the format from the first octets of a file (a few hundred are enough); CSV where nothing else fits. */
export function detectFormat(head: Uint8Array): InputFormat {
  const text = latin1Text(head.subarray(0, 400))
    .replace(/^ï»¿/, "")
    .trimStart();
  if (/^100,NEM1[23]\b/i.test(text) || /^200,[^,]*,/.test(text)) return "nem12";
  return "csv";
}
