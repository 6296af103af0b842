import type { IntervalBlock } from "@amity/intervals";
import type { SqlRunner } from "@amity/store";
import { versionsOf, type BlockKey } from "../ledger/block-table.ts";
import { channelNoOf, dayNumberOf, meterKeyOf } from "../ledger/channel-id.ts";

/** A version of a channel's UTC day with everything that an auditor asks. */
export interface DayVersion {
  readonly version: number;
  readonly knownAtMs: number;
  readonly author: string;
  readonly reason: string;
  readonly source: string;
  readonly ruleSet: string;
  /** The decision that made it, who approved that, and what it undid. */
  readonly decisionId: string | undefined;
  readonly approvedBy: string | undefined;
  readonly undoes: string | undefined;
  readonly block: IntervalBlock;
}

/** Every version of a channel's day, oldest first. */
export async function dayVersions(runner: SqlRunner, key: BlockKey): Promise<DayVersion[]> {
  const [stored, about] = await Promise.all([versionsOf(runner, key), provenanceOf(runner, key)]);
  const byVersion = new Map(about.map((row) => [row.version, row]));
  return stored.map(({ version, knownAtMs, block }) => {
    const row = byVersion.get(version);
    return {
      version,
      knownAtMs,
      author: row?.author ?? "",
      reason: row?.reason ?? "",
      source: row?.source ?? "",
      ruleSet: row?.rule_set ?? "",
      decisionId: row?.edit_id ?? undefined,
      approvedBy: row?.approved_by ?? undefined,
      undoes: row?.undoes_edit_id ?? undefined,
      block,
    };
  });
}

interface Row {
  version: number;
  author: string;
  reason: string;
  source: string;
  rule_set: string;
  edit_id: string | null;
  approved_by: string | null;
  undoes_edit_id: string | null;
}

async function provenanceOf(runner: SqlRunner, { channelId, dayStartMs }: BlockKey): Promise<readonly Row[]> {
  const { rows } = await runner.query<Row>(
    `select b.version, p.author, p.reason, p.source, p.rule_set, e.edit_id, e.approved_by, e.undoes_edit_id
     from mdm.interval_block b join mdm.provenance p using (provenance_id)
     left join mdm.edit e on e.meter_key = b.meter_key and e.channel_no = b.channel_no and e.day = b.day and e.version_after = b.version
       and e.version_after <> e.version_before
     where b.meter_key = $1 and b.channel_no = $2 and b.day = date '1970-01-01' + $3::integer order by b.version`,
    [meterKeyOf(channelId), channelNoOf(channelId), dayNumberOf(dayStartMs)],
  );
  return rows;
}
