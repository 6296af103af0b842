import { UsageError } from "@amity/bytes";
import type { Zone } from "@amity/intervals";
import type { Clock } from "@amity/runtime";
import { instantParam, type Store, type Transaction } from "@amity/store";
import { channelNoOf, meterKeyOf } from "../ledger/channel-id.ts";
import { whileOthersWrite, type Ledger } from "../ledger/ledger.ts";
import type { Billing } from "../pipeline/billing.ts";
import { moveExceptions } from "../pipeline/exception-history.ts";
import { billEffect, billsOfDecision } from "./bill-effect.ts";
import type { Decision, DecisionAsk, DecisionEffect, DecisionOutcome, DecisionPreview, DecisionWarrant } from "./decision.ts";
import {
  decisionRecord,
  endDecision,
  endInterrupted,
  finishDecision,
  insertDecision,
  listDecisions,
  noteOutcome,
  reviewDecision,
  type DecisionFilter,
} from "./decision-table.ts";
import { effectOf } from "./effect.ts";
import { planEdit } from "./plan-edit.ts";
import { planExceptions } from "./plan-exceptions.ts";
import { planUndo } from "./plan-undo.ts";
import { fingerprintOf, Superseded, type Plan, type PlanParts, type Tell } from "./plan.ts";
import { secondPersonFor, type DecisionPolicy } from "./policy.ts";

/**
 * People's decisions over exceptions and intervals: seen before, made at once and whole, undone by another decision. There is no
 * second way for a person to a stored value. Above the policy's limits a decision waits for somebody other than its author.
 */
export interface Decisions {
  /**
   * What a decision would do; nothing is changed. `undefined` where it names a decision that is not there.
   * @throws UsageError naming what of the ask does not hold; `cannot-undo` for an undo that somebody's later change prevents.
   */
  preview(ask: DecisionAsk, tell?: Tell): Promise<DecisionPreview | undefined>;
  /** Makes it, or lets it wait for a second person. @throws UsageError `reason-missing`, and as `preview`. */
  request(ask: DecisionAsk, warrant: DecisionWarrant, tell?: Tell): Promise<DecisionOutcome>;
  /** A second person's yes: it is made now, if it still does what was asked. */
  approve(decisionId: string, review: { by: string; note: string }, tell?: Tell): Promise<DecisionOutcome>;
  /** A second person's no. @throws UsageError `reason-missing`. */
  reject(decisionId: string, review: { by: string; note: string }): Promise<DecisionOutcome>;
  /** The author takes back what waits. */
  withdraw(decisionId: string, by: { by: string; note: string }): Promise<DecisionOutcome>;
  find(decisionId: string): Promise<Decision | undefined>;
  /**
   * Rates the bills over the days that a decision changed again: those that come to something else are cancelled and made anew,
   * those that were held may go out. Returns how many bills were made, and notes it with the decision.
   */
  rebill(decisionId: string): Promise<number>;
  /** Newest first. */
  list(filter: DecisionFilter): Promise<Decision[]>;
  /** Ends what a stopped program left in the middle. To be called once at the start. Returns how many. */
  endInterrupted(): Promise<number>;
}

export interface DecisionsParts {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly billing: Pick<Billing, "rate" | "bill">;
  readonly clock: Pick<Clock, "nowMs">;
  readonly zone: Zone;
  readonly holidays?: ReadonlySet<number>;
  readonly policy: DecisionPolicy;
}

const LIST_MAX = 1000;
const SILENT: Tell = () => undefined;

export function createDecisions(parts: DecisionsParts): Decisions {
  const nowMs = (): number => parts.clock.nowMs();
  const decided = async (decisionId: string, kind: "taken" | "repeated"): Promise<DecisionOutcome> => {
    const record = await decisionRecord(parts.store, decisionId);
    return record === undefined ? { kind: "notFound" } : { kind, decision: record.decision };
  };
  const review = async (
    decisionId: string,
    said: { state: "running" | "rejected" | "withdrawn"; by: string; note: string },
    mayNot: (decision: Decision) => string | undefined,
  ): Promise<DecisionOutcome | Decision> => {
    const decision = (await decisionRecord(parts.store, decisionId))?.decision;
    if (decision === undefined) return { kind: "notFound" };
    const reason = mayNot(decision);
    if (reason !== undefined) return { kind: "refused", reason };
    const isTaken = await reviewDecision(parts.store, decisionId, { ...said, atMs: nowMs() });
    return isTaken ? decision : { kind: "refused", reason: `the decision is ${decision.state}: it waits for nobody` };
  };
  return {
    async preview(ask, tell = SILENT) {
      try {
        const plan = await planOf(parts, ask, tell);
        if (plan === undefined) return undefined;
        const days = ask.kind === "edit" ? plan.days.map(({ block }) => block) : [];
        return { ...(await previewOf(parts, plan, tell)), days };
      } catch (error) {
        if (error instanceof Superseded) throw new UsageError(error.message, { code: "cannot-undo" });
        throw error;
      }
    },
    async request(ask, warrant, tell = SILENT) {
      requireReason(warrant.reason);
      const known = await decided(warrant.decisionId, "repeated");
      if (known.kind !== "notFound") return known;
      try {
        return await take(parts, { ask, warrant, requestedAtMs: nowMs() }, tell);
      } catch (error) {
        if (error instanceof Superseded) return { kind: "superseded", reason: error.message };
        throw error;
      }
    },
    async approve(decisionId, { by, note }, tell = SILENT) {
      const outcome = await review(decisionId, { state: "running", by, note }, ({ author }) =>
        author === by ? "nobody approves his own decision: ask somebody else" : undefined,
      );
      return "kind" in outcome ? outcome : makeApproved(parts, outcome, { by, tell });
    },
    async reject(decisionId, { by, note }) {
      requireReason(note);
      const outcome = await review(decisionId, { state: "rejected", by, note }, ({ author }) =>
        author === by ? "it is your own: withdraw it instead" : undefined,
      );
      return "kind" in outcome ? outcome : decided(decisionId, "taken");
    },
    async withdraw(decisionId, { by, note }) {
      const outcome = await review(decisionId, { state: "withdrawn", by, note }, ({ author }) =>
        author === by ? undefined : "only its author withdraws a decision",
      );
      return "kind" in outcome ? outcome : decided(decisionId, "taken");
    },
    find: async (decisionId) => (await decisionRecord(parts.store, decisionId))?.decision,
    rebill: (decisionId) => rebill(parts, decisionId),
    list: (filter) => listDecisions(parts.store, filter, LIST_MAX),
    endInterrupted: () => endInterrupted(parts.store, nowMs()),
  };
}

/** `undefined` where an undo names a decision that is not there. @throws Superseded, UsageError. */
async function planOf(parts: PlanParts, ask: DecisionAsk, tell: Tell): Promise<Plan | undefined> {
  switch (ask.kind) {
    case "exceptions":
      return planExceptions(parts, ask, tell);
    case "edit":
      return planEdit(parts, ask, tell);
    case "undo":
      return planUndo(parts, ask.decisionId);
  }
}

async function previewOf(parts: DecisionsParts, plan: Plan, tell: Tell): Promise<Omit<DecisionPreview, "days">> {
  const effect: DecisionEffect = { ...effectOf(plan, parts.policy), bills: await billEffect(parts, plan.days, tell) };
  return { fingerprint: fingerprintOf(plan), effect, secondPerson: secondPersonFor(parts.policy, effect) };
}

interface Taking {
  readonly ask: DecisionAsk;
  readonly warrant: DecisionWarrant;
  readonly requestedAtMs: number;
}

async function take(parts: DecisionsParts, { ask, warrant, requestedAtMs }: Taking, tell: Tell): Promise<DecisionOutcome> {
  const plan = await planOf(parts, ask, tell);
  if (plan === undefined) return { kind: "notFound" };
  if (plan.moves.length === 0 && plan.days.length === 0)
    return { kind: "refused", reason: `it would change nothing${plan.skipped.length > 0 ? `: ${plan.skipped[0]?.reason}` : ""}` };
  const preview = await previewOf(parts, plan, tell);
  if (warrant.fingerprint !== undefined && warrant.fingerprint !== preview.fingerprint)
    return { kind: "superseded", reason: "what it would do has changed since you looked: look again" };
  const { decisionId, author, reason } = warrant;
  const state = preview.secondPerson === "" ? "running" : "waiting";
  const decision = { decisionId, ask, author, reason, requestedAtMs, ...preview, state } as const;
  const isNew = await insertDecision(parts.store, decision);
  const isMade = isNew && state === "running";
  if (isMade) await make(parts, { decisionId, author, reason, ask, plan, effect: preview.effect, approvedBy: undefined }, tell);
  const record = await decisionRecord(parts.store, decisionId);
  if (record === undefined) return { kind: "notFound" };
  return { kind: isNew ? "taken" : "repeated", decision: record.decision };
}

async function makeApproved(
  parts: DecisionsParts,
  { decisionId, author, reason, ask, fingerprint }: Decision,
  { by, tell }: { by: string; tell: Tell },
): Promise<DecisionOutcome> {
  try {
    const plan = await planOf(parts, ask, tell);
    if (plan === undefined || fingerprintOf(plan) !== fingerprint)
      throw new Superseded("values or exceptions changed since it was asked for: it has to be asked for again");
    const { effect } = await previewOf(parts, plan, tell);
    await make(parts, { decisionId, author, reason, ask, plan, effect, approvedBy: by }, tell);
  } catch (error) {
    const isStale = error instanceof Superseded;
    await endDecision(parts.store, decisionId, {
      state: isStale ? "superseded" : "failed",
      outcome: error instanceof Error ? error.message : String(error),
    });
    if (!isStale) throw error;
  }
  const decision = (await decisionRecord(parts.store, decisionId))?.decision;
  if (decision === undefined) return { kind: "notFound" };
  return decision.state === "done" ? { kind: "taken", decision } : { kind: "superseded", reason: decision.outcome, decision };
}

interface Making extends Pick<Decision, "decisionId" | "author" | "reason" | "ask" | "effect"> {
  readonly plan: Plan;
  readonly approvedBy: string | undefined;
}

/** Writes versions, moves exceptions and marks the decision as done: in one transaction, or not at all. */
async function make(parts: DecisionsParts, making: Making, tell: Tell): Promise<void> {
  const { decisionId, author, reason, plan } = making;
  tell({ phase: "writing", done: 0, total: plan.days.length });
  try {
    const provenanceId = await parts.ledger.provenanceId({ author, reason, source: "decision", ruleSet: "" });
    await whileOthersWrite(() => parts.store.transaction((transaction) => makeIn(parts, transaction, { ...making, provenanceId })));
  } catch (error) {
    await endDecision(parts.store, decisionId, {
      state: error instanceof Superseded ? "superseded" : "failed",
      outcome: error instanceof Error ? error.message : String(error),
    });
    throw error;
  }
}

async function makeIn(parts: DecisionsParts, transaction: Transaction, making: Making & { provenanceId: number }): Promise<void> {
  const { decisionId, author, reason, ask, plan, effect, provenanceId } = making;
  const atMs = parts.clock.nowMs();
  const writes = plan.days.map(({ channel, version, block }) => ({
    channelId: channel.channelId,
    block,
    mode: "replace" as const,
    expectedVersion: version,
  }));
  const outcomes = await parts.ledger.writeIn(transaction, writes, { provenanceId, knownAtMs: atMs });
  const stale = outcomes.filter(({ kind }) => kind === "superseded").length;
  if (stale > 0) throw new Superseded(`${stale} of its days were changed by somebody else meanwhile: nothing was changed`);
  await recordDays(transaction, making, { versions: outcomes.map(({ version }) => version), atMs });
  const moved = await moveExceptions(transaction, plan.moves, { author, note: reason, decisionId, atMs });
  if (moved < plan.moves.length)
    throw new Superseded(`${plan.moves.length - moved} of its exceptions were decided by somebody else meanwhile: nothing was changed`);
  const items = {
    exceptions: plan.moves.map(({ exceptionId, before, after }) => ({ exceptionId, before, after })),
    meterKeys: [...new Set(plan.days.map(({ channel }) => meterKeyOf(channel.channelId)))],
  };
  const undoes = ask.kind === "undo" ? ask.decisionId : undefined;
  if (!(await finishDecision(transaction, decisionId, { items, effect, atMs, undoes })))
    throw new Superseded("it was made, undone or ended by somebody else meanwhile: nothing was changed");
}

/** Each day with the versions before and after: what undoing reads, and how an auditor gets from a version to its decision. */
async function recordDays(transaction: Transaction, making: Making, made: { versions: readonly number[]; atMs: number }): Promise<void> {
  const { plan, decisionId, author, approvedBy, reason, ask } = making;
  if (plan.days.length === 0) return;
  await transaction.query(
    `insert into mdm.edit (meter_key, edit_id, channel_no, day, version_before, version_after, author, approved_by, reason, known_at, undoes_edit_id)
     select meter_key, $6, channel_no, date '1970-01-01' + day, version_before, version_after, $7, $8, $9, $10, $11
     from unnest($1::integer[], $2::smallint[], $3::integer[], $4::smallint[], $5::smallint[]) as n (meter_key, channel_no, day, version_before, version_after)`,
    [
      plan.days.map(({ channel }) => meterKeyOf(channel.channelId)),
      plan.days.map(({ channel }) => channelNoOf(channel.channelId)),
      plan.days.map(({ block }) => block.dayStartMs / 86_400_000),
      plan.days.map(({ version }) => version),
      made.versions,
      decisionId,
      author,
      approvedBy ?? null,
      reason,
      instantParam(made.atMs),
      ask.kind === "undo" ? ask.decisionId : null,
    ],
  );
}

async function rebill(parts: DecisionsParts, decisionId: string): Promise<number> {
  const touched = await billsOfDecision(parts.store, decisionId);
  if (touched.length === 0) return 0;
  const before = new Set(touched.map(({ billId }) => billId));
  const bills = await parts.billing.bill(
    touched.map(({ usagePointId, tariffId, fromDay, toDay }) => ({ usagePointId, tariffId, fromDay, toDay })),
  );
  const made = bills.filter(({ billId }) => !before.has(billId)).length;
  if (made > 0) await noteOutcome(parts.store, decisionId, `${made} ${made === 1 ? "bill was" : "bills were"} cancelled and made again`);
  return made;
}

function requireReason(note: string): void {
  if (note.trim() === "") throw new UsageError("a decision needs a reason", { code: "reason-missing", advice: "say in a few words why" });
}
