/** Rates by the identification's rate character, modes C and E (6.3.14). */
export const BAUD_BY_CHARACTER = { "0": 300, "1": 600, "2": 1200, "3": 2400, "4": 4800, "5": 9600, "6": 19_200 } as const;
export type BaudCharacter = keyof typeof BAUD_BY_CHARACTER;

/** Mode B: the meter switches by itself after the identification. */
const BAUD_BY_LETTER: Readonly<Record<string, number>> = { A: 600, B: 1200, C: 2400, D: 4800, E: 9600, F: 19_200 };

/** What the meter says of itself: `/XXXZ\W…IDENT`. */
export interface Identification {
  /** Three letters (FLAG). */
  readonly manufacturer: string;
  readonly baudCharacter: string;
  /** Enhanced capabilities, the characters after each `\`: `2` offers HDLC (mode E). */
  readonly capabilities: readonly string[];
  readonly identifier: string;
}

/** Offered rate and who switches: what the rate character stands for. */
export type Offer =
  /** Mode A: no change of rate, data follow. */
  | { readonly mode: "A" }
  /** Mode B: the meter switches by itself. */
  | { readonly mode: "B"; readonly baud: number }
  /** Modes C and E (and D, where data follow without being asked): the client selects. */
  | { readonly mode: "C" | "E"; readonly baud: number; readonly character: BaudCharacter };

/** Longest line of a sign-on (characters): 16 of identification by the standard, meters send more. */
export const LINE_MAX = 128;

/**
 * Reads an identification without its line end; `undefined` for what is none. Some meters send the octet 02 where `\2`
 * belongs.
 */
export function parseIdentification(line: string): Identification | undefined {
  const match = /^\/([A-Za-z]{3})([^\r\n])((?:\\[^\\\r\n]|\u0002)*)([^\r\n]*)$/.exec(line);
  if (match === null || line.length > LINE_MAX) return undefined;
  const [, manufacturer = "", baudCharacter = "", escapes = "", identifier = ""] = match;
  const capabilities = escapes.replaceAll("\u0002", "\\2").split("\\").slice(1);
  return { manufacturer, baudCharacter, capabilities, identifier };
}

/** The identification line with its CR LF. */
export function formatIdentification({ manufacturer, baudCharacter, capabilities, identifier }: Identification): string {
  return `/${manufacturer}${baudCharacter}${capabilities.map((one) => `\\${one}`).join("")}${identifier}\r\n`;
}

/** What the meter offers by its rate character. */
export function offerOf({ baudCharacter, capabilities }: Identification): Offer {
  if (isBaudCharacter(baudCharacter)) {
    const mode = capabilities.includes("2") ? "E" : "C";
    return { mode, baud: BAUD_BY_CHARACTER[baudCharacter], character: baudCharacter };
  }
  const baud = BAUD_BY_LETTER[baudCharacter];
  return baud === undefined ? { mode: "A" } : { mode: "B", baud };
}

export function isBaudCharacter(character: string): character is BaudCharacter {
  return Object.hasOwn(BAUD_BY_CHARACTER, character);
}

/** A third letter in lower case promises a reaction within 20 ms instead of 200 ms. */
export function isQuick({ manufacturer }: Identification): boolean {
  return /[a-z]$/.test(manufacturer);
}
