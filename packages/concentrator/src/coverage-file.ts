import { DecodeError } from "@amity/bytes";
import type { Files } from "@amity/runtime";
import { addSpan, dropBefore, type Coverage, type TimeSpan } from "./coverage.ts";

const PATH = "coverage.json";

/**
 * What has been collected of each meter and object, in memory; written down only before the log forgets the deliveries that
 * say the same. Losing it means collecting again, never losing.
 */
export class CollectedBook {
  readonly #covered = new Map<string, Coverage>();
  readonly #files: Files;

  private constructor(files: Files) {
    this.#files = files;
  }

  static async open(files: Files): Promise<CollectedBook> {
    const book = new CollectedBook(files);
    const content = await files.read(PATH);
    if (content !== undefined) for (const [key, covered] of parse(content)) book.#covered.set(key, covered);
    return book;
  }

  coverage(meterId: string, object: string): Coverage {
    return this.#covered.get(keyOf(meterId, object)) ?? [];
  }

  add(meterId: string, object: string, span: TimeSpan, keepFromMs = Number.NEGATIVE_INFINITY): void {
    this.#covered.set(keyOf(meterId, object), dropBefore(addSpan(this.coverage(meterId, object), span), keepFromMs));
  }

  /** @throws LinkError when the disk refuses; the old content stays. */
  async save(): Promise<void> {
    const entries = [...this.#covered].map(([key, covered]) => [key, covered.map(({ fromMs, toMs }) => [fromMs, toMs])]);
    await this.#files.replace(PATH, new TextEncoder().encode(JSON.stringify(entries)));
  }
}

function keyOf(meterId: string, object: string): string {
  return `${meterId}\n${object}`;
}

/** A damaged book is an empty one: the meters still have everything. */
function parse(content: Uint8Array): [string, Coverage][] {
  try {
    const entries: unknown = JSON.parse(new TextDecoder().decode(content));
    if (!Array.isArray(entries)) throw new DecodeError("the book is no list", { offset: 0 });
    return entries.map(parseEntry);
  } catch {
    return [];
  }
}

function parseEntry(entry: unknown): [string, Coverage] {
  const [key, spans]: unknown[] = Array.isArray(entry) ? entry : [];
  if (typeof key !== "string" || !Array.isArray(spans)) throw new DecodeError("no entry", { offset: -1 });
  return [key, spans.reduce<Coverage>((covered, span) => addSpan(covered, parseSpan(span)), [])];
}

function parseSpan(span: unknown): TimeSpan {
  const [fromMs, toMs]: unknown[] = Array.isArray(span) ? span : [];
  if (typeof fromMs !== "number" || typeof toMs !== "number") throw new DecodeError("no span", { offset: -1 });
  return { fromMs, toMs };
}
