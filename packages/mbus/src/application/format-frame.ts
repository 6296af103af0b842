import { DecodeError } from "@amity/bytes";
import { formatSignature } from "./compact-frame.ts";
import { DIFES_MAX } from "./read-records.ts";
import { readValueInfo, type Cursor } from "./read-value-info.ts";

/**
 * Reads a format frame (CI 69 to 6B; EN 13757-3, annex H.4): length, format signature (LE), then DIB and VIB of each
 * record without data. @throws DecodeError `truncated`, `crc` where the signature is not that of the headers.
 */
export function readFormatFrame(data: Uint8Array, start: number, end: number): readonly Uint8Array[] {
  if (end - start < 3) throw new DecodeError("truncated: no length and signature", { offset: end, code: "truncated" });
  const stop = Math.min(end, start + 1 + (data[start] ?? 0));
  const announced = (data[start + 1] ?? 0) | ((data[start + 2] ?? 0) << 8);
  const layout: Uint8Array[] = [];
  const cursor: Cursor = { at: start + 3 };
  while (cursor.at < stop) {
    const from = cursor.at;
    for (let difes = 0; (data[cursor.at++] ?? 0) >= 0x80; difes++) {
      if (difes === DIFES_MAX || cursor.at >= stop)
        throw new DecodeError("the DIFEs do not end", { offset: cursor.at, code: "too-many-difes" });
    }
    readValueInfo(data, cursor, stop, 0);
    layout.push(data.slice(from, cursor.at));
  }
  const own = formatSignature(layout);
  if (own !== announced) {
    throw new DecodeError(`format signature is ${announced.toString(16)}, the headers give ${own.toString(16)}`, {
      offset: start + 1,
      code: "crc",
    });
  }
  return layout;
}

/** The content of a format frame for these headers. */
export function writeFormatFrame(layout: readonly Uint8Array[]): Uint8Array {
  const signature = formatSignature(layout);
  const headers = layout.flatMap((header) => [...header]);
  return Uint8Array.of(headers.length + 2, signature & 0xff, signature >> 8, ...headers);
}
