import { DecodeError } from "@amity/bytes";

/** Head of an image transfer message (CI C0 to C2; EN 13757-3, annex I). What each function carries behind it is not public. */
export interface ImageTransfer {
  readonly segmentOctets: number;
  readonly segmentId: number;
  readonly function: number;
  readonly name: string;
  readonly isResponse: boolean;
  readonly subfunction: number;
  readonly content: Uint8Array;
}

const HEAD_OCTETS = 5;
const RESPONSE = 0x80;

/** Functions of image transfer; bit 7 marks the meter's response. */
export const IMAGE_FUNCTIONS: Readonly<Record<number, string>> = {
  0x00: "prepare",
  0x01: "synchronize",
  0x02: "transfer",
  0x03: "completion",
  0x04: "state",
  0x05: "validate",
  0x06: "activate",
  0x07: "terminate",
  0x08: "active images",
};

/** Reads what stands behind the transport header. @throws DecodeError `truncated`. */
export function readImageTransfer(data: Uint8Array, from: number, end: number): ImageTransfer {
  if (end - from < HEAD_OCTETS) {
    throw new DecodeError(`truncated: image transfer begins with ${HEAD_OCTETS} octets, ${Math.max(0, end - from)} are left`, {
      offset: from,
      code: "truncated",
    });
  }
  const code = data[from + 3] ?? 0;
  return {
    segmentOctets: (data[from] ?? 0) | ((data[from + 1] ?? 0) << 8),
    segmentId: data[from + 2] ?? 0,
    function: code,
    name: IMAGE_FUNCTIONS[code & ~RESPONSE] ?? "unknown",
    isResponse: (code & RESPONSE) !== 0,
    subfunction: data[from + 4] ?? 0,
    content: data.slice(from + HEAD_OCTETS, end),
  };
}
