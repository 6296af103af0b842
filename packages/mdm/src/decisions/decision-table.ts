import { instantParam, type SqlRunner } from "@amity/store";
import type { ExceptionState } from "../pipeline/exception-rows.ts";
import type { Decision, DecisionAsk, DecisionEffect, DecisionState } from "./decision.ts";

/** What a decision touched, kept so that it can be undone. */
export interface DecisionItems {
  readonly exceptions: readonly { readonly exceptionId: string; readonly before: ExceptionState; readonly after: ExceptionState }[];
  /** Of the meters whose days it wrote; the days themselves are in `mdm.edit`. */
  readonly meterKeys: readonly number[];
}

export interface DecisionRecord {
  readonly decision: Decision;
  readonly items: DecisionItems;
}

export interface DecisionFilter {
  readonly state?: DecisionState;
  readonly author?: string;
  readonly limit: number;
  /** Only what comes after this one in the list, newest first. */
  readonly after?: { readonly requestedAtMs: number; readonly decisionId: string };
}

const NO_ITEMS: DecisionItems = { exceptions: [], meterKeys: [] };

export async function decisionRecord(runner: SqlRunner, decisionId: string): Promise<DecisionRecord | undefined> {
  const { rows } = await runner.query<DecisionRow>(`${SELECT} where decision_id = $1`, [decisionId]);
  return rows[0] === undefined ? undefined : recordOf(rows[0]);
}

export async function listDecisions(runner: SqlRunner, filter: DecisionFilter, limitMax: number): Promise<Decision[]> {
  const { rows } = await runner.query<DecisionRow>(
    `${SELECT} where ($1::text is null or state = $1) and ($2::text is null or author = $2)
       and ($3::timestamptz is null or (requested_at, decision_id) < ($3, $4))
     order by requested_at desc, decision_id desc limit $5`,
    [
      filter.state ?? null,
      filter.author ?? null,
      filter.after === undefined ? null : instantParam(filter.after.requestedAtMs),
      filter.after?.decisionId ?? null,
      Math.min(filter.limit, limitMax),
    ],
  );
  return rows.map((row) => recordOf(row).decision);
}

/** Keeps a decision before anything is done. False where one of that id is there already. */
export async function insertDecision(
  runner: SqlRunner,
  decision: Pick<Decision, "decisionId" | "ask" | "fingerprint" | "author" | "reason" | "requestedAtMs" | "effect" | "secondPerson"> & {
    state: "running" | "waiting";
  },
): Promise<boolean> {
  const { rowCount } = await runner.query(
    `insert into mdm.decision (decision_id, ask, fingerprint, state, author, reason, requested_at, effect, second_person, undoes)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (decision_id) do nothing`,
    [
      decision.decisionId,
      JSON.stringify(decision.ask),
      decision.fingerprint,
      decision.state,
      decision.author,
      decision.reason,
      instantParam(decision.requestedAtMs),
      JSON.stringify(decision.effect),
      decision.secondPerson,
      decision.ask.kind === "undo" ? decision.ask.decisionId : null,
    ],
  );
  return rowCount === 1;
}

/** Records what a second person, or the author, said of a waiting decision. False where it waits no longer. */
export async function reviewDecision(
  runner: SqlRunner,
  decisionId: string,
  review: { state: "running" | "rejected" | "withdrawn"; by: string; note: string; atMs: number },
): Promise<boolean> {
  const { rowCount } = await runner.query(
    `update mdm.decision set state = $2, reviewed_by = $3, review_note = $4, reviewed_at = $5 where decision_id = $1 and state = 'waiting'`,
    [decisionId, review.state, review.by, review.note, instantParam(review.atMs)],
  );
  return rowCount === 1;
}

/** Marks a running decision as made. False where it runs no longer. */
export async function finishDecision(
  runner: SqlRunner,
  decisionId: string,
  made: { items: DecisionItems; effect: DecisionEffect; atMs: number; undoes: string | undefined },
): Promise<boolean> {
  const { rowCount } = await runner.query(
    "update mdm.decision set state = 'done', done_at = $2, items = $3, effect = $4 where decision_id = $1 and state = 'running'",
    [decisionId, instantParam(made.atMs), JSON.stringify(made.items), JSON.stringify(made.effect)],
  );
  if (rowCount !== 1) return false;
  if (made.undoes === undefined) return true;
  const undone = await runner.query("update mdm.decision set state = 'undone', undone_by = $2 where decision_id = $1 and state = 'done'", [
    made.undoes,
    decisionId,
  ]);
  return undone.rowCount === 1;
}

/** Ends a running decision that changed nothing. */
export async function endDecision(
  runner: SqlRunner,
  decisionId: string,
  end: { state: "superseded" | "failed"; outcome: string },
): Promise<void> {
  await runner.query("update mdm.decision set state = $2, outcome = $3 where decision_id = $1 and state = 'running'", [
    decisionId,
    end.state,
    end.outcome,
  ]);
}

/** Notes what came of a decision that is made. */
export async function noteOutcome(runner: SqlRunner, decisionId: string, outcome: string): Promise<void> {
  await runner.query("update mdm.decision set outcome = $2 where decision_id = $1 and state in ('done', 'undone')", [decisionId, outcome]);
}

/** Ends what a program left behind when it stopped in the middle: nothing of it was committed. Returns how many. */
export async function endInterrupted(runner: SqlRunner, requestedBeforeMs: number): Promise<number> {
  const { rowCount } = await runner.query(
    `update mdm.decision set state = 'failed', outcome = 'the program stopped while it was made: nothing was changed'
     where state = 'running' and requested_at < $1`,
    [instantParam(requestedBeforeMs)],
  );
  return rowCount;
}

const SELECT = `select decision_id, ask, fingerprint, state, author, reason, requested_at, effect, second_person, reviewed_by, reviewed_at,
  review_note, done_at, items, undoes, undone_by, outcome from mdm.decision`;

interface DecisionRow {
  decision_id: string;
  ask: DecisionAsk;
  fingerprint: string;
  state: DecisionState;
  author: string;
  reason: string;
  requested_at: number;
  effect: DecisionEffect;
  second_person: string;
  reviewed_by: string | null;
  reviewed_at: number | null;
  review_note: string;
  done_at: number | null;
  items: DecisionItems | readonly never[];
  undoes: string | null;
  undone_by: string | null;
  outcome: string;
}

function recordOf(row: DecisionRow): DecisionRecord {
  return {
    items: "exceptions" in row.items ? row.items : NO_ITEMS,
    decision: {
      decisionId: row.decision_id,
      ask: row.ask,
      fingerprint: row.fingerprint,
      state: row.state,
      author: row.author,
      reason: row.reason,
      requestedAtMs: row.requested_at,
      effect: row.effect,
      secondPerson: row.second_person,
      review:
        row.reviewed_by === null || row.reviewed_at === null
          ? undefined
          : { by: row.reviewed_by, atMs: row.reviewed_at, note: row.review_note },
      doneAtMs: row.done_at ?? undefined,
      undoes: row.undoes ?? undefined,
      undoneBy: row.undone_by ?? undefined,
      outcome: row.outcome,
    },
  };
}
