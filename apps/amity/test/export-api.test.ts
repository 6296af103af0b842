import { EXPORT_FORMATS, MetersQuery } from "@amity/api";
import { OUTPUT_FORMATS } from "@amity/interchange";
import { hashPassword } from "@amity/crypto";
import { realTimers, scaledClock, silentLog } from "@amity/runtime";
import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { createHttpApp, planAccess, type User } from "../src/http/index.ts";
import { createFixtureUtility } from "./fixture-utility/utility.ts";

const NOW = Date.UTC(2026, 10, 21, 6, 42);
const SPAN = "from=2026-11-19T00:00:00Z&to=2026-11-20T00:00:00Z";

async function start(users: User[] = []) {
  const clock = scaledClock(realTimers, { speed: 300, startMs: NOW });
  const utility = createFixtureUtility({ clock, timers: realTimers }, { meters: 20, backfillDone: true });
  const plan = planAccess({ host: users.length > 0 ? "0.0.0.0" : "127.0.0.1", users: users.length, demo: users.length === 0 });
  const app = createHttpApp({ utility, world: { clock, timers: realTimers }, log: silentLog, users, plan, metrics: new Registry() });
  const ask = async (path: string): Promise<Response> => app.fetch(new Request(`http://127.0.0.1:8080${path}`));
  const id = (await utility.meters(MetersQuery.parse({ limit: "1" }))).items[0]?.id ?? "";
  return { ask, id };
}

describe("an export by HTTP", () => {
  it("is a file of its own name with every interval of the span", async () => {
    const { ask, id } = await start();
    const response = await ask(`/api/v1/usage-points/${id}/export?format=csv&${SPAN}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-disposition")).toBe(`attachment; filename="${id}.csv"`);
    expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect((await response.text()).trim().split("\n")).toHaveLength(97);
  });

  it("that the format has no words for is a problem, not half a file", async () => {
    const { ask, id } = await start();
    for (const format of ["nem12", "mscons"]) {
      const response = await ask(`/api/v1/usage-points/${id}/export?format=${format}&${SPAN}`);
      expect([response.status, response.headers.get("content-type")]).toEqual([400, "application/problem+json"]);
    }
    expect(await (await ask(`/api/v1/usage-points/${id}/export?format=mscons&${SPAN}`)).json()).toMatchObject({
      detail: expect.stringContaining("13 digits") as string,
    });
  });

  it("of an unknown point, format or span is refused", async () => {
    const { ask, id } = await start();
    expect((await ask(`/api/v1/usage-points/nobody/export?${SPAN}`)).status).toBe(404);
    expect((await ask(`/api/v1/usage-points/${id}/export?format=abacus&${SPAN}`)).status).toBe(400);
    expect((await ask(`/api/v1/usage-points/${id}/export?from=2026-11-20T00:00:00Z&to=2026-11-19T00:00:00Z`)).status).toBe(400);
  });

  it("needs somebody who may read", async () => {
    const { ask, id } = await start([{ name: "eve", role: "viewer", passwordHash: hashPassword("correct horse") } as User]);
    expect((await ask(`/api/v1/usage-points/${id}/export?${SPAN}`)).status).toBe(401);
  });

  it("stands in the API's description, with every format that is written", async () => {
    const { ask } = await start();
    const document = (await (await ask("/api/openapi.json")).json()) as {
      paths: Record<string, { get?: { responses: Record<string, unknown> } }>;
    };
    expect(document.paths["/api/v1/usage-points/{id}/export"]?.get?.responses["200"]).toBeDefined();
    expect([...EXPORT_FORMATS].toSorted()).toEqual(Object.keys(OUTPUT_FORMATS).toSorted());
  });
});
