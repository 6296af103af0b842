import { DecodeError } from "@amity/bytes";

/** One element of ASN.1 DER (ITU-T X.690): its tag, content and, for constructed ones, its parts. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  /** The element with tag and length. */
  readonly whole: Uint8Array;
}

/** Tags that certificates use. */
export const DER = { integer: 0x02, bitString: 0x03, oid: 0x06, utf8: 0x0c, utcTime: 0x17, sequence: 0x30, set: 0x31 } as const;

/** An element with its content put together from parts. */
export function derElement(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const header = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  const out = new Uint8Array(header.length + length);
  out.set(header);
  let at = header.length;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The elements that stand one after another in `octets`. @throws DecodeError */
export function derElements(octets: Uint8Array): DerElement[] {
  const elements: DerElement[] = [];
  let at = 0;
  while (at < octets.length) {
    const start = at;
    const tag = octets[at++] ?? 0;
    let length = octets[at++] ?? -1;
    if (length > 0x82 || length === 0x80)
      throw new DecodeError("a DER length of this form is not used here", { offset: start, code: "length" });
    if (length === 0x81) length = octets[at++] ?? -1;
    else if (length === 0x82) {
      length = ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
      at += 2;
    }
    if (length < 0 || at + length > octets.length) throw new DecodeError("truncated DER element", { offset: start, code: "truncated" });
    elements.push({ tag, content: octets.subarray(at, at + length), whole: octets.subarray(start, at + length) });
    at += length;
  }
  return elements;
}
