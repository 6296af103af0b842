import { childrenOf, type XmlElement } from "../xml/xml-elements.ts";

/** Links of an entry: where it is, what it stands in, what belongs to it. Without trailing slashes. */
export interface EntryLinks {
  readonly self: string;
  readonly up: string;
  readonly related: readonly string[];
}

export function linksOf(entry: XmlElement): EntryLinks {
  const links = childrenOf(entry, "link").map((link) => ({
    rel: link.attributes.get("rel") ?? "",
    href: (link.attributes.get("href") ?? "").replace(/\/$/, ""),
  }));
  const first = (rel: string): string => links.find((link) => link.rel === rel)?.href ?? "";
  return { self: first("self"), up: first("up"), related: links.filter(({ rel }) => rel === "related").map(({ href }) => href) };
}
