import { toHex } from "@amity/bytes";
import { digest } from "@amity/crypto";
import type { MeterId } from "@amity/model";
import { instantParam, type SqlRunner } from "@amity/store";

/** Why something was put aside instead of stored. */
export type LedgerExceptionKind =
  /** Readings of a meter that nobody registered, where the sink does not register by itself. */
  | "unknownMeter"
  /** Not what a series may be: its interval, start, values or lengths. */
  | "malformed"
  /** On another interval grid than what is stored for that day. */
  | "gridConflict"
  /** Differs from a value that a person set or that is final. */
  | "protected";

export interface LedgerException {
  readonly meterId: MeterId;
  readonly kind: LedgerExceptionKind;
  /** In plain words, with the numbers. */
  readonly reason: string;
  readonly source: string;
  /** The whole of what came, as JSON. */
  readonly content: string;
}

export interface StoredException extends LedgerException {
  readonly exceptionId: string;
  readonly knownAtMs: number;
}

/** Puts aside; the same content again is the same exception. */
export async function putAside(runner: SqlRunner, exceptions: readonly LedgerException[], knownAtMs: number): Promise<void> {
  await runner.query(
    `insert into mdm.ledger_exception (meter_id, exception_id, kind, reason, source, content, known_at)
     select meter_id, exception_id, kind, reason, source, content, $7
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[])
       as n (meter_id, exception_id, kind, reason, source, content)
     order by 1, 2
     on conflict do nothing`,
    [
      exceptions.map((exception) => exception.meterId),
      exceptions.map(({ kind, content }) => toHex(digest("sha256", new TextEncoder().encode(`${kind}\n${content}`)))),
      exceptions.map((exception) => exception.kind),
      exceptions.map((exception) => exception.reason),
      exceptions.map((exception) => exception.source),
      exceptions.map((exception) => exception.content),
      instantParam(knownAtMs),
    ],
  );
}

/** What waits for a decision, oldest first. */
export async function openExceptions(runner: SqlRunner, limit: number): Promise<StoredException[]> {
  const { rows } = await runner.query<{
    meter_id: string;
    exception_id: string;
    kind: LedgerExceptionKind;
    reason: string;
    source: string;
    content: string;
    known_at: number;
  }>(
    `select meter_id, exception_id, kind, reason, source, content::text as content, known_at
     from mdm.ledger_exception where resolved_at is null order by known_at, meter_id, exception_id limit $1`,
    [limit],
  );
  return rows.map((row) => ({
    meterId: row.meter_id,
    exceptionId: row.exception_id,
    kind: row.kind,
    reason: row.reason,
    source: row.source,
    content: row.content,
    knownAtMs: row.known_at,
  }));
}

/** Records what was decided. False if it was open no longer. */
export async function resolveException(
  runner: SqlRunner,
  exception: { meterId: MeterId; exceptionId: string },
  decision: { resolution: string; nowMs: number },
): Promise<boolean> {
  const { rowCount } = await runner.query(
    `update mdm.ledger_exception set resolved_at = $3, resolution = $4
     where meter_id = $1 and exception_id = $2 and resolved_at is null`,
    [exception.meterId, exception.exceptionId, instantParam(decision.nowMs), decision.resolution],
  );
  return rowCount === 1;
}
