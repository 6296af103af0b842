import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { hashPassword } from "@amity/crypto";
import {
  Bill,
  BillsPage,
  Command,
  Completeness,
  ExceptionDetail,
  ExceptionsPage,
  Intervals,
  LoadSeries,
  MeterDetail,
  MetersPage,
  Overview,
  Problem,
  Session,
  SessionTrace,
  TimelinePage,
  Topology,
} from "@amity/api";
import { realTimers, scaledClock, silentLog, type Log, type LogFields } from "@amity/runtime";
import { createHttpApp, planAccess, startHttpServer, type AccessPlan, type User } from "../src/http/index.ts";
import { createFixtureUtility } from "./fixture-utility/utility.ts";

const NOW = Date.UTC(2026, 10, 21, 6, 42);

function start(options: { users?: User[]; plan?: AccessPlan; meters?: number } = {}) {
  const clock = scaledClock(realTimers, { speed: 300, startMs: NOW });
  const utility = createFixtureUtility({ clock, timers: realTimers }, { meters: options.meters ?? 60, backfillDone: true });
  const users = options.users ?? [];
  const plan = options.plan ?? planAccess({ host: "127.0.0.1", users: users.length, demo: true });
  const logged: { event: string; fields: LogFields }[] = [];
  const keep = (event: string, fields: LogFields = {}): void => void logged.push({ event, fields });
  const log: Log = { ...silentLog, info: keep, warn: keep };
  const app = createHttpApp({ utility, world: { clock, timers: realTimers }, log, users, plan, metrics: new Registry() });
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
    app.fetch(new Request(`http://127.0.0.1:8080${path}`, init));
  const json = async (path: string, init: RequestInit = {}): Promise<unknown> => (await ask(path, init)).json();
  const write = (method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    ask(path, {
      method,
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", "idempotency-key": crypto.randomUUID(), ...headers },
    });
  return { utility, app, ask, json, write, logged };
}

async function firstMeter(json: (path: string) => Promise<unknown>): Promise<string> {
  return MetersPage.parse(await json("/api/v1/meters?limit=1")).items[0]!.id;
}

describe("resources", () => {
  it("answers every read with what its schema says", async () => {
    const { json } = start({ meters: 240 });
    const id = await firstMeter(json);
    const span = "from=2026-11-19T00:00:00Z&to=2026-11-20T00:00:00Z";
    expect(Session.parse(await json("/api/v1/session"))).toMatchObject({ role: "operator", automatic: true });
    expect(Overview.parse(await json("/api/v1/overview")).feeders).toHaveLength(6);
    expect(Topology.parse(await json("/api/v1/topology")).meters.ids).toHaveLength(240);
    expect(LoadSeries.parse(await json(`/api/v1/load?${span}`)).importW.length).toBeGreaterThan(90);
    expect(MeterDetail.parse(await json(`/api/v1/meters/${id}`)).meter.id).toBe(id);
    expect(Intervals.parse(await json(`/api/v1/meters/${id}/intervals?${span}`)).v).toHaveLength(96);
    expect(TimelinePage.parse(await json(`/api/v1/meters/${id}/timeline`)).items.length).toBeGreaterThan(10);
    expect(SessionTrace.parse(await json(`/api/v1/meters/${id}/sessions/last`)).messages.length).toBeGreaterThan(2);
    const [exception] = ExceptionsPage.parse(await json("/api/v1/exceptions")).items;
    expect(ExceptionDetail.parse(await json(`/api/v1/exceptions/${exception!.id}`)).around.v.length).toBeGreaterThan(90);
    const [bill] = BillsPage.parse(await json("/api/v1/bills")).items;
    const lines = Bill.parse(await json(`/api/v1/bills/${bill!.id}`)).lines;
    expect(lines[0]!.windows!.length).toBeGreaterThan(28);
    expect(Completeness.parse(await json("/api/v1/completeness?days=7")).days).toHaveLength(7);
  });

  it("walks a list by cursor to its end, each item once", async () => {
    const { json, ask } = start({ meters: 103 });
    const seen: string[] = [];
    let path: string | undefined = "/api/v1/meters?limit=25";
    while (path !== undefined) {
      const response = await ask(path);
      seen.push(...MetersPage.parse(await response.json()).items.map(({ id }) => id));
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
    }
    expect(seen).toHaveLength(103);
    expect(new Set(seen).size).toBe(103);
    expect(MetersPage.parse(await json("/api/v1/meters?state=outage")).items).toHaveLength(0);
    expect(MetersPage.parse(await json("/api/v1/meters?commodity=water")).items).toHaveLength(0);
    expect(MetersPage.parse(await json("/api/v1/meters?commodity=electricity&limit=1")).items[0]?.commodity).toBe("electricity");
  });

  it("describes itself as OpenAPI 3.1 with a problem for every route", async () => {
    const { json } = start();
    const document = (await json("/api/openapi.json")) as {
      openapi: string;
      paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
      components: { schemas: Record<string, unknown> };
    };
    expect(document.openapi).toBe("3.1.1");
    expect(Object.keys(document.paths).length).toBeGreaterThanOrEqual(22);
    expect(document.components.schemas).toHaveProperty("Intervals");
    expect(document.components.schemas).toHaveProperty("LiveEvent");
    for (const [path, methods] of Object.entries(document.paths)) {
      if (path === "/api/v1/stream") continue;
      for (const operation of Object.values(methods)) expect(operation.responses).toHaveProperty("default");
    }
  });
});

describe("problems", () => {
  it.each([
    ["/api/v1/meters?limit=9999", 400, "limit"],
    ["/api/v1/meters?sort=colour", 400, "sort"],
    ["/api/v1/meters?commodity=steam", 400, "commodity"],
    ["/api/v1/load?from=yesterday&to=2026-11-20T00:00:00Z", 400, "from"],
    ["/api/v1/load?from=2026-11-20T00:00:00Z&to=2026-11-19T00:00:00Z", 400, "to"],
  ])("names the parameter that is wrong in %s", async (path, status, pointer) => {
    const { ask } = start();
    const response = await ask(path);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    const problem = Problem.parse(await response.json());
    expect(problem.errors?.map((error) => error.pointer)).toContain(pointer);
    expect(problem.traceId).toBe(response.headers.get("x-trace-id"));
  });

  it.each(["/api/v1/meters/NONE", "/api/v1/bills/NONE", "/api/v1/nothing", "/api/v1/commands/NONE"])(
    "answers 404 as a problem for %s",
    async (path) => {
      const { ask } = start();
      const response = await ask(path);
      expect(response.status).toBe(404);
      expect(Problem.parse(await response.json()).type).toBe("/problems/not-found");
    },
  );

  it("refuses a cursor of another list and a body that is too large", async () => {
    const { ask, write } = start();
    expect((await ask("/api/v1/meters?cursor=nonsense")).status).toBe(400);
    expect((await write("POST", "/api/v1/commands", { padding: "x".repeat(100_000) })).status).toBe(413);
  });

  it("refuses a body that is not JSON or not an object", async () => {
    const { ask } = start();
    for (const body of ["{", "[]", "null", '{"commandId":"../x"}']) {
      const response = await ask("/api/v1/commands", {
        method: "POST",
        body,
        headers: { "content-type": "application/json", "idempotency-key": "k" },
      });
      expect(response.status).toBe(400);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
    }
  });
});

describe("writes", () => {
  const request = (meterId: string, commandId = crypto.randomUUID()) => ({ commandId, meterId, control: { kind: "ping" } });

  it("takes a command with 202 and says where to follow it", async () => {
    const { json, write } = start();
    const body = request(await firstMeter(json));
    const response = await write("POST", "/api/v1/commands", body);
    expect(response.status).toBe(202);
    expect(response.headers.get("location")).toBe(`/api/v1/commands/${body.commandId}`);
    expect(Command.parse(await json(`/api/v1/commands/${body.commandId}`)).meterId).toBe(body.meterId);
  });

  it("answers a repeated key with the first answer, and another request under it with 422", async () => {
    const { json, write } = start();
    const meterId = await firstMeter(json);
    const body = request(meterId);
    const first = await write("POST", "/api/v1/commands", body, { "idempotency-key": "once" });
    const again = await write("POST", "/api/v1/commands", body, { "idempotency-key": "once" });
    expect(await again.text()).toBe(await first.text());
    expect(again.status).toBe(202);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(again.headers.get("location")).toBe(first.headers.get("location"));
    expect((await write("POST", "/api/v1/commands", request(meterId), { "idempotency-key": "once" })).status).toBe(422);
  });

  it("refuses a write without a key", async () => {
    const { ask } = start();
    const response = await ask("/api/v1/demo/speed", {
      method: "PUT",
      body: '{"speed":60}',
      headers: { "content-type": "application/json" },
    });
    expect(Problem.parse(await response.json()).type).toBe("/problems/idempotency-key-missing");
  });

  it("cuts and restores a feeder and tells the overview", async () => {
    const { json, write } = start();
    expect((await write("PUT", "/api/v1/demo/feeders/F3", { state: "out" })).status).toBe(200);
    const dark = Overview.parse(await json("/api/v1/overview"));
    expect(dark.feeders.find(({ id }) => id === "F3")).toMatchObject({ state: "out", loadW: 0 });
    expect(dark.meters.outage).toBe(10);
    expect((await write("PUT", "/api/v1/demo/feeders/F3", { state: "live" })).status).toBe(200);
    expect(Overview.parse(await json("/api/v1/overview")).meters.outage).toBe(0);
    expect((await write("PUT", "/api/v1/demo/feeders/F99", { state: "out" })).status).toBe(404);
  });

  it("lets a held bill go, once and with a reason", async () => {
    const { json, write } = start();
    const [held] = BillsPage.parse(await json("/api/v1/bills?state=held")).items;
    const path = `/api/v1/bills/${held!.id}/release`;
    expect((await write("POST", path, { reason: "" })).status).toBe(400);
    expect((await write("POST", path, { reason: "checked with the customer" })).status).toBe(200);
    expect((await write("POST", path, { reason: "again" })).status).toBe(409);
    expect((await write("POST", "/api/v1/bills/NONE/release", { reason: "no such" })).status).toBe(404);
  });

  it("decides an exception and takes it back", async () => {
    const { json, write } = start({ meters: 240 });
    const open = async (): Promise<string[]> => ExceptionsPage.parse(await json("/api/v1/exceptions")).items.map(({ id }) => id);
    const [id] = await open();
    expect((await write("POST", `/api/v1/exceptions/${id}/resolution`, { action: "accept" })).status).toBe(422);
    const accepted = await write("POST", `/api/v1/exceptions/${id}/resolution`, { action: "accept", reason: "read on site" });
    expect(accepted.status).toBe(200);
    expect(await open()).not.toContain(id);
    await write("POST", `/api/v1/exceptions/${id}/resolution`, { action: "reopen" });
    expect(await open()).toContain(id);
  });
});

describe("access", () => {
  const users: User[] = (["viewer", "operator", "analyst"] as const).map((role) => ({
    name: role,
    role,
    passwordHash: hashPassword(`${role}-pass`),
  }));
  const signIn = async (write: ReturnType<typeof start>["write"], name: string, password: string): Promise<Response> =>
    write("POST", "/api/v1/login", { name, password });
  const cookieOf = (response: Response): string => (response.headers.get("set-cookie") ?? "").split(";")[0]!;

  it("refuses to listen beyond loopback without users", () => {
    expect(() => planAccess({ host: "0.0.0.0", users: 0, demo: true })).toThrow(/no users are configured/);
    expect(() => planAccess({ host: "192.168.1.4", users: 0, demo: false })).toThrow(/Refusing to listen/);
    expect(planAccess({ host: "0.0.0.0", users: 1, demo: true }).identities).toEqual([]);
    expect(planAccess({ host: "127.0.0.1", users: 0, demo: false }).identities).toEqual([{ user: "viewer", role: "viewer" }]);
  });

  it("asks everybody to sign in where users are configured", async () => {
    const { ask, write } = start({ users });
    expect((await ask("/api/v1/overview")).status).toBe(401);
    expect((await ask("/metrics")).status).toBe(401);
    expect((await ask("/healthz")).status).toBe(200);
    expect((await signIn(write, "operator", "wrong")).status).toBe(401);
    const response = await signIn(write, "operator", "operator-pass");
    expect(response.headers.get("set-cookie")).toMatch(/HttpOnly.*SameSite=Strict/i);
    const headers = { cookie: cookieOf(response) };
    expect((await ask("/api/v1/overview", { headers })).status).toBe(200);
    await ask("/api/v1/logout", { method: "POST", headers });
    expect((await ask("/api/v1/overview", { headers })).status).toBe(401);
  });

  it("lets a viewer look but not touch, and an analyst decide but not switch", async () => {
    const { ask, json, write } = start({ users });
    const viewer = { cookie: cookieOf(await signIn(write, "viewer", "viewer-pass")) };
    const analyst = { cookie: cookieOf(await signIn(write, "analyst", "analyst-pass")) };
    const meterId = MetersPage.parse(await json("/api/v1/meters?limit=1", { headers: viewer })).items[0]!.id;
    expect((await ask(`/api/v1/meters/${meterId}/sessions/last`, { headers: viewer })).status).toBe(403);
    expect((await ask(`/api/v1/meters/${meterId}/sessions/last`, { headers: analyst })).status).toBe(200);
    expect((await write("PUT", "/api/v1/demo/feeders/F1", { state: "out" }, viewer)).status).toBe(403);
    for (const headers of [viewer, analyst]) {
      expect(
        (await write("POST", "/api/v1/commands", { commandId: crypto.randomUUID(), meterId, control: { kind: "disconnect" } }, headers))
          .status,
      ).toBe(403);
    }
  });

  it("lets only those decide who may, takes nobody's word for who he is, and offers no identity where people sign in", async () => {
    const { ask, write } = start({ users });
    const viewer = { cookie: cookieOf(await signIn(write, "viewer", "viewer-pass")) };
    const analyst = { cookie: cookieOf(await signIn(write, "analyst", "analyst-pass")) };
    const selection = { cluster: "gap-F1" };
    const dismiss = { kind: "exceptions", selection, action: "dismiss" };
    for (const [path, body] of [
      ["/api/v1/decision-previews", { ask: dismiss }],
      ["/api/v1/decisions", { decisionId: "d", ask: dismiss, reason: "x", fingerprint: "f" }],
      ["/api/v1/decisions/d/review", { verdict: "approve" }],
      ["/api/v1/exception-assignments", { selection, to: null }],
      ["/api/v1/commands/c/approval", { note: "" }],
    ] as const)
      expect((await write("POST", path, body, viewer)).status, path).toBe(403);
    expect((await write("POST", "/api/v1/commands/c/approval", { note: "" }, analyst)).status).toBe(403);
    const pretended = { cookie: "amity_identity=operator" };
    expect((await ask("/api/v1/exceptions", { headers: pretended })).status).toBe(401);
    expect((await write("POST", "/api/v1/session/identity", { name: "operator" })).status).toBe(404);
    expect(Session.parse(await (await ask("/api/v1/session", { headers: analyst })).json()).identities).toEqual([]);
  });

  it("ends the session that a browser held when it signs in again, and never takes a token that it was given", async () => {
    const { ask, write } = start({ users });
    const former = cookieOf(await signIn(write, "viewer", "viewer-pass"));
    const planted = `amity_session=${"a".repeat(64)}`;
    const [again] = [await write("POST", "/api/v1/login", { name: "viewer", password: "viewer-pass" }, { cookie: former })];
    expect(cookieOf(again)).not.toBe(former);
    expect((await ask("/api/v1/session", { headers: { cookie: former } })).status).toBe(401);
    expect((await ask("/api/v1/session", { headers: { cookie: cookieOf(again) } })).status).toBe(200);
    expect(cookieOf(await write("POST", "/api/v1/login", { name: "viewer", password: "viewer-pass" }, { cookie: planted }))).not.toBe(
      planted,
    );
  });

  it("writes down who signed in and who was refused, with neither passwords nor names that are nobody's", async () => {
    const { write, logged } = start({ users });
    await signIn(write, "operator", "operator-pass");
    await signIn(write, "operator", "my-Secret-1");
    await signIn(write, "my-Secret-2", "operator");
    expect(logged.map(({ event, fields }) => [event, fields["user"], fields["reason"]])).toEqual([
      ["login", "operator", undefined],
      ["login-refused", "operator", "wrong-name-or-password"],
      ["login-refused", "unknown", "wrong-name-or-password"],
    ]);
    expect(JSON.stringify(logged)).not.toContain("my-Secret");
  });

  it("limits attempts to sign in, and says how long to wait", async () => {
    const { write } = start({ users });
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) statuses.push((await signIn(write, "operator", "wrong")).status);
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    const limited = await signIn(write, "operator", "operator-pass");
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("refuses what another site makes a browser send", async () => {
    const { ask, write } = start();
    const cut = { state: "out" };
    expect((await write("PUT", "/api/v1/demo/feeders/F1", cut, { origin: "https://evil.example" })).status).toBe(403);
    expect((await write("PUT", "/api/v1/demo/feeders/F1", cut, { "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect(
      (await write("PUT", "/api/v1/demo/feeders/F1", cut, { origin: "http://127.0.0.1:8080", "sec-fetch-site": "same-origin" })).status,
    ).toBe(200);
    expect((await ask("/api/v1/overview", { headers: { host: "rebound.example:8080" } })).status).toBe(421);
  });

  it("sends the security headers with every answer, refusals too", async () => {
    const { ask } = start();
    for (const path of ["/healthz", "/api/v1/nothing", "/api/v1/session"]) {
      const { headers } = await ask(path);
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
    }
  });
});

describe("live stream", () => {
  /** Reads frames until `count` events came. */
  async function events(response: Response, count: number): Promise<{ id: string; event: string; data: string }[]> {
    const reader = response.body!.pipeThrough(new TextDecoderStream() as never).getReader() as ReadableStreamDefaultReader<string>;
    let text = "";
    const frames = () => text.split("\n\n").filter((frame) => frame.includes("event: "));
    while (frames().length < count || !text.endsWith("\n\n")) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
    }
    await reader.cancel();
    return frames().map((frame) => ({
      id: /^id: (.*)$/m.exec(frame)![1]!,
      event: /^event: (.*)$/m.exec(frame)![1]!,
      data: /^data: (.*)$/m.exec(frame)![1]!,
    }));
  }

  it("resumes after Last-Event-ID without losing or repeating an event", async () => {
    const { ask, utility } = start();
    const notice = (text: string): void => utility.emit({ type: "notice", at: "2026-11-21T06:42:00Z", severity: "notice", text });
    const first = await ask("/api/v1/stream");
    notice("one");
    notice("two");
    const [one] = await events(first, 2);
    notice("three");
    const resumed = await events(await ask("/api/v1/stream", { headers: { "last-event-id": one!.id } }), 2);
    expect(resumed.map(({ data }) => (JSON.parse(data) as { text: string }).text)).toEqual(["two", "three"]);
  });

  it("says reset where the missed part is gone or of another start", async () => {
    const { ask, utility } = start();
    const first = await ask("/api/v1/stream");
    utility.emit({ type: "notice", at: "2026-11-21T06:42:00Z", severity: "notice", text: "old" });
    const [old] = await events(first, 1);
    for (let index = 0; index < 2_100; index += 1)
      utility.emit({ type: "notice", at: "2026-11-21T06:42:00Z", severity: "notice", text: "x" });
    for (const id of [old!.id, "00000000-5", "nonsense"]) {
      const [event] = await events(await ask("/api/v1/stream", { headers: { "last-event-id": id } }), 1);
      expect(event!.event).toBe("reset");
    }
  });

  it("streams over a real socket and ends with the server", async () => {
    const { app, utility } = start();
    const server = await startHttpServer(app, { host: "127.0.0.1", port: 0 });
    const response = await fetch(`${server.url}/api/v1/stream`);
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    utility.tick();
    const kinds = (await events(response, 2)).map(({ event }) => event);
    expect(kinds).toEqual(["meters", "tick"]);
    await server.close();
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
  });

  it("takes the next port where the first is busy, and says so where all are", async () => {
    const { app } = start();
    const first = await startHttpServer(app, { host: "127.0.0.1", port: 0 });
    const second = await startHttpServer(app, { host: "127.0.0.1", port: first.port, portsToTry: 5 });
    expect(second.port).toBeGreaterThan(first.port);
    await expect(startHttpServer(app, { host: "127.0.0.1", port: first.port })).rejects.toMatchObject({ code: "in-use" });
    await Promise.all([first.close(), second.close()]);
  });
});
