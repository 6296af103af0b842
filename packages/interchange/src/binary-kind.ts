import { latin1Text } from "@amity/bytes";
/** How files begin that are taken for readings by mistake. */
const BEGINNINGS: readonly (readonly [string, string])[] = [
  ["%PDF", "a PDF document"],
  ["PAR1", "a Parquet file (it is written, not read)"],
  ["\u0089PNG", "a picture"],
  ["\u00ff\u00d8\u00ff", "a picture"],
  ["\u00d0\u00cf\u0011\u00e0", "an old Excel or Word file: save it as CSV"],
  ["SQLite format 3", "an SQLite database"],
  ["\u007fELF", "a program"],
  ["MZ\u0090", "a program"],
  ["\u00ff\u00fe", "text in UTF-16: save it as UTF-8"],
  ["\u00fe\u00ff", "text in UTF-16: save it as UTF-8"],
];
const HEAD = 4096;

/** Octets below the space that are text: tab, line feed, form feed, carriage return, and the end mark of DOS. */
const TEXT_CONTROLS = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x1a]);

/** What a file is whose first octets are no text; `undefined` for text. */
export function binaryKindOf(head: Uint8Array): string | undefined {
  const begin = head.subarray(0, HEAD);
  const text = latin1Text(begin);
  const known = BEGINNINGS.find(([beginning]) => text.startsWith(beginning))?.[1];
  if (known !== undefined) return known;
  const at = begin.findIndex((octet) => octet < 0x20 && !TEXT_CONTROLS.has(octet));
  return at < 0 ? undefined : `a binary file (octet ${begin[at] ?? 0} at ${at})`;
}

/** Text that is told by how it goes on, and is no readings of a format that is read. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/^[[{]/, "JSON: convert it to CSV"],
  [/urn:ieee:std:2030\.5/i, "IEEE 2030.5 resources: readings come apart from their types there"],
  [/openadr\.org/i, "OpenADR events"],
  [/^<!doctype html|^<html/i, "a web page"],
  [/^(<\?xml[^>]*>)?\s*(<!--[\s\S]*?-->\s*)*<(xs|xsd):schema/i, "an XML schema"],
  [/^(<\?xml[^>]*>)?\s*(<!--[\s\S]*?-->\s*)*<(wsdl:)?definitions/i, "a service description (WSDL)"],
  [/^ZHV\|[^|]*\|D0150/, "meter technical details (flow D0150): they have no readings"],
  [/^UN[AB][\s\S]{0,300}?\+UTILMD:/, "master data (UTILMD): they have no readings"],
];

/** Why a file cannot hold readings that are read, told by its first octets; `undefined` where it may. */
export function refusalOf(head: Uint8Array): string | undefined {
  const binary = binaryKindOf(head);
  if (binary !== undefined) return binary;
  const text = new TextDecoder("utf-8").decode(head.subarray(0, HEAD)).trimStart();
  return TEXTS.find(([pattern]) => pattern.test(text))?.[1];
}
