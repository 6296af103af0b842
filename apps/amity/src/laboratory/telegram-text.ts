import { fromHex } from "@amity/bytes";
import { detectMbus } from "@amity/mbus";

/** More telegrams than these in one text are not taken apart. */
const TELEGRAMS_MAX = 10_000;

/**
 * M-Bus telegrams in a text that holds one or several: as hex, one a line or between commas, also as radio receivers log them
 * (`telegram=|...|`, `T1;1;1;...;0x...`, `_`, `|` and `#` between layers, lines that begin with `#`). None where the text is anything else.
 */
export function telegramsOfText(text: string): readonly Uint8Array[] {
  const lines = text
    .split(/[\r\n,]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length === 0 || lines.length > TELEGRAMS_MAX) return [];
  const telegrams = lines.map(telegramOfLine);
  return telegrams.every((telegram) => telegram !== undefined) ? telegrams : [];
}

function telegramOfLine(line: string): Uint8Array | undefined {
  const last = line.slice(Math.max(line.lastIndexOf("="), line.lastIndexOf(";")) + 1);
  // Behind a telegram that is played back stands when.
  const digits = last.replace(/\+\d+$/, "").replaceAll(/^0x|[\s_|#:]/g, "");
  if (!/^([0-9a-fA-F]{2}){5,}$/.test(digits)) return undefined;
  const octets = fromHex(digits);
  return detectMbus(octets) === undefined ? undefined : octets;
}
