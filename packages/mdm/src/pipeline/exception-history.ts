import type { MeterId } from "@amity/model";
import { instantParam, type SqlRunner } from "@amity/store";
import type { ExceptionState } from "./exception-rows.ts";

/** `settled`: validation closed it by itself, because later readings or events explain it. */
export type ExceptionEventKind = "raised" | "assigned" | "decided" | "reopened" | "settled";

/** One step in the life of an exception; steps are only ever added. */
export interface ExceptionEvent {
  readonly atMs: number;
  readonly kind: ExceptionEventKind;
  /** The state from then on. */
  readonly state: ExceptionState;
  readonly by: string;
  readonly note: string;
  readonly decisionId: string | undefined;
}

/** Steps of one exception that are given back. */
const EVENTS_MAX = 500;

/** Every step of an exception, oldest first. */
export async function exceptionHistory(runner: SqlRunner, exception: { meterId: MeterId; exceptionId: string }): Promise<ExceptionEvent[]> {
  const { rows } = await runner.query<{
    happened_at: number;
    kind: ExceptionEventKind;
    state: ExceptionState;
    by_whom: string;
    note: string;
    decision_id: string | null;
  }>(
    `select happened_at, kind, state, by_whom, note, decision_id from mdm.vee_exception_event
     where meter_id = $1 and exception_id = $2 order by event_no limit $3`,
    [exception.meterId, exception.exceptionId, EVENTS_MAX],
  );
  return rows.map((row) => ({
    atMs: row.happened_at,
    kind: row.kind,
    state: row.state,
    by: row.by_whom,
    note: row.note,
    decisionId: row.decision_id ?? undefined,
  }));
}

/** A change of state that a person's decision makes. */
export interface ExceptionMove {
  readonly meterId: MeterId;
  readonly exceptionId: string;
  readonly before: ExceptionState;
  readonly after: ExceptionState;
}

/**
 * Moves exceptions on in a decision's name and records each step. Returns how many moved: fewer than asked where the state of
 * one was no longer `before`.
 */
export async function moveExceptions(
  runner: SqlRunner,
  moves: readonly ExceptionMove[],
  by: { author: string; note: string; decisionId: string; atMs: number },
): Promise<number> {
  if (moves.length === 0) return 0;
  const { rowCount } = await runner.query(MOVE, [
    moves.map(({ meterId }) => meterId),
    moves.map(({ exceptionId }) => exceptionId),
    moves.map(({ before }) => before),
    moves.map(({ after }) => after),
    by.author,
    by.note,
    instantParam(by.atMs),
    by.decisionId,
  ]);
  return rowCount;
}

const MOVE = `
with moved as (
  update mdm.vee_exception e set state = n.after, changed_by = $5, note = $6, changed_at = $7,
    decision_id = case when n.after = 'open' then null else $8 end
  from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as n (meter_id, exception_id, before, after)
  where e.meter_id = n.meter_id and e.exception_id = n.exception_id and e.state = n.before
  returning e.meter_id, e.exception_id, e.state
)
insert into mdm.vee_exception_event (meter_id, exception_id, happened_at, kind, state, by_whom, note, decision_id)
select meter_id, exception_id, $7, case when state = 'open' then 'reopened' else 'decided' end, state, $5, $6, $8 from moved`;
