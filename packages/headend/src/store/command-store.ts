import type { CommandState, EndDeviceControl } from "@amity/model";
import type { SqlRunner, SqlValue, Store } from "@amity/store";
import { decodeCursor, encodeCursor } from "../page-cursor.ts";
import type { CommandAudit, CommandQuery, CommandRecord, Page, Registry } from "../registry.ts";

type CommandPart = Pick<Registry, "addCommand" | "command" | "moveCommand" | "approveCommand" | "commands" | "openCommands" | "audit">;

interface CommandRow {
  readonly command_id: string;
  readonly meter_id: string;
  readonly control: EndDeviceControl;
  readonly requested_by: string;
  readonly requested_ms: bigint;
  readonly expires_ms: bigint;
  readonly state: CommandState;
  readonly changed_ms: bigint;
  readonly outcome: string | null;
  readonly attempts: number;
  readonly needs_approval: boolean;
  readonly approved_by: string | null;
  readonly approval_note: string | null;
  readonly reason: string | null;
}

/** Commands and their audit trail in PostgreSQL. */
export function commandStoreOn(store: Store): CommandPart {
  return {
    addCommand: (record, audit) =>
      store.transaction(async (transaction) => {
        const { request } = record;
        const { rowCount } = await transaction.query(
          `insert into headend.command (command_id, meter_id, control, requested_by, requested_ms, expires_ms, state, changed_ms, outcome, attempts,
             needs_approval, reason)
           values ($1, $2, $3::jsonb, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing`,
          [
            request.commandId,
            request.meterId,
            JSON.stringify(request.control),
            request.requestedBy,
            Math.floor(request.requestedAtMs),
            Math.floor(request.expiresAtMs),
            record.state,
            Math.floor(record.changedAtMs),
            record.outcome ?? null,
            record.attempts,
            record.approval !== undefined,
            request.reason ?? null,
          ],
        );
        if (rowCount === 0) return false;
        await addAudit(transaction, audit);
        return true;
      }),
    async command(commandId) {
      const { rows } = await store.query<CommandRow>("select * from headend.command where command_id = $1", [commandId]);
      return rows[0] === undefined ? undefined : commandOfRow(rows[0]);
    },
    moveCommand: (from, record, audit) =>
      store.transaction(async (transaction) => {
        const { rowCount } = await transaction.query(
          "update headend.command set state = $3, changed_ms = $4, outcome = $5, attempts = $6 where command_id = $1 and state = $2",
          [record.request.commandId, from, record.state, Math.floor(record.changedAtMs), record.outcome ?? null, record.attempts],
        );
        if (rowCount === 0) return false;
        await addAudit(transaction, audit);
        return true;
      }),
    approveCommand: (commandId, { by, note }, audit) =>
      store.transaction(async (transaction) => {
        const { rowCount } = await transaction.query(
          `update headend.command set approved_by = $2, approval_note = $3
           where command_id = $1 and state = 'waiting' and needs_approval and approved_by is null`,
          [commandId, by, note],
        );
        if (rowCount === 0) return false;
        await addAudit(transaction, audit);
        return true;
      }),
    commands: (query) => queryCommands(store, query),
    async openCommands() {
      const { rows } = await store.query<CommandRow>(
        "select * from headend.command where state in ('waiting', 'dispatched', 'unknown') order by requested_ms, command_id",
      );
      return rows.map(commandOfRow);
    },
    async audit(commandId) {
      const { rows } = await store.query<{ at_ms: bigint; state: CommandState; by_whom: string; note: string }>(
        "select at_ms, state, by_whom, note from headend.command_audit where command_id = $1 order by entry",
        [commandId],
      );
      return rows.map((row) => ({ commandId, atMs: Number(row.at_ms), state: row.state, by: row.by_whom, note: row.note }));
    },
  };
}

async function addAudit(runner: SqlRunner, { commandId, atMs, state, by, note }: CommandAudit): Promise<void> {
  await runner.query("insert into headend.command_audit (command_id, at_ms, state, by_whom, note) values ($1, $2, $3, $4, $5)", [
    commandId,
    Math.floor(atMs),
    state,
    by,
    note,
  ]);
}

/** Newest first. */
async function queryCommands(store: SqlRunner, query: CommandQuery): Promise<Page<CommandRecord>> {
  const { meterId, state, limit, kind, fromMs, toMs } = query;
  const values: SqlValue[] = [meterId ?? null, state ?? null, limit + 1, kind ?? null, fromMs ?? null, toMs ?? null];
  let after = "";
  if (query.cursor !== undefined) {
    const { value, id } = decodeCursor(query.cursor);
    after = `and (-requested_ms, command_id collate "C") > ($7::bigint, $8 collate "C")`;
    values.push(value, id);
  }
  const { rows } = await store.query<CommandRow>(
    `select * from headend.command where ($1::text is null or meter_id = $1) and ($2::text is null or state = $2)
       and ($4::text is null or control ->> 'kind' = $4) and ($5::bigint is null or requested_ms >= $5)
       and ($6::bigint is null or requested_ms < $6) ${after}
     order by -requested_ms, command_id collate "C" limit $3`,
    values,
  );
  const items = rows.slice(0, query.limit).map(commandOfRow);
  const last = items.at(-1)?.request;
  const isMore = rows.length > items.length && last !== undefined;
  return { items, next: isMore ? encodeCursor({ value: -last.requestedAtMs, id: last.commandId }) : undefined };
}

function commandOfRow(row: CommandRow): CommandRecord {
  return {
    request: {
      commandId: row.command_id,
      meterId: row.meter_id,
      control: row.control,
      requestedBy: row.requested_by,
      requestedAtMs: Number(row.requested_ms),
      expiresAtMs: Number(row.expires_ms),
      ...(row.reason === null ? {} : { reason: row.reason }),
    },
    state: row.state,
    changedAtMs: Number(row.changed_ms),
    outcome: row.outcome ?? undefined,
    attempts: row.attempts,
    ...(row.needs_approval ? { approval: row.approved_by === null ? {} : { by: row.approved_by, note: row.approval_note ?? "" } } : {}),
  };
}
