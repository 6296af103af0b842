import { DecodeError } from "@amity/bytes";
import { binaryKindOf } from "./binary-kind.ts";
import type { Chunks } from "./records.ts";

/** Longest line that is read (characters): a NEM12 day of 5-minute values has about 4,000. */
const LINE_MAX = 1 << 20;

export interface TextLine {
  /** First line is 1. */
  readonly number: number;
  readonly text: string;
  /** False for a last line that the file does not end: it may be cut off. */
  readonly terminated: boolean;
}

/** Splits UTF-8 octets into lines at LF, CRLF or CR LF; a byte order mark is dropped. @throws DecodeError `limit` on a line over the limit, `binary` for what is no text. */
export async function* textLines(chunks: Chunks): AsyncGenerator<TextLine> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: false });
  let rest = "";
  let number = 0;
  for await (const chunk of chunks) {
    if (number === 0 && rest === "") refuseBinary(chunk);
    if (chunk.includes(0)) throw binary(number + 1, "an octet of zero");
    rest += decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n", start)) {
      const stop = end > start && rest.charCodeAt(end - 1) === 0x0d ? end - 1 : end;
      yield { number: ++number, text: rest.slice(start, stop), terminated: true };
      start = end + 1;
    }
    rest = rest.slice(start);
    if (rest.length > LINE_MAX) {
      throw new DecodeError(`line ${number + 1} is longer than ${LINE_MAX} characters`, {
        offset: -1,
        code: "limit",
        advice: "is this a text file?",
      });
    }
  }
  rest += decoder.decode();
  if (rest !== "") yield { number: number + 1, text: rest.replace(/\r$/, ""), terminated: false };
}

function refuseBinary(head: Uint8Array): void {
  const kind = binaryKindOf(head);
  if (kind !== undefined) throw binary(1, kind);
}

function binary(line: number, kind: string): DecodeError {
  return new DecodeError(`line ${line} is no text: ${kind}`, { offset: -1, code: "binary", advice: "is this the right file?" });
}
