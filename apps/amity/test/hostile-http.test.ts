import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROLE_RIGHTS, Role, type Right } from "@amity/api";
import { hashPassword } from "@amity/crypto";
import { seededRandom } from "@amity/runtime";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadStaticConsole } from "../src/http/index.ts";
import { usagePointOf } from "../src/compose/api/place-book.ts";
import { hostileRequest, routesOf, type ApiDocument, type HostileRequest, type Route } from "./hostile-http/hostile-requests.ts";
import { openStoredUtility, type StoredUtility } from "./stored-utility/stored-utility.ts";

const PASSWORD = "a password of the test";
const REQUESTS = Number(process.env["HOSTILE_REQUESTS"] ?? 3_000);
const SEED = Number(process.env["PROPERTY_SEED"] ?? 42);
const AT_ONCE = 4;

/** Which right each write and each guarded read asks for; a new one has to be entered here. */
const RIGHTS: Readonly<Record<string, Right>> = {
  "POST /api/v1/commands": "command",
  "POST /api/v1/commands/{id}/approval": "critical-command",
  "POST /api/v1/commands/{id}/cancel": "command",
  "POST /api/v1/devices": "fleet",
  "POST /api/v1/firmware": "fleet",
  "GET /api/v1/wireless-strangers": "fleet",
  "GET /api/v1/meters/{id}/sessions/last": "trace",
  "PUT /api/v1/demo/feeders/{id}": "demo",
  "PUT /api/v1/demo/speed": "demo",
};
const OPEN: ReadonlySet<string> = new Set([
  "POST /api/v1/login",
  "POST /api/v1/logout",
  "POST /api/v1/session/identity",
  "GET /api/v1/session",
]);

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

describe("a server that nobody is kind to, over real sockets and PostgreSQL", () => {
  let stored: StoredUtility;
  let document: ApiDocument;
  const cookies = new Map<Role | "nobody", string>([["nobody", ""]]);

  beforeAll(async () => {
    const passwordHash = hashPassword(PASSWORD);
    stored = await openStoredUtility({ users: Role.options.map((role) => ({ name: role, role, passwordHash })) });
    document = await stored.json<ApiDocument>("/api/openapi.json");
    for (const role of Role.options) cookies.set(role, await signIn(stored, role));
  });
  afterAll(() => stored.close());

  function say({ method, path, headers, body }: HostileRequest, who: Role | "nobody"): Promise<Answer> {
    const cookie = cookies.get(who) ?? "";
    const sent = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    return new Promise((resolve) => {
      const asked = httpRequest(
        {
          host: "127.0.0.1",
          port: stored.server.port,
          method,
          path,
          headers: { ...headers, ...sent, ...(cookie === "" ? {} : { cookie }) },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          // A stream of events has no end: its head is all that is looked at.
          if (answer.headers["content-type"]?.startsWith("text/event-stream") === true) answer.destroy();
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("close", () =>
            resolve({
              status: answer.statusCode ?? 0,
              type: answer.headers["content-type"] ?? "",
              body: Buffer.concat(chunks).toString("latin1"),
            }),
          );
        },
      );
      asked.on("error", (error) => resolve({ status: 0, type: "", body: error.message }));
      asked.end(body);
    });
  }

  it("lets each role do what it may, and refuses the rest before it looks at what was sent", async () => {
    const wrong: string[] = [];
    for (const { method, path } of routesOf(document)) {
      const name = `${method} ${path}`;
      if (OPEN.has(name)) continue;
      const right = rightOf(method, path);
      for (const who of cookies.keys()) {
        const { status } = await say(
          { method, path: path.replaceAll(/\{\w+\}/g, "nothing"), headers: HEADERS, body: method === "GET" ? undefined : "{" },
          who,
        );
        const isAllowed = who !== "nobody" && ROLE_RIGHTS[who].includes(right);
        const refusal = status === 401 || status === 403;
        const expected = isAllowed ? !refusal : status === (who === "nobody" ? 401 : 403);
        if (!expected) wrong.push(`${name} as ${who}: ${status}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("answers every hostile request with a value or a problem, and goes on", async () => {
    const random = seededRandom(SEED);
    const routes = routesOf(document).filter(({ path }) => path !== "/api/v1/logout");
    const known = await identifiers(stored, cookies.get("operator") ?? "");
    expect(known.length).toBeGreaterThan(10);
    const people = [...cookies.keys()];
    const faults: string[] = [];
    const one = async (): Promise<void> => {
      const route = routes[random.below(routes.length)] as Route;
      const who = random.below(3) === 0 ? (people[random.below(people.length)] ?? "nobody") : "operator";
      const hostile = hostileRequest(document, route, known, random);
      const fault = faultOf(await say(hostile, who));
      if (fault !== undefined)
        faults.push(`${hostile.method} ${hostile.path.slice(0, 300)} as ${who} with ${hostile.body?.slice(0, 400) ?? "nothing"}: ${fault}`);
    };
    for (let sent = 0; sent < REQUESTS; sent += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, one));
    expect(faults).toEqual([]);
    expect((await stored.ask("/healthz")).status).toBe(200);
  }, 240_000);
});

describe("a server to which raw octets are sent", () => {
  let stored: StoredUtility;

  beforeAll(async () => {
    stored = await openStoredUtility({ console: await consoleOfOneFile() });
  });
  afterAll(() => stored.close());

  /** What comes back before the server closes, or falls silent because it waits for the rest. */
  function answerTo(words: string, patienceMs = 30_000): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect({ host: "127.0.0.1", port: stored.server.port });
      let heard = "";
      const end = (): void => {
        socket.destroy();
        resolve(heard);
      };
      socket.setTimeout(patienceMs, end);
      socket.on("data", (chunk) => (heard += chunk.toString("latin1")));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(heard));
      socket.write(words, "latin1");
    });
  }

  const head = (line: string, ...headers: string[]): string =>
    [line, "Host: 127.0.0.1", "Connection: close", ...headers, "", ""].join("\r\n");
  const WRITE = "POST /api/v1/commands HTTP/1.1";
  const KEY = "Idempotency-Key: k";
  const JSON_TYPE = "Content-Type: application/json";

  it.each([
    ["paths that climb", head("GET /../../../../etc/passwd HTTP/1.1"), /^HTTP\/1.1 (404|200)/],
    ["paths that climb, encoded", head("GET /assets/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1"), /^HTTP\/1.1 (404|200)/],
    ["paths with NUL and backslashes", head("GET /..%5c..%5cetc%5cpasswd%00.html HTTP/1.1"), /^HTTP\/1.1 (404|200)/],
    ["a whole URL of another host", head("GET http://evil.example/api/v1/session HTTP/1.1"), /^HTTP\/1.1 (200|400|421)/],
    ["a path that cannot be decoded", head("GET /api/v1/meters/%ff%fe%zz HTTP/1.1"), /^HTTP\/1.1 4\d\d/],
    ["no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", /^HTTP\/1.1 400|^$/],
    ["a flood of headers", head("GET / HTTP/1.1", ...Array.from({ length: 5_000 }, (_, index) => `X-${index}: a`)), /^HTTP\/1.1 4\d\d|^$/],
    ["one header without end", head("GET / HTTP/1.1", `X-Long: ${"a".repeat(200_000)}`), /^HTTP\/1.1 4\d\d|^$/],
    ["two lengths", head(WRITE, KEY, JSON_TYPE, "Content-Length: 2", "Content-Length: 5") + "{}abc", /^HTTP\/1.1 400/],
    ["a length and chunks", head(WRITE, KEY, JSON_TYPE, "Content-Length: 2", "Transfer-Encoding: chunked") + "0\r\n\r\n", /^HTTP\/1.1 400/],
    ["chunks that are none", head(WRITE, KEY, JSON_TYPE, "Transfer-Encoding: chunked") + "zz\r\n{}\r\n", /^HTTP\/1.1 400|^$/],
    [
      "more chunks than a body may have",
      `${head(WRITE, KEY, JSON_TYPE, "Transfer-Encoding: chunked")}${`8000\r\n${"a".repeat(0x8000)}\r\n`.repeat(4)}0\r\n\r\n`,
      /^HTTP\/1.1 413/,
    ],
    ["a length that nothing could have", head(WRITE, KEY, JSON_TYPE, "Content-Length: 99999999999") + "{}", /^HTTP\/1.1 413/],
    ["a negative length", head(WRITE, KEY, JSON_TYPE, "Content-Length: -1"), /^HTTP\/1.1 400/],
    ["an upgrade to what is not spoken", head("GET /api/v1/session HTTP/1.1", "Upgrade: websocket"), /^HTTP\/1.1 (200|4\d\d)/],
  ])("answers %s by a refusal or what is public, and goes on", async (_, words, expected) => {
    const answer = await answerTo(words);
    expect(answer).toMatch(expected);
    expect(answer).not.toMatch(/root:|\n\s+at |node_modules|\.ts:\d/);
    expect((await stored.ask("/healthz")).status).toBe(200);
  });

  it("serves the others while bodies are half sent, and heads drop by drop", async () => {
    const half = head(WRITE, KEY, JSON_TYPE, "Content-Length: 5000") + "{";
    const slow = Array.from({ length: 300 }, (_, index) => answerTo(index % 2 === 0 ? half : "GET / HTTP/1.1\r\nHost: 127", 1_000));
    for (let asked = 0; asked < 20; asked++) expect((await stored.ask("/api/v1/session")).status).toBe(200);
    expect(new Set(await Promise.all(slow))).toEqual(new Set([""]));
  });
});

async function consoleOfOneFile(): Promise<Awaited<ReturnType<typeof loadStaticConsole>>> {
  const folder = await mkdtemp(join(tmpdir(), "amity-page-"));
  await writeFile(join(folder, "index.html"), "<p>the console</p>");
  return loadStaticConsole(folder);
}

const HEADERS = { "content-type": "application/json", "idempotency-key": "same" };

function rightOf(method: string, path: string): Right {
  const named = RIGHTS[`${method} ${path}`];
  if (named !== undefined) return named;
  if (method === "GET") return "read";
  return /\/v1\/(exception|decision|bills)/.test(path) ? "exceptions" : "analysis";
}

async function signIn(stored: StoredUtility, role: Role): Promise<string> {
  const answer = await stored.write("POST", "/api/v1/login", { name: role, password: PASSWORD });
  return (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

const LISTS = ["meters", "exceptions", "exception-clusters", "bills", "decisions", "rule-sets", "tariffs", "jobs", "virtual-channels"];

/** Names of things that exist, so that requests get past the first look-up. */
async function identifiers(stored: StoredUtility, cookie: string): Promise<string[]> {
  const pages = await Promise.all(LISTS.map((list) => stored.ask(`/api/v1/${list}?limit=2`, { headers: { cookie } })));
  const items = (await Promise.all(pages.map((page) => page.json() as Promise<{ items?: { id?: unknown }[] }>))).flatMap(
    ({ items: of = [] }) => of,
  );
  const points = stored.plan.meters.slice(0, 2).map(usagePointOf);
  return [...items.flatMap(({ id }) => (typeof id === "string" ? [id] : [])), ...points, "standard", "F1", "1"];
}

/** What is wrong with an answer: a fault of the server, a problem that is none, or something of its inside. */
function faultOf({ status, type, body }: Answer): string | undefined {
  if (status === 0) return `no answer: ${body}`;
  if (status >= 500 && status !== 501) return `${status} ${body.slice(0, 300)}`;
  if (status >= 400 && type !== "application/problem+json") return `${status} as ${type}: ${body.slice(0, 200)}`;
  const inside = /\n\s+at |node_modules|\.ts:\d|node:internal|\bSELECT\b|\brelation "|invalid input syntax|PostgresError/.exec(
    status >= 400 ? body : "",
  );
  return inside === null ? undefined : `tells of its inside: ${inside[0]} in ${body.slice(0, 300)}`;
}
