import { DecodeError } from "@amity/bytes";
import { SaxesParser, type SaxesTagNS } from "saxes";
import type { Chunks } from "../records.ts";

/** An element with all that is inside it. */
export interface XmlElement {
  /** Name without prefix. */
  readonly name: string;
  readonly namespace: string;
  /** Line of the start tag; first is 1. */
  readonly line: number;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Character data directly inside, trimmed. */
  readonly text: string;
}

interface OpenElement extends XmlElement {
  readonly children: XmlElement[];
  text: string;
}

/** Limits against documents that are made to exhaust (elements inside one yielded element, nesting, characters of one text). */
const ELEMENTS_MAX = 2_000_000;
const DEPTH_MAX = 64;
const TEXT_MAX = 1 << 20;

/**
 * Yields each element with one of the wanted names (its local name), outermost first match only, as the document streams by.
 * Document types are refused: no entity is ever expanded but the five of XML itself.
 * @throws DecodeError `xml` where the document is not well formed or cut off, `doctype`, `limit`.
 */
export async function* xmlElements(chunks: Chunks, wanted: ReadonlySet<string>): AsyncGenerator<XmlElement> {
  const decoder = new TextDecoder("utf-8");
  const tree = new ElementCollector(wanted);
  let seen = false;
  for await (const chunk of chunks) {
    seen ||= chunk.length > 0;
    tree.write(decoder.decode(chunk, { stream: true }));
    yield* tree.takeDone();
  }
  if (!seen) throw new DecodeError("the file is empty", { offset: 0, code: "empty" });
  tree.write(decoder.decode());
  tree.close();
  yield* tree.takeDone();
}

class ElementCollector {
  readonly #parser = new SaxesParser({ xmlns: true });
  readonly #stack: OpenElement[] = [];
  #done: XmlElement[] = [];
  #depth = 0;
  #elements = 0;

  constructor(wanted: ReadonlySet<string>) {
    const parser = this.#parser;
    parser.on("error", (error) => fail("xml", `not well-formed XML: ${error.message}`));
    parser.on("doctype", () => fail("doctype", "a document type is not accepted"));
    parser.on("opentag", (tag) => this.#opened(tag, wanted));
    parser.on("text", (text) => this.#text(text));
    parser.on("cdata", (text) => this.#text(text));
    parser.on("closetag", () => this.#closed());
  }

  write(text: string): void {
    this.#parser.write(text);
  }

  close(): void {
    this.#parser.close();
  }

  takeDone(): readonly XmlElement[] {
    const done = this.#done;
    this.#done = [];
    return done;
  }

  #opened(tag: SaxesTagNS, wanted: ReadonlySet<string>): void {
    if (++this.#depth > DEPTH_MAX) fail("limit", `elements are nested deeper than ${DEPTH_MAX}`);
    if (this.#stack.length === 0 && !wanted.has(tag.local)) return;
    if (this.#stack.length === 0) this.#elements = 0;
    if (++this.#elements > ELEMENTS_MAX) fail("limit", `more than ${ELEMENTS_MAX} elements inside one`);
    const attributes = new Map(Object.values(tag.attributes).map((attribute) => [attribute.local, attribute.value]));
    this.#stack.push({ name: tag.local, namespace: tag.uri, line: this.#parser.line, attributes, children: [], text: "" });
  }

  #text(text: string): void {
    const open = this.#stack.at(-1);
    if (open === undefined) return;
    if (open.text.length + text.length > TEXT_MAX) fail("limit", `more than ${TEXT_MAX} characters in one element`);
    open.text += text;
  }

  #closed(): void {
    this.#depth--;
    const element = this.#stack.pop();
    if (element === undefined) return;
    element.text = element.text.trim();
    const parent = this.#stack.at(-1);
    if (parent === undefined) this.#done.push(element);
    else parent.children.push(element);
  }
}

function fail(code: string, message: string): never {
  throw new DecodeError(message, { offset: -1, code });
}

/** The first child of that name, at the end of a path of names. */
export function childOf(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  let found = element;
  for (const name of path) found = found?.children.find((child) => child.name === name);
  return found;
}

/** All children of that name. */
export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** The text at the end of a path of names; empty where there is none. */
export function textAt(element: XmlElement | undefined, ...path: readonly string[]): string {
  return childOf(element, ...path)?.text ?? "";
}

/** Text as character data or attribute value; characters that XML cannot hold are left out. */
export function xmlText(text: string): string {
  return text.replace(/[^\t\n\r\u0020-\uFFFD]/g, "").replace(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
