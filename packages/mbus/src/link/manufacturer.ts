import { UsageError } from "@amity/bytes";

/**
 * Three-letter manufacturer (FLAG) code of a 16-bit identification: 5 bits a letter, `A` = 1 (EN 13757-7, 7.5.2).
 * The top bit (the soft-address flag of long addresses) is passed over. Values outside A-Z come out as their ASCII neighbours.
 */
export function manufacturerName(code: number): string {
  return LETTERS[code & 0x7fff] ?? lettersOf(code & 0x7fff);
}

/** The 16-bit identification of a three-letter code. @throws UsageError `manufacturer`. */
export function manufacturerCode(name: string): number {
  if (!/^[A-Z]{3}$/.test(name)) throw new UsageError(`"${name}" is not a manufacturer: three letters A-Z`, { code: "manufacturer" });
  return ((name.charCodeAt(0) - 64) << 10) | ((name.charCodeAt(1) - 64) << 5) | (name.charCodeAt(2) - 64);
}

/** Texts are kept once built: a receiver meets the same few hundred codes a million times. */
const LETTERS: (string | undefined)[] = [];

function lettersOf(code: number): string {
  const name = String.fromCharCode(64 + (code >> 10), 64 + ((code >> 5) & 31), 64 + (code & 31));
  LETTERS[code] = name;
  return name;
}
