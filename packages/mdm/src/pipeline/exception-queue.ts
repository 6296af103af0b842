import { UsageError } from "@amity/bytes";
import { digest } from "@amity/crypto";
import type { MeterId } from "@amity/model";
import type { Clock } from "@amity/runtime";
import { instantParam, type Store } from "@amity/store";
import type { ChannelId } from "../ledger/channel-id.ts";
import type { Finding, Severity } from "../vee/finding.ts";
import { exceptionHistory, type ExceptionEvent } from "./exception-history.ts";
import {
  exceptionOf,
  SELECT_EXCEPTIONS,
  type ExceptionRow,
  type ExceptionState,
  type FindingEstimate,
  type QueuedException,
} from "./exception-rows.ts";

export interface RaisedFinding {
  readonly meterId: MeterId;
  readonly channelId: ChannelId;
  readonly channel: string;
  readonly finding: Finding;
  readonly estimate: FindingEstimate | undefined;
  /** See `QueuedException.inQuestion`. */
  readonly inQuestion?: number;
}

/** A run of a channel's time in which every value is measured and valid, or a person's. */
export interface SoundSpan {
  readonly channelId: ChannelId;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface ExceptionFilter {
  readonly state?: ExceptionState;
  readonly meterId?: MeterId;
  /** Only of these meters: those of a feeder, for one. */
  readonly meterIds?: readonly MeterId[];
  readonly ruleId?: string;
  readonly severity?: Severity;
  /** A person's name; empty for what is assigned to nobody. */
  readonly assignedTo?: string;
  /** Of usage points of this commodity; a meter that stands nowhere counts as electricity. */
  readonly commodity?: string;
  readonly limit: number;
  /** Only what comes after this one in the list (newest first): `raisedAtMs` and id of the last one seen. */
  readonly after?: { readonly raisedAtMs: number; readonly exceptionId: string };
}

/** The analysts' work queue. */
export interface ExceptionQueue {
  /**
   * Records findings; one found before is brought up to date, its state stays, but what a known loss of supply explains by now
   * is closed. Findings of severity `info` are kept, not queued. What stands open, lies within a run of sound values and was
   * not found again is settled: later readings made it good.
   */
  raise(findings: readonly RaisedFinding[], sound?: readonly SoundSpan[]): Promise<void>;
  list(filter: ExceptionFilter): Promise<QueuedException[]>;
  find(exceptionId: string): Promise<QueuedException | undefined>;
  /** Every step of an exception, oldest first; empty where there is no such exception. */
  history(exceptionId: string): Promise<ExceptionEvent[]>;
  counts(): Promise<{ open: number; byRule: { ruleId: string; count: number }[] }>;
  /**
   * Gives open exceptions to a person, or to nobody (`undefined`). Returns how many changed hands: those that are closed, and
   * those that were theirs already, do not. @throws UsageError `limit`.
   */
  assign(exceptionIds: readonly string[], assignment: { to: string | undefined; by: string }): Promise<number>;
  /** Puts one that validation closed by itself before a person again. `undefined` where there is no such exception. @throws UsageError `reason-missing`. */
  reopen(exceptionId: string, by: { author: string; note: string }): Promise<QueuedException | undefined>;
}

/** Exceptions that one list gives. */
export const EXCEPTION_LIST_MAX = 20_000;
/** Exceptions that one call assigns. */
const ASSIGN_MAX = 5000;

export function createExceptionQueue(store: Store, clock: Pick<Clock, "nowMs">): ExceptionQueue {
  const find = async (exceptionId: string): Promise<QueuedException | undefined> => {
    const { rows } = await store.query<ExceptionRow>(`${SELECT_EXCEPTIONS} where exception_id = $1`, [exceptionId]);
    return rows[0] === undefined ? undefined : exceptionOf(rows[0]);
  };
  return {
    find,
    raise: (findings, sound = []) => raise(store, findings, { sound, nowMs: clock.nowMs() }),
    async list(filter) {
      const { rows } = await store.query<ExceptionRow>(LIST, listValues(filter));
      return rows.map(exceptionOf);
    },
    async history(exceptionId) {
      const exception = await find(exceptionId);
      return exception === undefined ? [] : exceptionHistory(store, exception);
    },
    async counts() {
      const { rows } = await store.query<{ rule_id: string; count: bigint }>(
        "select rule_id, count(*) as count from mdm.vee_exception where state = 'open' group by rule_id order by 2 desc",
      );
      const byRule = rows.map((row) => ({ ruleId: row.rule_id, count: Number(row.count) }));
      return { open: byRule.reduce((sum, rule) => sum + rule.count, 0), byRule };
    },
    async assign(exceptionIds, { to, by }) {
      if (exceptionIds.length > ASSIGN_MAX)
        throw new UsageError(`${exceptionIds.length} exceptions exceed ${ASSIGN_MAX}`, { code: "limit", advice: "assign them in parts" });
      const { rowCount } = await store.query(ASSIGN, [exceptionIds, to ?? null, by, instantParam(clock.nowMs())]);
      return rowCount;
    },
    async reopen(exceptionId, { author, note }) {
      if (note.trim() === "")
        throw new UsageError("reopening needs a reason", { code: "reason-missing", advice: "say in a few words why" });
      await store.query(REOPEN, [exceptionId, author, note, instantParam(clock.nowMs())]);
      return find(exceptionId);
    },
  };
}

async function raise(
  store: Store,
  findings: readonly RaisedFinding[],
  { sound, nowMs }: { sound: readonly SoundSpan[]; nowMs: number },
): Promise<void> {
  if (findings.length === 0 && sound.length === 0) return;
  const unique = [...new Map(findings.map((raised) => [exceptionIdOf(raised), raised])).entries()].toSorted(([left], [right]) =>
    left < right ? -1 : 1,
  );
  await store.query(SETTLE, [
    sound.map(({ channelId }) => channelId),
    sound.map(({ fromMs }) => instantParam(fromMs)),
    sound.map(({ toMs }) => instantParam(toMs)),
    unique.map(([id]) => id),
    instantParam(nowMs),
  ]);
  if (unique.length === 0) return;
  const records = JSON.stringify(unique.map(([id, raised]) => recordOf(id, raised)));
  await store.query(RAISE, [records, instantParam(nowMs)]);
}

function listValues(filter: ExceptionFilter) {
  return [
    filter.state ?? null,
    filter.meterId ?? null,
    filter.ruleId ?? null,
    filter.after === undefined ? null : instantParam(filter.after.raisedAtMs),
    filter.after?.exceptionId ?? null,
    Math.min(filter.limit, EXCEPTION_LIST_MAX),
    filter.meterIds ?? null,
    filter.severity ?? null,
    filter.assignedTo ?? null,
    filter.commodity ?? null,
  ];
}

const LIST = `${SELECT_EXCEPTIONS} e
where ($1::text is null or state = $1) and ($2::text is null or meter_id = $2) and ($3::text is null or rule_id = $3)
  and ($4::timestamptz is null or (raised_at, exception_id) < ($4, $5))
  and ($1::text is not null or severity <> 'info')
  and ($7::text[] is null or meter_id = any ($7)) and ($8::text is null or severity = $8)
  and ($9::text is null or coalesce(assigned_to, '') = $9)
  and ($10::text is null or $10 = coalesce((
    select p.commodity from mdm.meter m join mdm.meter_installation i on i.meter_key = m.meter_key
    join mdm.usage_point p on p.usage_point_id = i.usage_point_id
    where m.meter_id = e.meter_id order by i.installed_at desc limit 1), 'electricity'))
order by raised_at desc, exception_id desc limit $6`;

/** The same channel, rule and first interval is the same finding. */
function exceptionIdOf({ channelId, finding }: RaisedFinding): string {
  const hash = digest("sha256", new TextEncoder().encode(`${channelId}\n${finding.ruleId}\n${finding.fromMs}`));
  return Array.from(hash.subarray(0, 10), (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** What the machine settled by itself needs nobody: notes, and gaps that a known loss of supply explains. */
function firstState({ finding, estimate }: RaisedFinding): ExceptionState {
  if (finding.severity === "info") return "accepted";
  return finding.kind === "gap" && estimate?.outcome === "zero" ? "estimated" : "open";
}

function recordOf(exceptionId: string, raised: RaisedFinding): Record<string, unknown> {
  const { finding } = raised;
  return {
    meter_id: raised.meterId,
    exception_id: exceptionId,
    channel_id: raised.channelId,
    channel: raised.channel,
    rule_id: finding.ruleId,
    rule_kind: finding.kind,
    rule_set: finding.ruleSetId,
    rule_set_version: finding.ruleSetVersion,
    parameters: finding.parameters,
    severity: finding.severity,
    from_at: new Date(finding.fromMs).toISOString(),
    to_at: new Date(finding.toMs).toISOString(),
    numbers: finding.numbers,
    reason: finding.reason,
    estimate: raised.estimate ?? null,
    in_question: raised.inQuestion ?? null,
    state: firstState(raised),
    settled_because: raised.estimate?.outcome === "zero" ? raised.estimate.reason : "",
  };
}

const SETTLE = `
with settled as (
  update mdm.vee_exception e set state = 'dismissed', changed_by = 'vee', changed_at = $5, note = 'not found again: later readings made it good'
  from unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) as r (channel_id, from_at, to_at)
  where e.channel_id = r.channel_id and e.state = 'open' and e.from_at >= r.from_at and e.to_at <= r.to_at and e.exception_id <> all ($4::text[])
  returning e.meter_id, e.exception_id, e.note
)
insert into mdm.vee_exception_event (meter_id, exception_id, happened_at, kind, state, by_whom, note)
select meter_id, exception_id, $5, 'settled', 'dismissed', 'vee', note from settled`;

/** One statement: what was open before and is settled by what is known now is told from what is new by looking before the write. */
const RAISE = `
with n as (
  select * from jsonb_to_recordset($1::jsonb) as n (meter_id text, exception_id text, channel_id bigint, channel text, rule_id text,
    rule_kind text, rule_set text, rule_set_version integer, parameters jsonb, severity text, from_at timestamptz, to_at timestamptz,
    numbers jsonb, reason text, estimate jsonb, in_question bigint, state text, settled_because text)
), before as (
  select e.meter_id, e.exception_id, e.state from mdm.vee_exception e join n using (meter_id, exception_id)
), written as (
  insert into mdm.vee_exception as known (meter_id, exception_id, channel_id, channel, rule_id, rule_kind, rule_set, rule_set_version,
    parameters, severity, from_at, to_at, numbers, reason, estimate, in_question, state, raised_at, changed_at, changed_by)
  select meter_id, exception_id, channel_id, channel, rule_id, rule_kind, rule_set, rule_set_version,
    parameters, severity, from_at, to_at, numbers, reason, estimate, in_question, state, $2, $2, 'vee' from n
  on conflict (meter_id, exception_id) do update set to_at = excluded.to_at, numbers = excluded.numbers, reason = excluded.reason,
    estimate = coalesce(excluded.estimate, known.estimate), rule_set_version = excluded.rule_set_version, parameters = excluded.parameters,
    in_question = coalesce(excluded.in_question, known.in_question),
    state = case when known.state = 'open' and excluded.state = 'estimated' then 'estimated' else known.state end,
    note = case when known.state = 'open' and excluded.state = 'estimated' then 'explained: ' || (excluded.estimate ->> 'reason') else known.note end,
    changed_at = case when known.state = 'open' and excluded.state = 'estimated' then excluded.changed_at else known.changed_at end,
    changed_by = case when known.state = 'open' and excluded.state = 'estimated' then 'vee' else known.changed_by end
  where (known.to_at, known.numbers, known.reason) is distinct from (excluded.to_at, excluded.numbers, excluded.reason)
    or (excluded.estimate is not null and known.estimate is distinct from excluded.estimate)
    or (known.state = 'open' and excluded.state = 'estimated')
  returning meter_id, exception_id, state, note
)
insert into mdm.vee_exception_event (meter_id, exception_id, happened_at, kind, state, by_whom, note)
select w.meter_id, w.exception_id, $2, case when b.state is null then 'raised' else 'settled' end, w.state, 'vee',
  case when b.state is null then n.reason || case when n.settled_because = '' then '' else '; ' || n.settled_because end else w.note end
from written w join n using (meter_id, exception_id) left join before b using (meter_id, exception_id)
where b.state is distinct from w.state`;

const ASSIGN = `
with given as (
  update mdm.vee_exception set assigned_to = $2
  where exception_id = any ($1::text[]) and state = 'open' and assigned_to is distinct from $2
  returning meter_id, exception_id, state
)
insert into mdm.vee_exception_event (meter_id, exception_id, happened_at, kind, state, by_whom, note)
select meter_id, exception_id, $4, 'assigned', state, $3, case when $2::text is null then 'to nobody' else 'to ' || $2 end from given`;

const REOPEN = `
with reopened as (
  update mdm.vee_exception set state = 'open', changed_by = $2, note = $3, changed_at = $4
  where exception_id = $1 and state <> 'open' and decision_id is null
  returning meter_id, exception_id
)
insert into mdm.vee_exception_event (meter_id, exception_id, happened_at, kind, state, by_whom, note)
select meter_id, exception_id, $4, 'reopened', 'open', $2, $3 from reopened`;
