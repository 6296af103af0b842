import { UsageError } from "@amity/bytes";
import { DAY_MS } from "@amity/intervals";
import type { Clock } from "@amity/runtime";
import { instantParam, type Store, type Transaction } from "@amity/store";
import type { ChannelId } from "../ledger/channel-id.ts";
import { whileOthersWrite, type BlockWrite, type Ledger } from "../ledger/ledger.ts";
import { acceptedBlock } from "./accept-delivered.ts";
import { exceptionsById, type ExceptionState, type QueuedException } from "./exception-queue.ts";

/** `accept`: the meter's values take the estimates' place. `estimate`: the estimates stay. `dismiss`: nothing changes. */
export type MassAction = "accept" | "estimate" | "dismiss";

export interface MassAsk {
  readonly exceptionIds: readonly string[];
  readonly action: MassAction;
}

/** What a decision would do. */
export interface MassPreview {
  /** Open exceptions that it would close. */
  readonly exceptions: number;
  /** Named, but not open or not there: left alone. */
  readonly skipped: readonly { readonly exceptionId: string; readonly reason: string }[];
  readonly channels: number;
  readonly days: number;
  readonly intervals: number;
  /** Sum of the changes of values, each in its channel's counts; 0 where no value changes. */
  readonly change: number;
}

export interface MassWarrant {
  /** Chosen by the requester: the same id again is the same decision. */
  readonly decisionId: string;
  readonly author: string;
  /** Never empty. */
  readonly note: string;
}

export type MassOutcome =
  | { readonly kind: "done"; readonly preview: MassPreview }
  /** This decision was made (or undone) before; nothing was done now. */
  | { readonly kind: "repeated" }
  /** Somebody changed these days since: nothing was changed. */
  | { readonly kind: "superseded"; readonly channelDays: number };

/** Decisions over a cluster of exceptions: seen before, made at once, undone at once. */
export interface MassDecisions {
  preview(ask: MassAsk): Promise<MassPreview>;
  /** All or nothing. @throws UsageError `reason-missing`, `limit`. */
  decide(ask: MassAsk, warrant: MassWarrant): Promise<MassOutcome>;
  /** Opens the exceptions again and puts the values back, as new versions; only while the decision's own are current. @throws UsageError `decision-unknown`. */
  undo(decisionId: string, by: { author: string; note: string }): Promise<MassOutcome>;
}

/** Exceptions that one decision may close. */
const EXCEPTIONS_MAX = 5000;
const STATES: Readonly<Record<MassAction, ExceptionState>> = { accept: "accepted", estimate: "estimated", dismiss: "dismissed" };

interface Parts {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly clock: Pick<Clock, "nowMs">;
}

export function createMassDecisions(parts: Parts): MassDecisions {
  return {
    async preview(ask) {
      return (await planOf(parts, ask)).preview;
    },
    async decide(ask, warrant) {
      requireReason(warrant.note);
      const plan = await planOf(parts, ask);
      return settled(parts, async (transaction) => {
        const { rowCount } = await transaction.query("select 1 from mdm.mass_decision where decision_id = $1", [warrant.decisionId]);
        if (rowCount > 0) return { kind: "repeated" };
        const days = await write(parts, transaction, plan.writes, warrant);
        await moveAll(transaction, plan.exceptions, { state: STATES[ask.action], ...warrant, atMs: parts.clock.nowMs() });
        await transaction.query(
          "insert into mdm.mass_decision (decision_id, action, author, note, decided_at, items, days) values ($1, $2, $3, $4, $5, $6, $7)",
          [
            warrant.decisionId,
            ask.action,
            warrant.author,
            warrant.note,
            instantParam(parts.clock.nowMs()),
            JSON.stringify(plan.exceptions.map(({ exceptionId }) => exceptionId)),
            JSON.stringify(days),
          ],
        );
        return { kind: "done", preview: plan.preview };
      });
    },
    async undo(decisionId, by) {
      requireReason(by.note);
      return settled(parts, (transaction) => undoIn(parts, transaction, decisionId, by));
    },
  };
}

interface Plan {
  readonly exceptions: readonly QueuedException[];
  readonly writes: readonly BlockWrite[];
  readonly preview: MassPreview;
}

async function planOf(parts: Parts, { exceptionIds, action }: MassAsk): Promise<Plan> {
  const wanted = [...new Set(exceptionIds)];
  if (wanted.length === 0 || wanted.length > EXCEPTIONS_MAX)
    throw new UsageError(`a decision closes 1 to ${EXCEPTIONS_MAX} exceptions, not ${wanted.length}`, { code: "limit" });
  const found = new Map((await exceptionsById(parts.store, wanted)).map((exception) => [exception.exceptionId, exception]));
  const open = [...found.values()].filter(({ state }) => state === "open");
  const skipped = wanted.flatMap((exceptionId) => {
    const state = found.get(exceptionId)?.state;
    return state === "open" ? [] : [{ exceptionId, reason: state === undefined ? "there is no such exception" : `it is ${state} already` }];
  });
  const accepted = action === "accept" ? await acceptedDays(parts.ledger, open) : [];
  const days = new Set(open.flatMap((exception) => daysOf(exception).map((day) => `${exception.channelId}/${day}`)));
  return {
    exceptions: open,
    writes: accepted.map(({ write }) => write),
    preview: {
      exceptions: open.length,
      skipped,
      channels: new Set(open.map(({ channelId }) => channelId)).size,
      days: action === "accept" ? accepted.length : days.size,
      intervals: accepted.reduce((sum, { changed }) => sum + changed, 0),
      change: accepted.reduce((sum, { change }) => sum + change, 0),
    },
  };
}

interface AcceptedDay {
  readonly write: BlockWrite;
  readonly changed: number;
  readonly change: number;
}

/** Each touched day once, with what all its exceptions put back. */
async function acceptedDays(ledger: Ledger, exceptions: readonly QueuedException[]): Promise<AcceptedDay[]> {
  const byDay = new Map<string, { channelId: ChannelId; dayStartMs: number; spans: QueuedException[] }>();
  for (const exception of exceptions) {
    for (const dayStartMs of daysOf(exception)) {
      const key = `${exception.channelId}/${dayStartMs}`;
      const entry = byDay.get(key) ?? { channelId: exception.channelId, dayStartMs, spans: [] };
      entry.spans.push(exception);
      byDay.set(key, entry);
    }
  }
  const accepted: AcceptedDay[] = [];
  for (const { channelId, dayStartMs, spans } of byDay.values()) {
    const versions = await ledger.versions({ channelId, dayStartMs });
    const current = versions.at(-1);
    if (current === undefined) continue;
    const { block, changed } = acceptedBlock(versions, current.block, spans);
    if (changed === 0) continue;
    const change = block.values.reduce((sum, value, slot) => sum + value - (current.block.values[slot] ?? 0), 0);
    accepted.push({ write: { channelId, block, mode: "replace", expectedVersion: current.version }, changed, change });
  }
  return accepted;
}

function daysOf({ fromMs, toMs }: QueuedException): number[] {
  const days: number[] = [];
  for (let day = Math.floor(fromMs / DAY_MS) * DAY_MS; day < toMs; day += DAY_MS) days.push(day);
  return days;
}

/** A day that a decision wrote: channel, UTC midnight, version before and after. */
type WrittenDay = readonly [channelId: ChannelId, dayStartMs: number, before: number, after: number];

async function write(
  parts: Parts,
  transaction: Transaction,
  writes: readonly BlockWrite[],
  by: { author: string; note: string },
): Promise<WrittenDay[]> {
  if (writes.length === 0) return [];
  const provenanceId = await parts.ledger.provenanceId({ author: by.author, reason: by.note, source: "mass decision", ruleSet: "" });
  const outcomes = await parts.ledger.writeIn(transaction, writes, { provenanceId, knownAtMs: parts.clock.nowMs() });
  const stale = outcomes.filter(({ kind }) => kind === "superseded").length;
  // Thrown, so that what could be written is rolled back with the rest.
  if (stale > 0) throw new Superseded(stale);
  return writes.map((day, index): WrittenDay => [
    day.channelId,
    day.block.dayStartMs,
    day.expectedVersion ?? 0,
    outcomes[index]?.version ?? 0,
  ]);
}

async function undoIn(
  parts: Parts,
  transaction: Transaction,
  decisionId: string,
  by: { author: string; note: string },
): Promise<MassOutcome> {
  const { rows } = await transaction.query<{ items: readonly string[]; days: readonly WrittenDay[]; undone_at: number | null }>(
    "select items, days, undone_at from mdm.mass_decision where decision_id = $1 for update",
    [decisionId],
  );
  const [made] = rows;
  if (made === undefined) throw new UsageError(`there is no decision ${decisionId}`, { code: "decision-unknown" });
  if (made.undone_at !== null) return { kind: "repeated" };
  const before = await parts.ledger.pinned(made.days.map(([channelId, dayStartMs, version]) => ({ channelId, dayStartMs, version })));
  const afterOf = new Map(made.days.map(([channelId, dayStartMs, , after]) => [`${channelId}/${dayStartMs}`, after]));
  const writes = before.map(({ channelId, block }): BlockWrite => ({
    channelId,
    block,
    mode: "replace",
    expectedVersion: afterOf.get(`${channelId}/${block.dayStartMs}`) ?? 0,
  }));
  await write(parts, transaction, writes, by);
  const exceptions = await exceptionsById(transaction, made.items);
  const atMs = parts.clock.nowMs();
  await moveAll(transaction, exceptions, { state: "open", ...by, atMs });
  await transaction.query("update mdm.mass_decision set undone_at = $2, undone_by = $3 where decision_id = $1", [
    decisionId,
    instantParam(atMs),
    by.author,
  ]);
  const channels = new Set(exceptions.map(({ channelId }) => channelId)).size;
  return { kind: "done", preview: { exceptions: exceptions.length, skipped: [], channels, days: writes.length, intervals: 0, change: 0 } };
}

async function moveAll(
  transaction: Transaction,
  exceptions: readonly QueuedException[],
  change: { state: ExceptionState; author: string; note: string; atMs: number },
): Promise<void> {
  await transaction.query(
    `update mdm.vee_exception e set state = $3, changed_by = $4, note = $5, changed_at = $6
     from unnest($1::text[], $2::text[]) as n (meter_id, exception_id) where e.meter_id = n.meter_id and e.exception_id = n.exception_id`,
    [
      exceptions.map(({ meterId }) => meterId),
      exceptions.map(({ exceptionId }) => exceptionId),
      change.state,
      change.author,
      change.note,
      instantParam(change.atMs),
    ],
  );
}

class Superseded extends Error {
  readonly channelDays: number;

  constructor(channelDays: number) {
    super("superseded");
    this.channelDays = channelDays;
  }
}

async function settled(parts: Parts, work: (transaction: Transaction) => Promise<MassOutcome>): Promise<MassOutcome> {
  try {
    return await whileOthersWrite(() => parts.store.transaction(work));
  } catch (error) {
    if (error instanceof Superseded) return { kind: "superseded", channelDays: error.channelDays };
    throw error;
  }
}

function requireReason(note: string): void {
  if (note.trim() === "") throw new UsageError("a decision needs a reason", { code: "reason-missing", advice: "say in a few words why" });
}
