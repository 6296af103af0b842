import { DecodeError, latin1Text } from "@amity/bytes";
import type { Chunks } from "../records.ts";

/** One EDIFACT segment: its tag, then elements of components, release characters resolved. */
export interface Segment {
  /** First segment is 1; UNA does not count. */
  readonly number: number;
  readonly tag: string;
  readonly elements: readonly (readonly string[])[];
  /** The character of this interchange that stands for the decimal point. */
  readonly decimalMark: string;
}

/** Longest segment that is read (characters). */
const SEGMENT_MAX = 65_536;

interface Separators {
  readonly component: string;
  readonly element: string;
  readonly decimalMark: string;
  readonly release: string;
  readonly terminator: string;
}

const DEFAULTS: Separators = { component: ":", element: "+", decimalMark: ".", release: "?", terminator: "'" };

/**
 * Splits an EDIFACT interchange (ISO 9735) into segments, as many at a time as a chunk ends, by its own separators where it has a UNA.
 * @throws DecodeError for a segment over the limit and for one that the file does not end (`truncated`), after all before it.
 */
export async function* segments(chunks: Chunks): AsyncGenerator<readonly Segment[]> {
  // UNOC is ISO 8859-1; sizes and separators are octets, so that every octet is one character.
  let separators: Separators | undefined;
  let rest = "";
  let number = 0;
  for await (const chunk of chunks) {
    rest += latin1Text(chunk);
    if (separators === undefined) {
      rest = rest.replace(/^(?:ï»¿)?\s+|^ï»¿/, "");
      if (rest.length < 9) continue;
      separators = separatorsOf(rest);
      if (rest.startsWith("UNA")) rest = rest.slice(9);
    }
    const whole: Segment[] = [];
    let start = 0;
    for (let end = endOf(rest, start, separators); end >= 0; end = endOf(rest, start, separators)) {
      const text = rest.slice(start, end).trim();
      start = end + 1;
      if (text !== "") whole.push(segmentOf(text, ++number, separators));
    }
    if (whole.length > 0) yield whole;
    rest = rest.slice(start);
    if (rest.length > SEGMENT_MAX)
      throw new DecodeError(`segment ${number + 1} is longer than ${SEGMENT_MAX} characters`, { offset: -1, code: "limit" });
  }
  if (rest.trim() !== "")
    throw new DecodeError(`segment ${number + 1} is not ended: the file is cut off`, { offset: -1, code: "truncated" });
}

function separatorsOf(text: string): Separators {
  if (!text.startsWith("UNA")) return DEFAULTS;
  const [component = ":", element = "+", decimalMark = ".", release = "?", , terminator = "'"] = text.slice(3, 9);
  return { component, element, decimalMark, release, terminator };
}

/** Where the segment that begins at `start` ends; -1 while its end has not come. */
function endOf(text: string, start: number, { release, terminator }: Separators): number {
  for (let at = text.indexOf(terminator, start); at >= 0; at = text.indexOf(terminator, at + 1)) {
    let releases = 0;
    while (at - releases > start && text[at - releases - 1] === release) releases++;
    // An even number of release characters release each other.
    if (releases % 2 === 0) return at;
  }
  return -1;
}

function segmentOf(text: string, number: number, separators: Separators): Segment {
  const { component, element, release, decimalMark } = separators;
  if (!text.includes(release)) {
    const [[tag = ""] = [], ...plain] = text.split(element).map((part) => part.split(component));
    return { number, tag, elements: plain, decimalMark };
  }
  const elements: string[][] = [[]];
  let part = "";
  const endPart = (): void => {
    elements.at(-1)?.push(part);
    part = "";
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === release) part += text[++at] ?? "";
    else if (character === component) endPart();
    else if (character === element) {
      endPart();
      elements.push([]);
    } else part += character;
  }
  endPart();
  return { number, tag: elements[0]?.[0] ?? "", elements: elements.slice(1), decimalMark };
}

/** Writes one segment with the default separators, escaping what needs it. */
export function segmentText(tag: string, ...elements: readonly (string | readonly string[])[]): string {
  const escaped = (text: string): string => text.replace(/[:+'?]/g, "?$&");
  const parts = elements.map((element) => (typeof element === "string" ? escaped(element) : element.map(escaped).join(":")));
  return `${[tag, ...parts].join("+")}'`;
}
