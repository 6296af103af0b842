import { xmlText } from "../xml/xml-elements.ts";
import { createUuid } from "./espi-uuid.ts";

/** What an entry says about its resource beside the content. */
export interface FeedEntry {
  /** Where the resource is: its identity in the feed. */
  readonly address: string;
  /** The list that it stands in; by default its address without the last part. */
  readonly up?: string;
  /** Addresses of resources that belong to it. */
  readonly related: readonly string[];
  readonly title?: string;
  /** The resource as XML. */
  readonly content: string;
}

/** Writes the parts of an Atom feed (RFC 4287) of ESPI resources. Ids come from addresses: the same export carries the same. */
export class AtomFeed {
  readonly #title: string;
  readonly #updated: string;

  /** @param createdMs when the feed is made, UTC ms. */
  constructor(title: string, createdMs: number) {
    this.#title = title;
    this.#updated = new Date(createdMs).toISOString().replace(/\.000Z$/, "Z");
  }

  head(): string {
    return (
      `<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n<id>urn:uuid:${createUuid(this.#title)}</id>\n` +
      `<title>${xmlText(this.#title)}</title>\n<updated>${this.#updated}</updated>\n<link rel="self" href="/espi/1_1/resource/Batch"/>\n`
    );
  }

  entry({ address, up, related, title, content }: FeedEntry): string {
    const links = [
      `<link rel="self" href="${xmlText(address)}"/>`,
      `<link rel="up" href="${xmlText(up ?? address.slice(0, Math.max(0, address.lastIndexOf("/"))))}"/>`,
      ...related.map((href) => `<link rel="related" href="${xmlText(href)}"/>`),
    ];
    const name = title === undefined || title === "" ? "<title/>" : `<title>${xmlText(title)}</title>`;
    return (
      `<entry>\n<id>urn:uuid:${createUuid(address)}</id>\n${links.join("\n")}\n${name}\n<content>\n${content}\n</content>\n` +
      `<published>${this.#updated}</published>\n<updated>${this.#updated}</updated>\n</entry>\n`
    );
  }

  end(): string {
    return "</feed>\n";
  }
}
