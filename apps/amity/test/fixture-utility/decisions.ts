import type { Decision, DecisionAsk, DecisionEffect, ExceptionCluster, ExceptionState, VeeException } from "@amity/api";
import { UsageError } from "@amity/bytes";
import type { DecisionApi } from "../../src/http/decision-ports.ts";
import type { Principal, WriteOutcome } from "../../src/http/write-outcome.ts";
import type { FixtureFleet } from "./fleet.ts";
import { isoOf } from "./series.ts";

const DAY_MS = 86_400_000;
/** Energy in question of every exception here, kWh, and its price. */
const KWH_EACH = 12.5;
const PRICE = 0.3;
const LIMIT_KWH = 100;
const STATES = { accept: "accepted", estimate: "estimated", dismiss: "dismissed", edit: "edited" } as const;

/** FIXTURE: decisions over the made-up exceptions, with the product's rules about reasons, previews and second persons. */
export function createFixtureDecisions(parts: { fleet: FixtureFleet; exceptions: VeeException[]; now: () => number }): DecisionApi {
  const { fleet, exceptions, now } = parts;
  const decisions = new Map<string, Decision>();
  const before = new Map<string, { id: string; state: ExceptionState }[]>();
  const feederOf = (meterId: string): string => fleet.byId.get(meterId)?.planned.feederId ?? "";

  const clusters = (state: string): { cluster: ExceptionCluster; members: VeeException[] }[] => {
    const groups = new Map<string, VeeException[]>();
    for (const one of exceptions) {
      if (state !== "all" && one.state !== state) continue;
      const key = `${one.rule}-${feederOf(one.meterId)}`;
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
    return [...groups]
      .map(([id, members]) => ({ cluster: clusterOf(id, members, feederOf(members[0]!.meterId), now()), members }))
      .sort((left, right) => Number(right.cluster.money) - Number(left.cluster.money) || left.cluster.id.localeCompare(right.cluster.id));
  };
  const idsOf = (ask: DecisionAsk): string[] | undefined => {
    if (ask.kind === "undo") return before.get(ask.decision)?.map(({ id }) => id);
    if (ask.kind !== "exceptions") return undefined;
    if ("exceptions" in ask.selection) return ask.selection.exceptions;
    const { cluster } = ask.selection;
    return clusters("open")
      .find((one) => one.cluster.id === cluster)
      ?.members.map(({ id }) => id);
  };
  const plan = (ask: DecisionAsk) => {
    if (ask.kind === "edit") throw new UsageError("the fixture keeps no ledger: intervals cannot be edited", { code: "fixture" });
    const ids = idsOf(ask);
    if (ids === undefined) return undefined;
    const wanted = ask.kind === "undo" ? () => true : ({ state }: VeeException) => state === "open";
    const taken = ids.flatMap((id) => exceptions.find((one) => one.id === id && wanted(one)) ?? []);
    const skipped = ids.filter((id) => !taken.some((one) => one.id === id)).map((exception) => ({ exception, reason: "it is not open" }));
    const effect = effectOf(ask, taken, skipped);
    const secondPerson = Number(effect.atStake.kWh) > LIMIT_KWH ? `${effect.atStake.kWh} kWh are at stake (limit ${LIMIT_KWH} kWh)` : "";
    return { taken, effect, secondPerson, fingerprint: `f${taken.map(({ id }) => id).join("")}`.slice(0, 80) };
  };
  const make = (decision: Decision, ask: DecisionAsk, taken: readonly VeeException[]): Decision => {
    const restored = ask.kind === "undo" ? before.get(ask.decision) : undefined;
    before.set(
      decision.id,
      taken.map(({ id, state }) => ({ id, state })),
    );
    for (const { id } of taken) {
      const index = exceptions.findIndex((one) => one.id === id);
      const state = restored?.find((one) => one.id === id)?.state ?? (ask.kind === "exceptions" ? STATES[ask.action] : "open");
      const { decision: _, waitingDecision: __, ...rest } = exceptions[index]!;
      exceptions[index] = { ...rest, state, ...(state === "open" ? {} : { decision: decision.id }) };
    }
    if (ask.kind === "undo") decisions.set(ask.decision, { ...decisions.get(ask.decision)!, state: "undone", undoneBy: decision.id });
    const done: Decision = { ...decision, state: "done", doneAt: isoOf(now()) };
    decisions.set(decision.id, done);
    return done;
  };
  const asks = new Map<string, DecisionAsk>();

  return {
    async clusters(query) {
      const fitting = clusters(query.state)
        .filter(({ members }) =>
          members.some(
            (one) =>
              (query.rule === undefined || one.rule === query.rule) &&
              (query.severity === undefined || one.severity === query.severity) &&
              (query.feeder === undefined || feederOf(one.meterId) === query.feeder) &&
              (query.assignee === undefined || (one.assignedTo ?? "-") === query.assignee) &&
              (query.commodity === undefined || query.commodity === "electricity"),
          ),
        )
        .map(({ cluster }) => cluster);
      return { items: fitting.slice(0, query.limit), total: fitting.length };
    },
    cluster: async (clusterId, { state }) => clusters(state).find(({ cluster }) => cluster.id === clusterId)?.cluster,
    async assign({ selection, to }) {
      const ids = idsOf({ kind: "exceptions", selection, action: "dismiss" });
      if (ids === undefined) return { kind: "not-found" };
      let changed = 0;
      for (const [index, one] of exceptions.entries()) {
        if (!ids.includes(one.id) || one.state !== "open" || (one.assignedTo ?? null) === to) continue;
        const { assignedTo: _, ...rest } = one;
        exceptions[index] = to === null ? rest : { ...rest, assignedTo: to };
        changed++;
      }
      return { kind: "done", value: { changed } };
    },
    async preview(ask) {
      const planned = plan(ask);
      if (planned === undefined) return { kind: "not-found" };
      const { fingerprint, effect, secondPerson } = planned;
      return { kind: "done", value: { fingerprint, effect, secondPerson } };
    },
    async decide(request, by): Promise<WriteOutcome<Decision>> {
      const known = decisions.get(request.decisionId);
      if (known !== undefined) return { kind: "done", value: known };
      const planned = plan(request.ask);
      if (planned === undefined) return { kind: "not-found" };
      if (planned.taken.length === 0) return { kind: "conflict", detail: "It would change nothing." };
      if (planned.fingerprint !== request.fingerprint)
        return { kind: "conflict", detail: "What it would do has changed since you looked: look again." };
      const decision = decisionOf({ request, by, at: now() }, planned);
      decisions.set(decision.id, decision);
      asks.set(decision.id, request.ask);
      if (decision.state !== "waiting") return { kind: "done", value: make(decision, request.ask, planned.taken) };
      for (const { id } of planned.taken) {
        const index = exceptions.findIndex((one) => one.id === id);
        exceptions[index] = { ...exceptions[index]!, waitingDecision: decision.id };
      }
      return { kind: "done", value: decision };
    },
    async review(decisionId, { verdict, note }, by): Promise<WriteOutcome<Decision>> {
      const decision = decisions.get(decisionId);
      const ask = asks.get(decisionId);
      if (decision === undefined || ask === undefined) return { kind: "not-found" };
      if (decision.state !== "waiting") return { kind: "conflict", detail: `The decision is ${decision.state}: it waits for nobody.` };
      const isOwn = decision.by === by.user;
      if (isOwn !== (verdict === "withdraw"))
        return {
          kind: "conflict",
          detail: isOwn ? "Nobody approves his own decision: ask somebody else." : "Only its author withdraws a decision.",
        };
      if (verdict === "reject" && note.trim() === "") throw new UsageError("a decision needs a reason", { code: "reason-missing" });
      const reviewed: Decision = { ...decision, review: { by: by.user, at: isoOf(now()), note } };
      if (verdict === "approve") return { kind: "done", value: make(reviewed, ask, plan(ask)?.taken ?? []) };
      const ended: Decision = { ...reviewed, state: verdict === "reject" ? "rejected" : "withdrawn" };
      decisions.set(decisionId, ended);
      for (const [index, one] of exceptions.entries()) {
        const { waitingDecision, ...rest } = one;
        if (waitingDecision === decisionId) exceptions[index] = rest;
      }
      return { kind: "done", value: ended };
    },
    async decisions(query) {
      const items = [...decisions.values()]
        .reverse()
        .filter(({ state, by }) => (query.state === undefined || state === query.state) && (query.by === undefined || by === query.by));
      return { items: items.slice(0, query.limit), total: items.length };
    },
    decision: async (decisionId) => decisions.get(decisionId),
    dayVersions: async () => undefined,
  };
}

function clusterOf(id: string, members: readonly VeeException[], feeder: string, nowMs: number): ExceptionCluster {
  const [first] = members;
  const kWh = members.length * KWH_EACH;
  return {
    id,
    cause: members.length > 1 ? "place" : "meter",
    title: members.length > 1 ? `${first!.title} behind feeder ${feeder}` : first!.title,
    where: members.length > 1 ? `feeder ${feeder}` : first!.meterId,
    rules: [{ rule: first!.rule, title: first!.title, count: members.length }],
    severity: first!.severity,
    exceptions: members.length,
    meters: members.length,
    from: members.map(({ from }) => from).sort()[0]!,
    to: members
      .map(({ to }) => to)
      .sort()
      .at(-1)!,
    kWh: kWh.toFixed(1),
    cubicMetres: "0.00",
    money: (kWh * PRICE).toFixed(2),
    currency: "AUD",
    nextBillAt: isoOf(nowMs + 4 * DAY_MS),
    holdsBills: members.filter(({ holdsBill }) => holdsBill).length,
    assignees: [...new Set(members.flatMap(({ assignedTo }) => assignedTo ?? []))].sort(),
    waiting: members.filter(({ waitingDecision }) => waitingDecision !== undefined).length,
  };
}

function effectOf(ask: DecisionAsk, taken: readonly VeeException[], skipped: DecisionEffect["skipped"]): DecisionEffect {
  const kWh = taken.length * KWH_EACH;
  const changes = ask.kind === "exceptions" && ask.action === "accept";
  const wh = String(kWh * 1000);
  return {
    exceptions: taken.length,
    skipped,
    skippedCount: skipped.length,
    meters: taken.length,
    channels: taken.length,
    days: changes ? taken.length : 0,
    intervals: changes ? taken.length * 12 : 0,
    amounts: changes ? [{ unit: "Wh", before: wh, after: "0", moved: wh }] : [],
    atStake: { kWh: String(kWh), cubicMetres: "0", money: (kWh * PRICE).toFixed(2), currency: "AUD" },
    bills: { changes: [], rated: 0, notRated: 0, change: "0.00" },
  };
}

function decisionOf(
  { request, by, at }: { request: { decisionId: string; ask: DecisionAsk; reason: string }; by: Principal; at: number },
  planned: { effect: DecisionEffect; secondPerson: string },
): Decision {
  const { ask } = request;
  const words = { accept: "Accept as measured", estimate: "Keep the estimates of", dismiss: "Dismiss", edit: "Edit" };
  return {
    id: request.decisionId,
    title:
      ask.kind === "exceptions"
        ? `${words[ask.action]} ${planned.effect.exceptions} exceptions`
        : `Undo ${ask.kind === "undo" ? ask.decision : ""}`,
    kind: ask.kind,
    state: planned.secondPerson === "" ? "running" : "waiting",
    by: by.user,
    reason: request.reason,
    at: isoOf(at),
    effect: planned.effect,
    secondPerson: planned.secondPerson,
    ...(ask.kind === "undo" ? { undoes: ask.decision } : {}),
  };
}
