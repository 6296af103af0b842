const ASCII = new TextDecoder("latin1");
/** Arguments of one call: engines limit how many a function takes. */
const BLOCK = 4096;

/**
 * Text of ISO 8859-1: every octet is the character of its number. `TextDecoder` knows no such encoding: what it calls "latin1" is
 * windows-1252, which moves 80h to 9Fh (Node.js 20 alone does not), and serves here only where no octet is there.
 */
export function latin1Text(octets: Uint8Array): string {
  if (isAscii(octets)) return ASCII.decode(octets);
  let text = "";
  // Applied, not spread: a spread goes through an iterator, eight times as slow.
  for (let start = 0; start < octets.length; start += BLOCK)
    text += Reflect.apply(String.fromCharCode, undefined, octets.subarray(start, start + BLOCK));
  return text;
}

function isAscii(octets: Uint8Array): boolean {
  let bits = 0;
  for (let index = 0; index < octets.length; index++) bits |= octets[index] ?? 0;
  return bits < 0x80;
}
