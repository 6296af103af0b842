import { DecodeError, joinedOctets } from "@amity/bytes";
import type { Chunks } from "./records.ts";

/** Longest line that is read (octets). */
const LINE_MAX = 1 << 20;
const LF = 0x0a;
const CR = 0x0d;

export interface ByteLine {
  /** First line is 1. */
  readonly number: number;
  /** Without its end; a view that is valid until the next line is asked for. */
  readonly octets: Uint8Array;
}

/** Splits octets into lines without turning them into text: for formats that are mostly numbers. @throws DecodeError on a line over the limit. */
export async function* byteLines(chunks: Chunks): AsyncGenerator<readonly ByteLine[]> {
  let rest = new Uint8Array(0);
  let number = 0;
  for await (const chunk of chunks) {
    const data = rest.length === 0 ? chunk : joinedOctets(rest, chunk);
    const lines: ByteLine[] = [];
    let start = 0;
    for (let end = data.indexOf(LF); end >= 0; end = data.indexOf(LF, start)) {
      lines.push({ number: ++number, octets: trimmed(data, start, end) });
      start = end + 1;
    }
    rest = data.slice(start);
    if (rest.length > LINE_MAX)
      throw new DecodeError(`line ${number + 1} is longer than ${LINE_MAX} octets`, { offset: -1, code: "limit" });
    if (lines.length > 0) yield lines;
  }
  if (rest.length > 0) yield [{ number: number + 1, octets: trimmed(rest, 0, rest.length) }];
}

function trimmed(data: Uint8Array, start: number, end: number): Uint8Array {
  let stop = end;
  while (stop > start && (data[stop - 1] === CR || data[stop - 1] === 0x20)) stop--;
  return data.subarray(start, stop);
}
