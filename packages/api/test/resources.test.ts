import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CommandRequest,
  INTERVAL_QUALITIES,
  IntervalsQuery,
  LiveEvent,
  METER_STATES,
  MetersQuery,
  Money,
  PROBLEM_KINDS,
  ROLE_RIGHTS,
  TraceField,
  Unit,
} from "../src/index.ts";

describe("queries", () => {
  it("fill in what is not said", () => {
    expect(MetersQuery.parse({})).toEqual({ limit: 100, sort: "id" });
    expect(IntervalsQuery.parse({ from: "2026-11-20T00:00:00+11:00", to: "2026-11-21T00:00:00Z" })).toMatchObject({
      channel: "1-0:1.8.0",
      granularity: "raw",
    });
  });

  it.each([{ limit: "0" }, { limit: "501" }, { limit: "many" }, { state: "asleep" }, { q: "x".repeat(81) }])("refuse %j", (query) => {
    expect(MetersQuery.safeParse(query).success).toBe(false);
  });

  it("take instants with an offset only", () => {
    for (const from of ["2026-11-20", "2026-11-20T00:00:00", "20.11.2026", ""])
      expect(IntervalsQuery.safeParse({ from, to: "2026-11-21T00:00:00Z" }).success).toBe(false);
  });
});

describe("commands", () => {
  const request = { commandId: "a1", meterId: "AMTY107000001", control: { kind: "ping" } };

  it("expire by themselves and are never dry runs unless asked", () => {
    expect(CommandRequest.parse(request)).toMatchObject({ expiresInSeconds: 900, dryRun: false });
  });

  it("keep ids out of paths and lines", () => {
    for (const id of ["../etc", "a b", "a\nb", "", "x".repeat(81), "a/b"]) {
      expect(CommandRequest.safeParse({ ...request, commandId: id }).success).toBe(false);
      expect(CommandRequest.safeParse({ ...request, meterId: id }).success).toBe(false);
    }
  });

  it("refuse controls that do not exist", () => {
    expect(CommandRequest.safeParse({ ...request, control: { kind: "explode" } }).success).toBe(false);
    expect(CommandRequest.safeParse({ ...request, control: { kind: "readProfile" } }).success).toBe(false);
  });
});

it("writes money as decimal text, never as a float", () => {
  for (const good of ["0", "12.30", "-0.05"]) expect(Money.safeParse(good).success).toBe(true);
  for (const bad of [12.3, "1e3", "1,000", "", "NaN", "."]) expect(Money.safeParse(bad).success).toBe(false);
});

it("describes fields of fields, to the depth that messages have", () => {
  const nest = (depth: number): unknown => ({ name: "x", offset: 0, length: 1, ...(depth === 0 ? {} : { children: [nest(depth - 1)] }) });
  expect(TraceField.safeParse(nest(40)).success).toBe(true);
  expect(TraceField.safeParse({ name: "x", offset: -1, length: 1 }).success).toBe(false);
});

it("yields a value or a refusal for anything that claims to be an event", () => {
  fc.assert(fc.property(fc.anything(), (thing) => typeof LiveEvent.safeParse(thing).success === "boolean"));
  expect(LiveEvent.parse({ type: "reset" })).toEqual({ type: "reset" });
});

it("keeps positions that travel as numbers", () => {
  expect(METER_STATES).toEqual(["reporting", "late", "silent", "disconnected", "outage"]);
  expect(INTERVAL_QUALITIES).toEqual(["valid", "raw", "questionable", "edited", "estimated", "powerFailure", "missing"]);
  expect(Unit.options).toContain("Wh");
});

it("lets only the operator switch supplies", () => {
  expect(
    Object.entries(ROLE_RIGHTS)
      .filter(([, rights]) => rights.includes("critical-command"))
      .map(([role]) => role),
  ).toEqual(["operator"]);
  for (const { status } of Object.values(PROBLEM_KINDS)) expect(status).toBeGreaterThanOrEqual(400);
});
