import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  BillsPage,
  ClustersPage,
  DayVersions,
  Decision,
  DecisionPreview,
  DecisionsPage,
  ExceptionDetail,
  ExceptionsPage,
  Intervals,
  People,
  Problem,
  Session,
  VeeException,
  type DecisionAsk,
} from "@amity/api";
import { realTimers } from "@amity/runtime";
import { DecisionDesk } from "../src/compose/decisions/decision-desk.ts";
import { openStoredUtility, type StoredUtility } from "./stored-utility/stored-utility.ts";

const CHANNEL = "1-0:1.8.0";

describe("decisions over HTTP, on a ledger in PostgreSQL", () => {
  let stored: StoredUtility;
  let nextId = 1;

  beforeAll(async () => {
    stored = await openStoredUtility();
  });
  afterAll(() => stored.close());

  const as = (name: string) => (path: string, body: unknown) =>
    stored.ask(path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", "idempotency-key": crypto.randomUUID(), cookie: `amity_identity=${name}` },
    });
  const operator = as("operator");
  const analyst = as("analyst");
  const preview = async (ask: DecisionAsk) => DecisionPreview.parse(await (await operator("/api/v1/decision-previews", { ask })).json());
  const decide = async (ask: DecisionAsk, reason = "looked at it") => {
    const { fingerprint } = await preview(ask);
    const answer = await operator("/api/v1/decisions", { decisionId: `t-${nextId++}`, ask, reason, fingerprint });
    expect(answer.status).toBe(202);
    return Decision.parse(await answer.json());
  };
  const negative = async () => {
    const { items } = ExceptionsPage.parse(await stored.json("/api/v1/exceptions?rule=negative&state=all"));
    return items.find(({ meterId }) => meterId === stored.plan.meters[3]?.meterId)!;
  };
  const valuesAround = async ({ meterId, from, to }: VeeException) =>
    Intervals.parse(await stored.json(`/api/v1/meters/${meterId}/intervals?channel=${CHANNEL}&from=${from}&to=${to}`));

  it("puts exceptions together, pages and filters them, and leads to their members", async () => {
    const all = ClustersPage.parse(await stored.json("/api/v1/exception-clusters"));
    expect(all.items.length).toBeGreaterThan(1);
    expect(all.total).toBe(all.items.length);
    expect(all.items.map(({ money }) => Number(money))).toEqual(expect.arrayContaining([expect.any(Number)]));
    const page = ClustersPage.parse(await stored.json("/api/v1/exception-clusters?limit=1"));
    const next = ClustersPage.parse(await stored.json(`/api/v1/exception-clusters?limit=1&cursor=${page.next}`));
    expect([page.items[0]?.id, next.items[0]?.id]).toEqual(all.items.slice(0, 2).map(({ id }) => id));
    const negatives = ClustersPage.parse(
      await stored.json("/api/v1/exception-clusters?rule=negative&severity=warning&commodity=electricity"),
    );
    expect(negatives.items.length).toBeGreaterThan(0);
    const members = ExceptionsPage.parse(await stored.json(`/api/v1/exceptions?cluster=${negatives.items[0]?.id}`));
    expect(members.total).toBe(negatives.items[0]?.exceptions);
    expect(ClustersPage.parse(await stored.json("/api/v1/exception-clusters?commodity=gas")).items).toEqual([]);
    expect((await stored.ask("/api/v1/exception-clusters/nothing")).status).toBe(404);
  });

  it("shows what accepting would change, with the bill, makes it, bills anew, and undoes it", async () => {
    const exception = await negative();
    const estimated = (await valuesAround(exception)).v;
    const ask: DecisionAsk = { kind: "exceptions", selection: { exceptions: [exception.id] }, action: "accept" };
    const { effect, secondPerson } = await preview(ask);
    expect(effect).toMatchObject({ exceptions: 1, days: 1, intervals: 1 });
    expect(secondPerson).toBe("");
    const [change] = effect.bills.changes;
    expect(Number(change?.after)).toBeLessThan(Number(change?.before));
    expect((await valuesAround(exception)).v).toEqual(estimated);

    const made = await decide(ask, "solar without an export register");
    expect(made).toMatchObject({ state: "done", by: "operator", rebilled: 1 });
    expect((await valuesAround(exception)).v).toEqual([-700]);
    const bills = BillsPage.parse(await stored.json(`/api/v1/bills?meterId=${exception.meterId}`)).items;
    expect(bills.find(({ id }) => id === change?.bill)?.state).toBe("cancelled");
    expect(bills.find(({ state }) => state !== "cancelled")?.total).toBe(change?.after.replace(/^(\d+\.\d)$/, "$10"));

    const detail = ExceptionDetail.parse(await stored.json(`/api/v1/exceptions/${exception.id}`));
    expect(detail.exception).toMatchObject({ state: "accepted", decision: made.id });
    expect(detail.history.map(({ kind, by }) => [kind, by])).toEqual([
      ["raised", "vee"],
      ["decided", "operator"],
    ]);
    expect(await decide({ kind: "undo", decision: made.id }, "the neighbour's meter")).toMatchObject({ state: "done", undoes: made.id });
    expect((await valuesAround(exception)).v).toEqual(estimated);
    expect(Decision.parse(await stored.json(`/api/v1/decisions/${made.id}`)).state).toBe("undone");
  });

  it("lets an edit above the limit wait, refuses its author's yes, and takes the second person's", async () => {
    const meterId = stored.plan.meters[5]?.meterId ?? "";
    const ask: DecisionAsk = {
      kind: "edit",
      meterId,
      channel: CHANNEL,
      from: "2026-11-12T01:00:00Z",
      to: "2026-11-12T03:00:00Z",
      change: { kind: "set", value: 30_000 },
    };
    const { secondPerson, curve } = await preview(ask);
    expect(secondPerson).toMatch(/kWh are at stake \(limit 100 kWh\)/);
    expect(curve?.proposed).toEqual(Array.from({ length: 8 }, () => 30_000));
    const waiting = await decide(ask, "read on site");
    expect(waiting.state).toBe("waiting");
    expect(DecisionsPage.parse(await stored.json("/api/v1/decisions?state=waiting")).items.map(({ id }) => id)).toEqual([waiting.id]);
    const review = { verdict: "approve", note: "the photo shows it" };
    const own = await operator(`/api/v1/decisions/${waiting.id}/review`, review);
    expect(own.status).toBe(409);
    expect(Problem.parse(await own.json()).detail).toMatch(/nobody approves his own/i);
    expect(await (await analyst(`/api/v1/decisions/${waiting.id}/review`, review)).json()).toMatchObject({
      state: "done",
      review: { by: "analyst" },
    });
    const versions = DayVersions.parse(await stored.json(`/api/v1/meters/${meterId}/versions?channel=${CHANNEL}&day=2026-11-12`));
    expect(versions.versions[0]).toMatchObject({
      by: "operator",
      approvedBy: "analyst",
      reason: "read on site",
      changed: 8,
      decision: waiting.id,
    });
    // The civil day lies in two days of the ledger.
    expect(versions.versions.map(({ by }) => by)).toEqual(["operator", "vee", "vee", "headend", "headend"]);
    expect(await decide({ kind: "undo", decision: waiting.id })).toMatchObject({ state: "waiting" });
    const undo = DecisionsPage.parse(await stored.json("/api/v1/decisions?state=waiting")).items[0]!;
    expect(await (await operator(`/api/v1/decisions/${undo.id}/review`, { verdict: "withdraw" })).json()).toMatchObject({
      state: "withdrawn",
    });
  });

  it("refuses what was not looked at, what names nothing, and what gives no reason", async () => {
    const exception = await negative();
    const ask = { kind: "exceptions", selection: { exceptions: [exception.id] }, action: "dismiss" };
    const request = { decisionId: "t-no", ask, reason: "x", fingerprint: "another" };
    expect((await operator("/api/v1/decisions", request)).status).toBe(409);
    expect((await operator("/api/v1/decisions", { ...request, reason: " " })).status).toBe(400);
    expect((await operator("/api/v1/decision-previews", { ask: { ...ask, selection: { cluster: "none" } } })).status).toBe(404);
    expect((await operator("/api/v1/decision-previews", { ask: { kind: "undo", decision: "none" } })).status).toBe(404);
    const future = { kind: "edit", meterId: exception.meterId, channel: CHANNEL, from: "2027-01-01T00:00:00Z", to: "2027-01-02T00:00:00Z" };
    const refused = await operator("/api/v1/decision-previews", { ask: { ...future, change: { kind: "scale", factor: "2" } } });
    expect(refused.status).toBe(400);
    expect(Problem.parse(await refused.json()).detail).toMatch(/still to come/);
    expect((await stored.ask("/api/v1/decisions/none")).status).toBe(404);
  });

  it("gives exceptions to people, and says who they are", async () => {
    const { people } = People.parse(await stored.json("/api/v1/people"));
    expect(people.map(({ name }) => name)).toEqual(["operator", "analyst", "supervisor"]);
    const exception = await negative();
    const selection = { exceptions: [exception.id] };
    expect(await (await operator("/api/v1/exception-assignments", { selection, to: "analyst" })).json()).toEqual({ changed: 1 });
    expect(ExceptionsPage.parse(await stored.json("/api/v1/exceptions?assignee=analyst")).items.map(({ id }) => id)).toEqual([
      exception.id,
    ]);
    expect(ClustersPage.parse(await stored.json("/api/v1/exception-clusters?assignee=analyst")).items[0]?.assignees).toEqual(["analyst"]);
    await operator("/api/v1/exception-assignments", { selection, to: null });
    expect(ExceptionsPage.parse(await stored.json("/api/v1/exceptions?assignee=analyst")).items).toEqual([]);
  });

  it("decides one exception by its own address too, and takes it back", async () => {
    const exception = await negative();
    const path = `/api/v1/exceptions/${exception.id}/resolution`;
    expect((await operator(path, { action: "estimate" })).status).toBe(422);
    expect(VeeException.parse(await (await operator(path, { action: "estimate", reason: "plausible" })).json()).state).toBe("estimated");
    expect(VeeException.parse(await (await operator(path, { action: "reopen" })).json()).state).toBe("open");
  });

  it("answers that a long decision is running, and tells when it is made", async () => {
    const { parts } = stored.utility;
    const told: string[] = [];
    // No patience at all: every decision is a long one.
    const timers = { elapsedMs: () => realTimers.elapsedMs(), after: (_: number, run: () => void) => realTimers.after(0, run) };
    const impatient = { ...parts, world: { ...parts.world, timers: { ...parts.world.timers, ...timers } } };
    const desk = new DecisionDesk(impatient, ({ id, state }) => told.push(`${id} ${state}`));
    const exception = await negative();
    const ask: DecisionAsk = { kind: "exceptions", selection: { exceptions: [exception.id] }, action: "dismiss" };
    const { fingerprint } = await preview(ask);
    const request = { decisionId: "t-long", ask, reason: "a test", fingerprint };
    const asked = await desk.decide(request, { user: "operator", role: "operator" });
    expect(asked).toMatchObject({ kind: "done", value: { id: "t-long", state: "running", title: "Dismiss 1 exception" } });
    expect(await desk.decide(request, { user: "operator", role: "operator" })).toMatchObject({ value: { id: "t-long" } });
    await desk.stop();
    expect(told).toEqual(["t-long done"]);
    expect(await desk.find("t-long")).toMatchObject({ state: "done" });
    const stale = await desk.decide({ ...request, decisionId: "t-stale", fingerprint: "old" }, { user: "operator", role: "operator" });
    expect(stale).toMatchObject({ value: { state: "running" } });
    await desk.stop();
    expect(await desk.find("t-stale")).toMatchObject({ state: "failed", outcome: expect.stringMatching(/change nothing|look again/) });
    await decide({ kind: "undo", decision: "t-long" });
  });

  it("knows who asks by the identity that a browser took, and no other", async () => {
    const who = async (cookie: string) => Session.parse(await (await stored.ask("/api/v1/session", { headers: { cookie } })).json());
    expect(await who("")).toMatchObject({ user: "operator", identities: ["operator", "analyst", "supervisor"] });
    expect(await who("amity_identity=analyst")).toMatchObject({ user: "analyst", role: "analyst" });
    expect(await who("amity_identity=root")).toMatchObject({ user: "operator" });
    const chosen = await stored.write("POST", "/api/v1/session/identity", { name: "analyst" });
    expect(chosen.headers.get("set-cookie")).toMatch(/amity_identity=analyst/);
    expect((await stored.write("POST", "/api/v1/session/identity", { name: "root" })).status).toBe(404);
  });
});
