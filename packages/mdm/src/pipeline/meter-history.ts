import type { MeterId } from "@amity/model";
import { instantParam, type SqlRunner } from "@amity/store";

/** One write to a meter's channels: which days, by whom, why. */
export interface LedgerChange {
  readonly knownAtMs: number;
  readonly author: string;
  readonly reason: string;
  readonly source: string;
  readonly ruleSet: string;
  /** Channel days that got a version. */
  readonly blocks: number;
  /** UTC midnights of the first and the last day. */
  readonly fromDayMs: number;
  readonly toDayMs: number;
}

/** What was written to a meter's intervals, newest first: at most `limit` writes of `[fromMs, toMs)`. */
export async function changesOf(
  runner: SqlRunner,
  ask: { meterId: MeterId; fromMs: number; toMs: number; limit: number },
): Promise<LedgerChange[]> {
  const { rows } = await runner.query<{
    known_at: number;
    author: string;
    reason: string;
    source: string;
    rule_set: string;
    blocks: number;
    from_day: number;
    to_day: number;
  }>(
    `select b.known_at, p.author, p.reason, p.source, p.rule_set, count(*)::integer as blocks,
       min(b.day) - date '1970-01-01' as from_day, max(b.day) - date '1970-01-01' as to_day
     from mdm.meter m join mdm.interval_block b on b.meter_key = m.meter_key join mdm.provenance p using (provenance_id)
     where m.meter_id = $1 and b.known_at >= $2 and b.known_at < $3
     group by b.known_at, p.provenance_id order by b.known_at desc, p.provenance_id limit $4`,
    [ask.meterId, instantParam(ask.fromMs), instantParam(ask.toMs), ask.limit],
  );
  return rows.map((row) => ({
    knownAtMs: row.known_at,
    author: row.author,
    reason: row.reason,
    source: row.source,
    ruleSet: row.rule_set,
    blocks: row.blocks,
    fromDayMs: row.from_day * 86_400_000,
    toDayMs: row.to_day * 86_400_000,
  }));
}

/** Open exceptions by meter. */
export async function openExceptionsByMeter(runner: SqlRunner): Promise<Map<MeterId, number>> {
  const { rows } = await runner.query<{ meter_id: string; count: bigint }>(
    "select meter_id, count(*) as count from mdm.vee_exception where state = 'open' group by meter_id",
  );
  return new Map(rows.map((row) => [row.meter_id, Number(row.count)]));
}
