import { hashPassword } from "@amity/crypto";
import { realTimers, scaledClock, silentLog } from "@amity/runtime";
import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { createHttpApp, planAccess, type User } from "../src/http/index.ts";
import { createFixtureUtility } from "./fixture-utility/utility.ts";

const USERS: readonly User[] = [
  { name: "operator", role: "operator", passwordHash: hashPassword("operator-pass") },
  { name: "viewer", role: "viewer", passwordHash: hashPassword("viewer-pass") },
];

function start() {
  const clock = scaledClock(realTimers, { speed: 1 });
  const utility = createFixtureUtility({ clock, timers: realTimers }, { meters: 5, backfillDone: true });
  const plan = planAccess({ host: "0.0.0.0", users: USERS.length, demo: false });
  const app = createHttpApp({
    utility,
    world: { clock, timers: realTimers },
    log: silentLog,
    users: [...USERS],
    plan,
    metrics: new Registry(),
  });
  const write = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    app.fetch(
      new Request(`http://127.0.0.1:8080${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": crypto.randomUUID(), ...headers },
        body: JSON.stringify(body),
      }),
    );
  const as = async (name: string): Promise<Record<string, string>> => {
    const response = await write("/api/v1/login", { name, password: `${name}-pass` });
    return { cookie: (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
  };
  return { write, as };
}

describe("registering devices by HTTP", () => {
  const fleet = { devices: [{ meterId: "M1", protocol: "dlms", route: { kind: "direct", host: "10.0.0.7", port: 4059 } }] };

  it("is for those who hold the right, and says what became of it", async () => {
    const { write, as } = start();
    expect((await write("/api/v1/devices", fleet)).status).toBe(401);
    expect((await write("/api/v1/devices", fleet, await as("viewer"))).status).toBe(403);
    const response = await write("/api/v1/devices", fleet, await as("operator"));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ added: 1, problems: [] });
  });

  it("takes a list of at most a thousand, and nothing that is none", async () => {
    const { write, as } = start();
    const operator = await as("operator");
    for (const body of [{ devices: Array.from({ length: 1_001 }, () => ({})) }, { devices: "all" }, { meters: [] }, []])
      expect((await write("/api/v1/devices", body, operator)).status).toBe(400);
  });
});
