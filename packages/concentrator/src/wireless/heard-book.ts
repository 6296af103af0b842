import { ByteReader, DecodeError, fromHex, toHex } from "@amity/bytes";
import type { Files } from "@amity/runtime";
import { decodeDelivery } from "../delivery.ts";
import { decodeTelegrams, WIRELESS_OBJECT, type HeardTelegram } from "./heard-telegram.ts";

const PATH = "heard.json";

/**
 * The last telegram that was kept of each meter: where its next interval begins. In memory; written down only before the log forgets
 * the deliveries that say the same. Losing it costs one interval of each meter.
 */
export class HeardBook {
  readonly #last = new Map<string, HeardTelegram>();
  readonly #files: Files;

  private constructor(files: Files) {
    this.#files = files;
  }

  static async open(files: Files): Promise<HeardBook> {
    const book = new HeardBook(files);
    const content = await files.read(PATH);
    if (content !== undefined) for (const [meterId, telegram] of parse(content)) book.#last.set(meterId, telegram);
    return book;
  }

  last(meterId: string): HeardTelegram | undefined {
    return this.#last.get(meterId);
  }

  keep(meterId: string, telegram: HeardTelegram): void {
    this.#last.set(meterId, telegram);
  }

  /** A delivery that is still held says what was kept last. What is none of ours is passed over. */
  replay(record: Uint8Array): void {
    try {
      const { meterId, object, payload } = decodeDelivery(new ByteReader(record));
      const newest = object === WIRELESS_OBJECT ? decodeTelegrams(payload).at(-1) : undefined;
      if (newest !== undefined && newest.atMs > (this.last(meterId)?.atMs ?? Number.NEGATIVE_INFINITY)) this.keep(meterId, newest);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }

  /** @throws LinkError when the disk refuses; the old content stays. */
  async save(): Promise<void> {
    if (this.#last.size === 0) return;
    const entries = [...this.#last].map(([meterId, { atMs, octets, others = [] }]) => [
      meterId,
      atMs,
      ...[octets, ...others].map((one) => toHex(one)),
    ]);
    await this.#files.replace(PATH, new TextEncoder().encode(JSON.stringify(entries)));
  }
}

/** A damaged book is an empty one. */
function parse(content: Uint8Array): [string, HeardTelegram][] {
  try {
    const entries: unknown = JSON.parse(new TextDecoder().decode(content));
    return Array.isArray(entries) ? entries.map(parseEntry) : [];
  } catch {
    return [];
  }
}

function parseEntry(entry: unknown): [string, HeardTelegram] {
  const [meterId, atMs, ...telegrams]: unknown[] = Array.isArray(entry) ? entry : [];
  const [octets, ...others] = telegrams.map((hex) => fromHex(String(hex)));
  if (typeof meterId !== "string" || typeof atMs !== "number" || octets === undefined) throw new DecodeError("no entry", { offset: -1 });
  return [meterId, { atMs, octets, ...(others.length === 0 ? {} : { others }) }];
}
