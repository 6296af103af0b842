import type { MeterId } from "@amity/model";
import type { SqlRunner } from "@amity/store";
import type { ChannelId } from "../ledger/channel-id.ts";
import type { Severity } from "../vee/finding.ts";

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

export const EXCEPTION_STATES = ["open", "accepted", "estimated", "edited", "dismissed"] as const;
export type ExceptionState = (typeof EXCEPTION_STATES)[number];

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
  /**
   * What is in question, in the channel's counts: by how much estimation changed the intervals, or all that they hold where it
   * changed nothing. `undefined` where nobody reckoned it.
   */
  readonly inQuestion: number | undefined;
  readonly state: ExceptionState;
  readonly raisedAtMs: number;
  readonly changedAtMs: number;
  readonly changedBy: string;
  readonly note: string;
  readonly assignedTo: string | undefined;
  /** The decision that closed it; `undefined` while it is open, and where validation closed it by itself. */
  readonly decisionId: string | undefined;
}

export const SELECT_EXCEPTIONS = `select meter_id, exception_id, channel_id, channel, rule_id, rule_kind, rule_set, rule_set_version, parameters,
  severity, from_at, to_at, numbers, reason, estimate, in_question, state, raised_at, changed_at, changed_by, note, assigned_to, decision_id
  from mdm.vee_exception`;

export interface ExceptionRow {
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
  in_question: bigint | null;
  state: ExceptionState;
  raised_at: number;
  changed_at: number;
  changed_by: string;
  note: string;
  assigned_to: string | null;
  decision_id: string | null;
}

export function exceptionOf(row: ExceptionRow): QueuedException {
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
    inQuestion: row.in_question === null ? undefined : Number(row.in_question),
    state: row.state,
    raisedAtMs: row.raised_at,
    changedAtMs: row.changed_at,
    changedBy: row.changed_by,
    note: row.note,
    assignedTo: row.assigned_to ?? undefined,
    decisionId: row.decision_id ?? undefined,
  };
}

/** Exceptions by their ids, in no promised order; unknown ids are left out. */
export async function exceptionsById(runner: SqlRunner, exceptionIds: readonly string[]): Promise<QueuedException[]> {
  const { rows } = await runner.query<ExceptionRow>(`${SELECT_EXCEPTIONS} where exception_id = any ($1::text[])`, [exceptionIds]);
  return rows.map(exceptionOf);
}
