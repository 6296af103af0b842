import { SecurityError, UsageError } from "@amity/bytes";
import { DAY_MS, emptyBlock, type IntervalBlock } from "@amity/intervals";
import type { Clock } from "@amity/runtime";
import { instantParam, type Store, type Transaction } from "@amity/store";
import { channelIdOf, channelNoOf, meterKeyOf, type ChannelId } from "./channel-id.ts";
import { versionsOf, readPinned } from "./block-table.ts";
import { whileOthersWrite, type Ledger } from "./ledger.ts";

/** Who changes something, and why. */
export interface EditWarrant {
  /** Chosen by the requester: the same id again is the same edit. */
  readonly editId: string;
  readonly author: string;
  /** Never empty. */
  readonly reason: string;
  /** The second person, where one is needed. */
  readonly approvedBy?: string;
}

export interface EditedDay {
  readonly channelId: ChannelId;
  /** The day as it shall be; its changed slots carry the qualities that say so. */
  readonly block: IntervalBlock;
  /** The version that the editor saw (0: none). */
  readonly expectedVersion: number;
}

export type EditOutcome =
  | { readonly kind: "done"; readonly days: readonly { channelId: ChannelId; dayStartMs: number; version: number }[] }
  /** This edit was made before; nothing was done now. */
  | { readonly kind: "repeated" }
  /** These days have newer versions than the editor saw; nothing was changed. */
  | { readonly kind: "superseded"; readonly days: readonly { channelId: ChannelId; dayStartMs: number; version: number }[] };

export interface EditPolicy {
  /** Sum of absolute changes, in the channel's unit and scaler, above which a second person must approve. */
  readonly approvalAbove: number;
}

/** Days that one edit may touch. */
const DAYS_MAX = 10_000;

/** Changes of stored values by people: all or nothing, with reason, and undone only by another version. */
export interface Edits {
  /** @throws UsageError `edit-reason`, `limit`; SecurityError `approval-required`. */
  apply(warrant: EditWarrant, days: readonly EditedDay[]): Promise<EditOutcome>;
  /**
   * Puts the days of an edit back to what they were before it, as new versions; only while the edit's own versions are current.
   * @throws UsageError `edit-reason`, `edit-unknown`; SecurityError `approval-required`.
   */
  undo(warrant: EditWarrant, edit: { editId: string; meterKey: number }): Promise<EditOutcome>;
}

export function createEdits(parts: { store: Store; ledger: Ledger; clock: Pick<Clock, "nowMs">; policy: EditPolicy }): Edits {
  const { store, ledger, clock, policy } = parts;

  const write = async (warrant: EditWarrant, prepare: (transaction: Transaction) => Promise<Plan>): Promise<EditOutcome> => {
    if (warrant.reason.trim() === "") throw new UsageError("an edit needs a reason", { code: "edit-reason" });
    const provenanceId = await ledger.provenanceId({ author: warrant.author, reason: warrant.reason, source: "edit", ruleSet: "" });
    const knownAtMs = clock.nowMs();
    try {
      return await whileOthersWrite(() =>
        store.transaction(async (transaction) => {
          const { days, undoes } = await prepare(transaction);
          if (await isMade(transaction, warrant.editId, days)) return { kind: "repeated" };
          await requireApproval(transaction, { warrant, days, policy });
          const writes = days.map((day) => ({ ...day, mode: "replace" as const }));
          const outcomes = await ledger.writeIn(transaction, writes, { provenanceId, knownAtMs });
          const made = days.map(({ channelId, block }, index) => ({
            channelId,
            dayStartMs: block.dayStartMs,
            version: outcomes[index]?.version ?? 0,
          }));
          const stale = made.filter((_, index) => outcomes[index]?.kind === "superseded");
          // Thrown, so that the days that could be written are rolled back with the rest.
          if (stale.length > 0) throw new Superseded(stale);
          await record(transaction, { warrant, days, versions: made.map(({ version }) => version), knownAtMs, undoes });
          return { kind: "done", days: made };
        }),
      );
    } catch (error) {
      if (error instanceof Superseded) return { kind: "superseded", days: error.days };
      throw error;
    }
  };

  return {
    apply(warrant, days) {
      if (days.length === 0 || days.length > DAYS_MAX) {
        return Promise.reject(new UsageError(`an edit changes 1 to ${DAYS_MAX} days, not ${days.length}`, { code: "limit" }));
      }
      return write(warrant, () => Promise.resolve({ days, undoes: undefined }));
    },
    undo: (warrant, edit) => write(warrant, async (transaction) => ({ days: await daysBefore(transaction, edit), undoes: edit.editId })),
  };
}

interface Plan {
  readonly days: readonly EditedDay[];
  readonly undoes: string | undefined;
}

class Superseded extends Error {
  readonly days: readonly { channelId: ChannelId; dayStartMs: number; version: number }[];

  constructor(days: Superseded["days"]) {
    super("superseded");
    this.days = days;
  }
}

async function isMade(transaction: Transaction, editId: string, days: readonly EditedDay[]): Promise<boolean> {
  const { rowCount } = await transaction.query("select 1 from mdm.edit where meter_key = any ($1::integer[]) and edit_id = $2 limit 1", [
    [...new Set(days.map(({ channelId }) => meterKeyOf(channelId)))],
    editId,
  ]);
  return rowCount > 0;
}

async function requireApproval(
  transaction: Transaction,
  { warrant, days, policy }: { warrant: EditWarrant; days: readonly EditedDay[]; policy: EditPolicy },
): Promise<void> {
  const pins = days.map(({ channelId, block, expectedVersion }) => ({ channelId, dayStartMs: block.dayStartMs, version: expectedVersion }));
  const before = new Map(
    (await readPinned(transaction, pins)).map((stored) => [`${stored.channelId} ${stored.block.dayStartMs}`, stored.block]),
  );
  let change = 0;
  for (const { channelId, block } of days) {
    const old = before.get(`${channelId} ${block.dayStartMs}`);
    block.values.forEach((value, slot) => (change += Math.abs(value - (old?.values[slot] ?? 0))));
  }
  if (change <= policy.approvalAbove) return;
  if (warrant.approvedBy !== undefined && warrant.approvedBy !== "" && warrant.approvedBy !== warrant.author) return;
  throw new SecurityError(`an edit that changes ${change} in all needs a second person above ${policy.approvalAbove}`, {
    code: "approval-required",
    advice: "have somebody other than the author approve it",
  });
}

async function record(
  transaction: Transaction,
  edit: { warrant: EditWarrant; days: readonly EditedDay[]; versions: readonly number[]; knownAtMs: number; undoes: string | undefined },
): Promise<void> {
  const { warrant, days, versions } = edit;
  await transaction.query(
    `insert into mdm.edit (meter_key, edit_id, channel_no, day, version_before, version_after, author, approved_by, reason, known_at, undoes_edit_id)
     select meter_key, $6, channel_no, date '1970-01-01' + day, version_before, version_after, $7, $8, $9, $10, $11
     from unnest($1::integer[], $2::smallint[], $3::integer[], $4::smallint[], $5::smallint[]) as n (meter_key, channel_no, day, version_before, version_after)`,
    [
      days.map(({ channelId }) => meterKeyOf(channelId)),
      days.map(({ channelId }) => channelNoOf(channelId)),
      days.map(({ block }) => block.dayStartMs / DAY_MS),
      days.map(({ expectedVersion }) => expectedVersion),
      versions,
      warrant.editId,
      warrant.author,
      warrant.approvedBy ?? null,
      warrant.reason,
      instantParam(edit.knownAtMs),
      edit.undoes ?? null,
    ],
  );
}

/** The days of an edit as they stood before it. A day that it made from nothing becomes an empty one. */
async function daysBefore(transaction: Transaction, edit: { editId: string; meterKey: number }): Promise<EditedDay[]> {
  const { rows } = await transaction.query<{ channel_no: number; day: number; version_before: number; version_after: number }>(
    `select channel_no, day - date '1970-01-01' as day, version_before, version_after from mdm.edit
     where meter_key = $1 and edit_id = $2 order by channel_no, day`,
    [edit.meterKey, edit.editId],
  );
  if (rows.length === 0) throw new UsageError(`there is no edit ${edit.editId}`, { code: "edit-unknown" });
  const days: EditedDay[] = [];
  for (const row of rows) {
    const key = { channelId: channelIdOf(edit.meterKey, row.channel_no), dayStartMs: row.day * DAY_MS };
    const versions = await versionsOf(transaction, key);
    const after = versions.find(({ version }) => version === row.version_after)?.block;
    const before = versions.find(({ version }) => version === row.version_before)?.block;
    const block = before ?? emptyBlock(key.dayStartMs, after?.intervalSeconds ?? 900, after?.phaseSeconds ?? 0);
    days.push({ channelId: key.channelId, block, expectedVersion: row.version_after });
  }
  return days;
}
