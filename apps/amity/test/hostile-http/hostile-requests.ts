import type { Random } from "@amity/runtime";

/** What of an OpenAPI document is needed to ask for what it describes, and for what it does not. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema?: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/** One request: what a client would say after the host's name. */
export interface HostileRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** A route and method of the document. */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

export function routesOf(document: ApiDocument): Route[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

/** Draws a request for the route: near to what it wants, with some parts wrong. `known` are identifiers that exist. */
export function hostileRequest(
  document: ApiDocument,
  { method, path, operation }: Route,
  known: readonly string[],
  random: Random,
): HostileRequest {
  const draw = new Draw(document, known, random);
  const parameters = operation.parameters ?? [];
  const asked = path.replaceAll(/\{(\w+)\}/g, () => draw.pathSegment());
  const query = parameters.flatMap(({ in: place, name, schema = {} }) =>
    place === "query" && random.below(4) > 0 ? [`${name}=${encodeURIComponent(draw.text(schema))}`] : [],
  );
  if (random.below(10) === 0) query.push(...query, "%00=%ff", "__proto__=1");
  const schema = operation.requestBody?.content["application/json"]?.schema;
  return {
    method,
    path: query.length === 0 ? asked : `${asked}?${query.join("&")}`,
    headers: draw.headers(),
    body: method === "GET" ? undefined : draw.body(schema ?? {}),
  };
}

const CONTENT_TYPES = [
  "text/plain",
  "application/xml",
  "multipart/form-data; boundary=x",
  "application/json; charset=utf-7",
  "",
  "a".repeat(900),
];
const SEGMENTS = [
  "..",
  "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
  "%00",
  "%ff%fe",
  "a".repeat(80),
  "a".repeat(4_000),
  "0",
  "-1",
  "1e999",
  "%F0%9F%92%A5",
  "constructor",
  "__proto__",
  "'; DROP TABLE meters;--",
  "9223372036854775808",
  "00000000-0000-0000-0000-000000000000",
];
const TEXTS = [
  "",
  " ",
  "null",
  "NaN",
  "-0",
  "1e400",
  "9007199254740993",
  "99999999999999999999",
  "\u0000",
  "\ud800",
  "💥".repeat(30),
  "x".repeat(3_000),
  "'\"\\;--",
  "../../etc/passwd",
  "2026-13-45T99:99:99Z",
  "0001-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999Z",
  "-271821-04-20T00:00:00Z",
  "2026-11-19T00:00:00+23:59",
  "0000-00-00",
  "2026-02-30",
  "%",
  "${7*7}",
  "[object Object]",
];
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  -1e308,
  2 ** 53,
  0.1,
  "",
  "x",
  [],
  {},
  [[[]]],
  { __proto__: null },
  [null],
  { length: 1e9 },
];
const DEPTH_MAX = 8;

class Draw {
  readonly #document: ApiDocument;
  readonly #known: readonly string[];
  readonly #random: Random;

  constructor(document: ApiDocument, known: readonly string[], random: Random) {
    this.#document = document;
    this.#known = known;
    this.#random = random;
  }

  pathSegment(): string {
    const drawn = this.#random.below(3) > 0 ? this.#one(this.#known) : this.#one(SEGMENTS);
    return drawn.startsWith("%") || drawn === ".." ? drawn : encodeURIComponent(drawn);
  }

  text(schema: Schema): string {
    if (this.#random.below(3) === 0) return wellFormed(this.#one(TEXTS));
    const value = this.#value(schema, 0);
    return wellFormed(typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
  }

  headers(): Record<string, string> {
    const headers: Record<string, string> = {
      "content-type": "application/json",
      "idempotency-key": `${this.#random.u32()}-${this.#random.u32()}`,
    };
    const wrong = this.#random.below(12);
    if (wrong === 0) headers["content-type"] = this.#one(CONTENT_TYPES);
    if (wrong === 1) headers["accept"] = "application/x-nothing; q=nonsense,,,";
    if (wrong === 2) headers["idempotency-key"] = "k".repeat(this.#random.below(400));
    if (wrong === 3) headers["if-none-match"] = "W/".repeat(500);
    if (wrong === 4) headers["last-event-id"] = "zz-99999999999999999999";
    if (wrong === 5) headers["accept-encoding"] = "gzip;q=NaN, br;q=-1, *";
    return headers;
  }

  body(schema: Schema): string {
    switch (this.#random.below(14)) {
      case 0:
        return "";
      case 1:
        return "[".repeat(20_000);
      case 2:
        return `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`;
      case 3:
        return JSON.stringify(this.#value(schema, 0)).slice(0, -1 - this.#random.below(3));
      case 4:
        return `"${"x".repeat(70_000)}"`;
      case 5:
        return JSON.stringify(this.#one(VALUES));
      case 6:
        return '{"__proto__":{"role":"operator"},"constructor":{"prototype":{"role":"operator"}}}';
      default:
        return JSON.stringify(this.#value(schema, 0)) ?? "";
    }
  }

  /** A value near the schema: every part may be another one, absent, or too many. */
  #value(schema: Schema, depth: number): unknown {
    const random = this.#random;
    if (depth > DEPTH_MAX || random.below(14) === 0) return random.below(2) === 0 ? this.#one(VALUES) : this.#one(TEXTS);
    const { $ref } = schema;
    if ($ref !== undefined) return this.#value(this.#document.components.schemas[$ref.split("/").at(-1) ?? ""] ?? {}, depth);
    if (schema.const !== undefined) return schema.const;
    if (schema.enum !== undefined) return this.#one(schema.enum);
    const choices = schema.oneOf ?? schema.anyOf;
    if (choices !== undefined) return this.#value(this.#one(choices), depth + 1);
    if (schema.allOf !== undefined) return Object.assign({}, ...schema.allOf.map((part) => this.#value(part, depth + 1)));
    return this.#ofType(schema, depth);
  }

  #ofType(schema: Schema, depth: number): unknown {
    const random = this.#random;
    const type = typeof schema.type === "string" ? schema.type : schema.type?.[0];
    switch (type) {
      case "object":
        return this.#object(schema, depth);
      case "array":
        return Array.from({ length: random.below(30) === 0 ? 3_000 : random.below(4) }, () => this.#value(schema.items ?? {}, depth + 3));
      case "integer":
      case "number":
        return this.#one([schema.minimum ?? 0, 1, 7, -1, 0.5, 500, 501, 2 ** 31, 2 ** 53 + 2, 1e300]);
      case "boolean":
        return random.below(2) === 0;
      case "string":
        return this.#string(schema);
      default:
        return this.#one(VALUES);
    }
  }

  #object({ properties = {}, required = [] }: Schema, depth: number): unknown {
    const random = this.#random;
    const entries = Object.entries(properties).filter(
      ([name]) => random.below(20) > 0 && (required.includes(name) || random.below(2) === 0),
    );
    return Object.fromEntries(entries.map(([name, part]) => [name, this.#value(part, depth + 1)]));
  }

  #string({ format }: Schema): string {
    if (this.#random.below(4) === 0) return this.#one(TEXTS);
    if (format === "date-time")
      return this.#one(["2026-11-01T00:00:00Z", "2026-11-19T00:00:00Z", "2026-11-20T12:00:00+10:00", "1900-01-01T00:00:00Z"]);
    if (format === "date") return this.#one(["2026-11-01", "2026-11-19", "1899-12-31"]);
    return this.#one([...this.#known, "1-0:1.8.0", "home-tou", "electricity", "Australia/Sydney", "0.5", "why not"]);
  }

  #one<Item>(items: readonly Item[]): Item {
    return items[this.#random.below(items.length)] as Item;
  }
}

/** Lone surrogates cannot be written into a URL. */
function wellFormed(text: string): string {
  return text.replaceAll(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}
