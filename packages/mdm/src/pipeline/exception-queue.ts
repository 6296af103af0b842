import { UsageError } from "@amity/bytes";
import { digest } from "@amity/crypto";
import type { MeterId } from "@amity/model";
import type { Clock } from "@amity/runtime";
import { instantParam, type SqlRunner, type Store } from "@amity/store";
import type { ChannelId } from "../ledger/channel-id.ts";
import type { Finding, Severity } from "../vee/finding.ts";

/** What estimation did about a finding's intervals. */
export interface FindingEstimate {
  readonly outcome: string;
  readonly method: string;
  readonly reason: string;
  readonly numbers: Readonly<Record<string, number>>;
  /** How far the estimates may be off; absent where nothing was guessed. */
  readonly errorBar?: ErrorBar;
}

/** One standard error for each interval from `fromMs` on, in the channel's counts; 0 for what was measured. */
export interface ErrorBar {
  readonly fromMs: number;
  readonly intervalSeconds: number;
  readonly standardErrors: readonly number[];
}

export interface RaisedFinding {
  readonly meterId: MeterId;
  readonly channelId: ChannelId;
  readonly channel: string;
  readonly finding: Finding;
  readonly estimate: FindingEstimate | undefined;
}

/** A run of a channel's time in which every value is measured and valid, or a person's. */
export interface SoundSpan {
  readonly channelId: ChannelId;
  readonly fromMs: number;
  readonly toMs: number;
}

export type ExceptionState = "open" | "accepted" | "estimated" | "dismissed";

/** A finding in the work queue, with everything that is needed to say why. */
export interface QueuedException {
  readonly exceptionId: string;
  readonly meterId: MeterId;
  readonly channelId: ChannelId;
  readonly channel: string;
  readonly ruleId: string;
  readonly ruleKind: string;
  readonly ruleSet: string;
  readonly ruleSetVersion: number;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly severity: Severity;
  readonly fromMs: number;
  readonly toMs: number;
  readonly numbers: Readonly<Record<string, number>>;
  readonly reason: string;
  readonly estimate: FindingEstimate | undefined;
  readonly state: ExceptionState;
  readonly raisedAtMs: number;
  readonly changedAtMs: number;
  readonly changedBy: string;
  readonly note: string;
  readonly assignedTo: string | undefined;
}

export interface ExceptionFilter {
  readonly state?: ExceptionState;
  readonly meterId?: MeterId;
  readonly ruleId?: string;
  readonly limit: number;
  /** Only what comes after this one in the list (newest first): `raisedAtMs` and id of the last one seen. */
  readonly after?: { readonly raisedAtMs: number; readonly exceptionId: string };
}

/** The analysts' work queue. */
export interface ExceptionQueue {
  /**
   * Records findings; one found before is brought up to date, its state stays. Findings of severity `info` are kept, not queued.
   * What stands open, lies within a run of sound values and was not found again is settled: later readings made it good.
   */
  raise(findings: readonly RaisedFinding[], sound?: readonly SoundSpan[]): Promise<void>;
  list(filter: ExceptionFilter): Promise<QueuedException[]>;
  find(exceptionId: string): Promise<QueuedException | undefined>;
  counts(): Promise<{ open: number; byRule: { ruleId: string; count: number }[] }>;
  /** Moves an exception on. `undefined` where there is none. @throws UsageError `reason-missing` when a closed one is given no reason. */
  move(exceptionId: string, change: { state: ExceptionState; by: string; note: string }): Promise<QueuedException | undefined>;
}

const LIST_MAX = 1000;

export function createExceptionQueue(store: Store, clock: Pick<Clock, "nowMs">): ExceptionQueue {
  const find = async (exceptionId: string): Promise<QueuedException | undefined> => {
    const { rows } = await store.query<Row>(`${SELECT} where exception_id = $1`, [exceptionId]);
    return rows[0] === undefined ? undefined : exceptionOf(rows[0]);
  };
  return {
    find,
    async raise(findings, sound = []) {
      if (findings.length === 0 && sound.length === 0) return;
      const unique = [...new Map(findings.map((raised) => [exceptionIdOf(raised), raised])).entries()].toSorted(([left], [right]) =>
        left < right ? -1 : 1,
      );
      await store.query(SETTLE, [
        sound.map(({ channelId }) => channelId),
        sound.map(({ fromMs }) => instantParam(fromMs)),
        sound.map(({ toMs }) => instantParam(toMs)),
        unique.map(([id]) => id),
        instantParam(clock.nowMs()),
      ]);
      if (unique.length === 0) return;
      await store.query(INSERT, [JSON.stringify(unique.map(([id, raised]) => recordOf(id, raised))), instantParam(clock.nowMs())]);
    },
    async list(filter) {
      const { rows } = await store.query<Row>(
        `${SELECT}
         where ($1::text is null or state = $1) and ($2::text is null or meter_id = $2) and ($3::text is null or rule_id = $3)
           and ($4::timestamptz is null or (raised_at, exception_id) < ($4, $5))
           and ($1::text is not null or severity <> 'info')
         order by raised_at desc, exception_id desc limit $6`,
        [
          filter.state ?? null,
          filter.meterId ?? null,
          filter.ruleId ?? null,
          filter.after === undefined ? null : instantParam(filter.after.raisedAtMs),
          filter.after?.exceptionId ?? null,
          Math.min(filter.limit, LIST_MAX),
        ],
      );
      return rows.map(exceptionOf);
    },
    async counts() {
      const { rows } = await store.query<{ rule_id: string; count: bigint }>(
        "select rule_id, count(*) as count from mdm.vee_exception where state = 'open' group by rule_id order by 2 desc",
      );
      const byRule = rows.map((row) => ({ ruleId: row.rule_id, count: Number(row.count) }));
      return { open: byRule.reduce((sum, rule) => sum + rule.count, 0), byRule };
    },
    async move(exceptionId, { state, by, note }) {
      if (state !== "open" && by !== "vee" && note.trim() === "") {
        throw new UsageError("a decision needs a reason", { code: "reason-missing", advice: "say in a few words why" });
      }
      await store.query("update mdm.vee_exception set state = $2, changed_by = $3, note = $4, changed_at = $5 where exception_id = $1", [
        exceptionId,
        state,
        by,
        note,
        instantParam(clock.nowMs()),
      ]);
      return find(exceptionId);
    },
  };
}

/** Exceptions by their ids, in no promised order; unknown ids are left out. */
export async function exceptionsById(runner: SqlRunner, exceptionIds: readonly string[]): Promise<QueuedException[]> {
  const { rows } = await runner.query<Row>(`${SELECT} where exception_id = any ($1::text[])`, [exceptionIds]);
  return rows.map(exceptionOf);
}

/** The same channel, rule and first interval is the same finding. */
function exceptionIdOf({ channelId, finding }: RaisedFinding): string {
  const hash = digest("sha256", new TextEncoder().encode(`${channelId}\n${finding.ruleId}\n${finding.fromMs}`));
  return Array.from(hash.subarray(0, 10), (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** What the machine settled by itself needs nobody: notes, and what was estimated. */
function firstState({ finding, estimate }: RaisedFinding): ExceptionState {
  if (finding.severity === "info") return "accepted";
  const settled = estimate !== undefined && ["estimated", "zero", "scaled"].includes(estimate.outcome);
  return settled && finding.kind === "gap" && estimate.outcome === "zero" ? "estimated" : "open";
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
    state: firstState(raised),
  };
}

const SETTLE = `
update mdm.vee_exception e set state = 'dismissed', changed_by = 'vee', changed_at = $5, note = 'not found again: later readings made it good'
from unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) as r (channel_id, from_at, to_at)
where e.channel_id = r.channel_id and e.state = 'open' and e.from_at >= r.from_at and e.to_at <= r.to_at and e.exception_id <> all ($4::text[])`;

const INSERT = `
insert into mdm.vee_exception as known (meter_id, exception_id, channel_id, channel, rule_id, rule_kind, rule_set, rule_set_version, parameters,
  severity, from_at, to_at, numbers, reason, estimate, state, raised_at, changed_at, changed_by)
select n.meter_id, n.exception_id, n.channel_id, n.channel, n.rule_id, n.rule_kind, n.rule_set, n.rule_set_version, n.parameters,
  n.severity, n.from_at, n.to_at, n.numbers, n.reason, n.estimate, n.state, $2, $2, 'vee'
from jsonb_to_recordset($1::jsonb) as n (meter_id text, exception_id text, channel_id bigint, channel text, rule_id text, rule_kind text,
  rule_set text, rule_set_version integer, parameters jsonb, severity text, from_at timestamptz, to_at timestamptz, numbers jsonb, reason text,
  estimate jsonb, state text)
on conflict (meter_id, exception_id) do update set to_at = excluded.to_at, numbers = excluded.numbers, reason = excluded.reason,
  estimate = coalesce(excluded.estimate, known.estimate), rule_set_version = excluded.rule_set_version, parameters = excluded.parameters
where (known.to_at, known.numbers, known.reason) is distinct from (excluded.to_at, excluded.numbers, excluded.reason)
  or (excluded.estimate is not null and known.estimate is distinct from excluded.estimate)`;

const SELECT = `select meter_id, exception_id, channel_id, channel, rule_id, rule_kind, rule_set, rule_set_version, parameters, severity, from_at, to_at,
  numbers, reason, estimate, state, raised_at, changed_at, changed_by, note, assigned_to from mdm.vee_exception`;

interface Row {
  meter_id: string;
  exception_id: string;
  channel_id: bigint;
  channel: string;
  rule_id: string;
  rule_kind: string;
  rule_set: string;
  rule_set_version: number;
  parameters: Record<string, unknown>;
  severity: Severity;
  from_at: number;
  to_at: number;
  numbers: Record<string, number>;
  reason: string;
  estimate: FindingEstimate | null;
  state: ExceptionState;
  raised_at: number;
  changed_at: number;
  changed_by: string;
  note: string;
  assigned_to: string | null;
}

function exceptionOf(row: Row): QueuedException {
  return {
    exceptionId: row.exception_id,
    meterId: row.meter_id,
    channelId: Number(row.channel_id),
    channel: row.channel,
    ruleId: row.rule_id,
    ruleKind: row.rule_kind,
    ruleSet: row.rule_set,
    ruleSetVersion: row.rule_set_version,
    parameters: row.parameters,
    severity: row.severity,
    fromMs: row.from_at,
    toMs: row.to_at,
    numbers: row.numbers,
    reason: row.reason,
    estimate: row.estimate ?? undefined,
    state: row.state,
    raisedAtMs: row.raised_at,
    changedAtMs: row.changed_at,
    changedBy: row.changed_by,
    note: row.note,
    assignedTo: row.assigned_to ?? undefined,
  };
}
