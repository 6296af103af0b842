import type { Problem } from "@amity/api";

/** A refusal of the API: its problem details, or what is known of a line that failed. */
export class ApiProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = "ApiProblem";
    this.problem = problem;
  }
}

export type Params = Readonly<Record<string, string | number | undefined>>;

/** Path with a query; absent parameters are left out. */
export function urlOf(path: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value !== undefined && value !== "") query.set(name, String(value));
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** Reads a resource. @throws ApiProblem */
export async function read<Resource>(path: string, params?: Params, signal?: AbortSignal): Promise<Resource> {
  return answerOf<Resource>(
    await fetch(urlOf(path, params), { headers: { accept: "application/json" }, ...(signal === undefined ? {} : { signal }) }),
  );
}

/** Writes, once: the key makes a repeated request the same request. @throws ApiProblem */
export async function write<Resource>(
  method: "POST" | "PUT" | "DELETE",
  path: string,
  body: unknown,
  key: string = newId(),
): Promise<Resource> {
  const headers = { "content-type": "application/json", accept: "application/json", "idempotency-key": key };
  return answerOf<Resource>(await fetch(path, { method, headers, body: JSON.stringify(body) }));
}

async function answerOf<Resource>(response: Response): Promise<Resource> {
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  if (response.ok && isJson) return (await response.json()) as Resource;
  const problem: Problem = isJson
    ? ((await response.json()) as Problem)
    : { type: "about:blank", title: `The server answered ${response.status}`, status: response.status };
  throw new ApiProblem(problem);
}

/** A fresh identifier; `randomUUID` itself exists on secure origins only. */
export function newId(): string {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
