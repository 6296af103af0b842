import { DecodeError } from "@amity/bytes";
import { Gunzip, unzipSync } from "fflate";
import type { Chunks } from "./records.ts";

/** A file to read: itself, or what an archive held. */
export interface InputFile {
  readonly name: string;
  readonly chunks: Chunks;
}

/** Limits against archives that grow without end (octets). */
const ZIP_MAX = 256 * 1024 * 1024;
const EXPANDED_MAX = 8 * 1024 * 1024 * 1024;
/** Pieces that compressed octets are fed in, so that little piles up between two reads. */
const PIECE = 64 * 1024;

/**
 * Opens what files come in: gzip as a stream, zip as its members, anything else as it is. Told by the first octets, not by
 * the name. @throws DecodeError `archive` for a broken archive, `limit` for one that expands too far.
 */
export async function* expandInput(name: string, chunks: Chunks): AsyncGenerator<InputFile> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  const head = first.done === true ? new Uint8Array(0) : first.value;
  const whole = rejoined(head, iterator);
  if (head[0] === 0x1f && head[1] === 0x8b) yield { name: name.replace(/\.gz$/i, ""), chunks: gunzipped(name, whole) };
  else if (head[0] === 0x50 && head[1] === 0x4b && head[2] === 0x03) yield* zipMembers(name, whole);
  else yield { name, chunks: whole };
}

async function* rejoined(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

async function* gunzipped(name: string, chunks: Chunks): AsyncGenerator<Uint8Array> {
  const out: Uint8Array[] = [];
  let expanded = 0;
  const gunzip = new Gunzip((data) => void out.push(data));
  const feed = function* (data: Uint8Array, isLast: boolean): Generator<Uint8Array> {
    try {
      gunzip.push(data, isLast);
    } catch (error) {
      throw new DecodeError(`${name} is a broken gzip file`, { offset: -1, code: "archive", cause: error });
    }
    for (const piece of out.splice(0)) {
      expanded += piece.length;
      if (expanded > EXPANDED_MAX) throw tooLarge(name);
      if (piece.length > 0) yield piece;
    }
  };
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE) yield* feed(chunk.subarray(at, at + PIECE), false);
  }
  yield* feed(new Uint8Array(0), true);
}

async function* zipMembers(name: string, chunks: Chunks): AsyncGenerator<InputFile> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > ZIP_MAX) throw tooLarge(name);
    pieces.push(chunk.slice());
  }
  const data = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    data.set(piece, at);
    at += piece.length;
  }
  let members: Record<string, Uint8Array>;
  let expanded = 0;
  try {
    members = unzipSync(data, {
      filter(member) {
        expanded += member.originalSize;
        if (expanded > ZIP_MAX * 4) throw tooLarge(name);
        return !member.name.endsWith("/");
      },
    });
  } catch (error) {
    throw error instanceof DecodeError
      ? error
      : new DecodeError(`${name} is a broken zip file`, { offset: -1, code: "archive", cause: error });
  }
  if (Object.hasOwn(members, "[Content_Types].xml")) {
    throw new DecodeError(`${name} is an Office document, not an archive of readings`, {
      offset: 0,
      code: "archive",
      advice: "save it as CSV",
    });
  }
  for (const [member, content] of Object.entries(members)) yield { name: `${name}/${member}`, chunks: once(content) };
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

function tooLarge(name: string): DecodeError {
  return new DecodeError(`${name} expands beyond the limit`, { offset: -1, code: "limit", advice: "expand it by hand and load its parts" });
}
