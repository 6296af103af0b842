import { DecodeError } from "./errors.ts";

const DIGITS = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"));

/** Lower-case hex without separators (`separator` to change that). */
export function toHex(data: Uint8Array, separator = ""): string {
  let text = "";
  for (let index = 0; index < data.length; index++) {
    if (index > 0) text += separator;
    text += DIGITS[data[index] ?? 0];
  }
  return text;
}

/**
 * Reads hex of any case; white space, `:`, `-`, `,` and `0x` between octets are passed over.
 * @throws DecodeError with the offset (in characters) of the first character that is no hex digit, or of an odd end.
 */
export function fromHex(text: string): Uint8Array {
  const out = new Uint8Array(text.length >> 1);
  let length = 0;
  let high = -1;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (isSeparator(code)) continue;
    if (code === 0x30 && high < 0 && (text.charCodeAt(index + 1) | 0x20) === 0x78) {
      index++;
      continue;
    }
    const digit = digitOf(code);
    if (digit < 0) throw new DecodeError(`"${text[index]}" is not a hex digit`, { offset: index, code: "not-hex" });
    if (high < 0) high = digit;
    else {
      out[length++] = (high << 4) | digit;
      high = -1;
    }
  }
  if (high >= 0) throw new DecodeError("odd number of hex digits", { offset: text.length, code: "not-hex" });
  return out.slice(0, length);
}

function isSeparator(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0x3a || code === 0x2d || code === 0x2c;
}

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
