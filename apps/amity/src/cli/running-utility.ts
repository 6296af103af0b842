import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Problem } from "@amity/api";
import { LinkError, PeerError, SecurityError, UsageError, type AmityError } from "@amity/bytes";

/** Which utility, and who asks. */
export interface RunningUtilityOptions {
  readonly url: string;
  /** Signs in with a password. */
  readonly user?: string;
  /** Where the password stands; `-` is standard input. */
  readonly passwordFile?: string;
  /** One of the people that a demo lets anybody be. */
  readonly as?: string;
}

type Query = Readonly<Record<string, string | number | undefined>>;

const PASSWORD_CHARACTERS_MAX = 200;
const ANSWER_WAIT_MS = 30_000;

/** A utility that runs in another process, over its HTTP API. */
export class RunningUtility {
  readonly #url: URL;
  readonly #cookies = new Map<string, string>();

  private constructor(url: URL) {
    this.#url = url;
  }

  /** @throws UsageError for options that do not fit; LinkError where nobody answers; SecurityError where the person is not let in. */
  static async open(options: RunningUtilityOptions): Promise<RunningUtility> {
    const { url, user, passwordFile, as } = options;
    if (!URL.canParse(url)) throw new UsageError(`--url "${url}" is no URL`, { code: "url", advice: "e.g. http://127.0.0.1:8080" });
    if ((user === undefined) !== (passwordFile === undefined))
      throw new UsageError("--user and --password-file go together", {
        code: "password",
        advice: "--password-file - reads standard input",
      });
    const utility = new RunningUtility(new URL(url));
    if (user !== undefined && passwordFile !== undefined)
      await utility.post("/api/v1/login", { name: user, password: await passwordOf(passwordFile) });
    else if (as !== undefined) await utility.post("/api/v1/session/identity", { name: as });
    return utility;
  }

  /** @throws AmityError by blame, with what the utility said. */
  get<Resource>(path: string, query: Query = {}): Promise<Resource> {
    return this.#ask<Resource>(this.#at(path, query), { method: "GET" });
  }

  /** Writes, once: the key makes a repeated request the same request. @throws AmityError by blame, with what the utility said. */
  post<Resource>(path: string, body: unknown, key: string = randomUUID()): Promise<Resource> {
    const headers = { "content-type": "application/json", "idempotency-key": key };
    return this.#ask<Resource>(new URL(path, this.#url), { method: "POST", headers, body: JSON.stringify(body) });
  }

  /** Brings octets, once. @throws AmityError by blame, with what the utility said. */
  send<Resource>(path: string, query: Query, octets: Uint8Array): Promise<Resource> {
    const headers = { "content-type": "application/octet-stream", "idempotency-key": randomUUID() };
    return this.#ask<Resource>(this.#at(path, query), { method: "POST", headers, body: octets });
  }

  #at(path: string, query: Query): URL {
    const url = new URL(path, this.#url);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
    return url;
  }

  async #ask<Resource>(
    url: URL,
    init: { method: string; headers?: Record<string, string>; body?: string | Uint8Array },
  ): Promise<Resource> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...init.headers, accept: "application/json", ...(cookie === "" ? {} : { cookie }) };
    let response: Response;
    try {
      response = await fetch(url, { ...init, headers, signal: AbortSignal.timeout(ANSWER_WAIT_MS) });
    } catch (error) {
      throw new LinkError(`nobody answers at ${this.#url.origin}`, {
        code: "unreachable",
        advice: "is amity up running? --url says where",
        cause: error,
      });
    }
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    if (response.ok && isJson) return (await response.json()) as Resource;
    throw errorOf(response.status, isJson ? ((await response.json()) as Problem) : undefined);
  }

  #keep(line: string): void {
    const [pair = ""] = line.split(";");
    const at = pair.indexOf("=");
    if (at > 0) this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }
}

async function passwordOf(file: string): Promise<string> {
  let text = "";
  if (file === "-") for await (const chunk of process.stdin as AsyncIterable<Buffer>) text += chunk.toString("utf8");
  else
    text = await readFile(file, "utf8").catch((error: unknown) => {
      throw new UsageError(`${file} cannot be read`, { code: "password", cause: error });
    });
  return text.replace(/\r?\n$/, "").slice(0, PASSWORD_CHARACTERS_MAX);
}

/** What a problem of the API means to whoever typed the command. */
function errorOf(status: number, problem: Problem | undefined): AmityError {
  const told = problem?.errors?.map(({ pointer, detail }) => `${pointer}: ${detail}`).join("; ");
  const message = problem === undefined ? `the utility answered ${status}` : (told ?? problem.detail ?? problem.title);
  const code = problem?.type.split("/").at(-1) ?? "http";
  const detail = { code, ...(problem?.advice === undefined ? {} : { advice: problem.advice }) };
  if (status === 401) return new SecurityError(message, { ...detail, advice: "--user NAME --password-file FILE signs in" });
  if (status === 403) return new SecurityError(message, detail);
  if (status === 400 || status === 413) return new UsageError(message, detail);
  return status >= 500 && status !== 501 ? new LinkError(message, detail) : new PeerError(message, detail);
}
