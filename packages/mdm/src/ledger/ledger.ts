import { DecodeError } from "@amity/bytes";
import { isSameGrid, mergeBlocks, MISSING_QUALITY, unpackBlock, type IntervalBlock } from "@amity/intervals";
import type { Clock } from "@amity/runtime";
import { isUniqueViolation, type Store, type Transaction } from "@amity/store";
import {
  allVersions,
  appendBlocks,
  currentBlocks,
  readPinned,
  readSelection,
  versionsOf,
  type BlockKey,
  type BlockSelection,
  type NewBlock,
  type StoredBlock,
} from "./block-table.ts";
import { blockKeyOf, type ChannelId } from "./channel-id.ts";
import { deliveredTakesPlace, isProtected } from "./merge-policy.ts";
import { ProvenanceRegistry, type Provenance } from "./provenance.ts";
import { isEstimated, isMissing } from "@amity/model";

export interface BlockWrite {
  readonly channelId: ChannelId;
  readonly block: IntervalBlock;
  /**
   * `deliver` (default) lays the values over the current version by the delivery policy: late and repeated data.
   * `replace` makes the block as it is the next version: VEE, estimates, edits.
   */
  readonly mode?: "deliver" | "replace";
  /** With `replace`: write only if this is still the current version (0: none yet). */
  readonly expectedVersion?: number;
}

/** What became of one write. */
export type WriteOutcome =
  | { readonly kind: "stored"; readonly version: number }
  /** Identical content: nothing new was written. */
  | { readonly kind: "unchanged"; readonly version: number }
  /** Somebody wrote a version in between; nothing of this write was stored. */
  | { readonly kind: "superseded"; readonly version: number }
  /** The day is stored on another interval grid; nothing of this write was stored. */
  | { readonly kind: "gridConflict"; readonly version: number }
  /** A person's or final value stands against a different delivered one, which was not stored; the rest of the day was. */
  | { readonly kind: "protected"; readonly version: number; readonly isStored: boolean; readonly slots: readonly number[] };

/** The interval ledger: append-only versions of channel days. */
export interface Ledger {
  /**
   * Writes many channels' days in one transaction; resolves when it is committed. Outcomes stand in the order of `writes`.
   * Safe to repeat: identical content is `unchanged`.
   */
  write(writes: readonly BlockWrite[], provenance: Provenance): Promise<WriteOutcome[]>;
  /** As `write`, within a transaction of the caller's. Throws `sql-23505` where another writer was first: then run it all again. */
  writeIn(transaction: Transaction, writes: readonly BlockWrite[], stamp: WriteStamp): Promise<WriteOutcome[]>;
  provenanceId(provenance: Provenance): Promise<number>;
  /** The selected days, current or as known at an instant, in no promised order. Returns the number of blocks. */
  read(selection: BlockSelection, take: (stored: StoredBlock) => void): Promise<number>;
  /** As `read`, collected. */
  blocks(selection: BlockSelection): Promise<StoredBlock[]>;
  /** Every version of one day, oldest first. */
  versions(key: BlockKey): Promise<StoredBlock[]>;
  /** The versions that a bill pinned. */
  pinned(pins: readonly (BlockKey & { version: number })[]): Promise<StoredBlock[]>;
}

export interface WriteStamp {
  readonly provenanceId: number;
  readonly knownAtMs: number;
}

/** How often a batch is run again when another writer appended the same day first. */
const ATTEMPTS_MAX = 6;

/** The ledger on a store; `known_at` comes from the clock. */
export function createLedger(store: Store, clock: Pick<Clock, "nowMs">): Ledger {
  const provenances = new ProvenanceRegistry();
  const provenanceId = (provenance: Provenance): Promise<number> => provenances.idOf(store, provenance);
  return {
    provenanceId,
    async write(writes, provenance) {
      if (writes.length === 0) return [];
      const stamp = { provenanceId: await provenanceId(provenance), knownAtMs: clock.nowMs() };
      return whileOthersWrite(() => store.transaction((transaction) => writeIn(transaction, writes, stamp)));
    },
    writeIn,
    read: (selection, take) => store.transaction((transaction) => readSelection(transaction, selection, take)),
    async blocks(selection) {
      return store.transaction(async (transaction) => {
        const found: StoredBlock[] = [];
        await readSelection(transaction, selection, (stored) => found.push(stored));
        return found;
      });
    },
    versions: (key) => versionsOf(store, key),
    pinned: (pins) => readPinned(store, pins),
  };
}

/** Runs a batch again where a concurrent writer made the same next version: the second look sees it and merges with it. */
export async function whileOthersWrite<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= ATTEMPTS_MAX || !isUniqueViolation(error)) throw error;
    }
  }
}

/** A channel's day while its batch is made up. */
interface Day {
  readonly channelId: ChannelId;
  readonly dayStartMs: number;
  readonly writes: number[];
}

async function writeIn(transaction: Transaction, writes: readonly BlockWrite[], stamp: WriteStamp): Promise<WriteOutcome[]> {
  const days = daysOf(writes);
  const current = await currentBlocks(transaction, days);
  const standing = days.map((day, index) => {
    const stored = current.get(index);
    return stored === undefined ? undefined : unpackStored(stored.octets, day);
  });
  const judged = await judgedBefore(transaction, { days, writes, standing });
  const outcomes: WriteOutcome[] = [];
  const news: NewBlock[] = [];
  days.forEach((day, index) => {
    const stored = current.get(index);
    const before = standing[index];
    const versionBefore = stored?.version ?? 0;
    let block = before;
    for (const at of day.writes) {
      const write = writes[at];
      if (write === undefined) continue;
      const versions = judged.get(index);
      const step = lay(versions === undefined ? write : withoutRestated(write, versions, before), block, versionBefore);
      outcomes[at] = step.outcome;
      block = step.block;
    }
    if (block === undefined || block === before) return;
    const version = versionBefore + 1;
    // Time never runs back within a day's versions, whatever the clock did.
    const knownAtMs = Math.max(stamp.knownAtMs, stored?.knownAtMs ?? stamp.knownAtMs);
    news.push({ channelId: day.channelId, version, knownAtMs, provenanceId: stamp.provenanceId, block });
  });
  // In the order of the key: writers of the same days wait for each other in a line instead of a ring, and the index grows in order.
  news.sort((a, b) => a.channelId - b.channelId || a.block.dayStartMs - b.block.dayStartMs);
  if (news.length > 0) await appendBlocks(transaction, news);
  return outcomes;
}

/**
 * The versions of those days where a delivered value meets an estimate: the value may be the very one that was judged and
 * replaced. Said again it is no news, or the same file loaded twice would never come to rest.
 */
async function judgedBefore(
  transaction: Transaction,
  batch: { days: readonly Day[]; writes: readonly BlockWrite[]; standing: readonly (IntervalBlock | undefined)[] },
): Promise<ReadonlyMap<number, readonly IntervalBlock[]>> {
  const asked = batch.days.flatMap((day, index) => {
    const before = batch.standing[index];
    const meets = before !== undefined && day.writes.some((at) => meetsEstimate(batch.writes[at], before));
    return meets ? [{ day, index }] : [];
  });
  if (asked.length === 0) return new Map();
  const versions = await allVersions(
    transaction,
    asked.map(({ day }) => day),
  );
  return new Map(asked.map(({ index }, at) => [index, versions[at] ?? []]));
}

function meetsEstimate(write: BlockWrite | undefined, before: IntervalBlock): boolean {
  if (write === undefined || write.mode === "replace" || !isSameGrid(before, write.block)) return false;
  const { values, qualities } = write.block;
  return values.some(
    (value, slot) => isMeasured(qualities[slot]) && isEstimated(before.qualities[slot] ?? 0) && value !== before.values[slot],
  );
}

/** The write without those values over estimates that an earlier version held as measured. */
function withoutRestated(write: BlockWrite, versions: readonly IntervalBlock[], before: IntervalBlock | undefined): BlockWrite {
  if (before === undefined || !meetsEstimate(write, before)) return write;
  const { block } = write;
  const qualities = block.qualities.slice();
  const known = versions.filter((version) => isSameGrid(version, block));
  for (let slot = 0; slot < qualities.length; slot++) {
    if (!isMeasured(qualities[slot]) || !isEstimated(before.qualities[slot] ?? 0)) continue;
    const isRestated = known.some(({ values, qualities: had }) => isMeasured(had[slot]) && values[slot] === block.values[slot]);
    if (isRestated) qualities[slot] = MISSING_QUALITY;
  }
  return { ...write, block: { ...block, qualities } };
}

function isMeasured(quality: number | undefined): boolean {
  return quality !== undefined && !isMissing(quality) && !isEstimated(quality);
}

function daysOf(writes: readonly BlockWrite[]): Day[] {
  const days = new Map<number, Day>();
  writes.forEach(({ channelId, block: { dayStartMs } }, index) => {
    const key = blockKeyOf(channelId, dayStartMs);
    const day = days.get(key);
    if (day === undefined) days.set(key, { channelId, dayStartMs, writes: [index] });
    else day.writes.push(index);
  });
  return [...days.values()];
}

function unpackStored(octets: Uint8Array, day: Day): IntervalBlock {
  try {
    return unpackBlock(octets, day.dayStartMs);
  } catch (error) {
    throw error instanceof DecodeError
      ? error.within(`channel ${day.channelId} day ${new Date(day.dayStartMs).toISOString().slice(0, 10)}`)
      : error;
  }
}

interface Step {
  readonly outcome: WriteOutcome;
  readonly block: IntervalBlock | undefined;
}

/** Lays one write over what stands; the block stays the same object where nothing changes. */
function lay(write: BlockWrite, standing: IntervalBlock | undefined, versionBefore: number): Step {
  const stored: WriteOutcome = { kind: "stored", version: versionBefore + 1 };
  if (write.mode === "replace") {
    if (write.expectedVersion !== undefined && write.expectedVersion !== versionBefore) {
      return { outcome: { kind: "superseded", version: versionBefore }, block: standing };
    }
    if (standing !== undefined && isSameContent(standing, write.block)) {
      return { outcome: { kind: "unchanged", version: versionBefore }, block: standing };
    }
    return { outcome: stored, block: write.block };
  }
  if (standing === undefined) return { outcome: stored, block: write.block };
  if (!isSameGrid(standing, write.block)) return { outcome: { kind: "gridConflict", version: versionBefore }, block: standing };
  const block = mergeBlocks(standing, write.block, deliveredTakesPlace);
  const slots = protectedSlots(standing, write.block);
  const isStored = block !== standing;
  if (slots.length > 0) return { outcome: { kind: "protected", version: versionBefore + (isStored ? 1 : 0), isStored, slots }, block };
  return { outcome: block === standing ? { kind: "unchanged", version: versionBefore } : stored, block };
}

function protectedSlots(standing: IntervalBlock, incoming: IntervalBlock): number[] {
  const slots: number[] = [];
  for (let slot = 0; slot < standing.values.length; slot++) {
    if (!isProtected(standing.qualities[slot] ?? 0)) continue;
    const quality = incoming.qualities[slot] ?? 0;
    if (!isMissing(quality) && !isEstimated(quality) && incoming.values[slot] !== standing.values[slot]) slots.push(slot);
  }
  return slots;
}

function isSameContent(a: IntervalBlock, b: IntervalBlock): boolean {
  return (
    isSameGrid(a, b) &&
    a.values.every((value, slot) => value === b.values[slot]) &&
    a.qualities.every((quality, slot) => quality === b.qualities[slot])
  );
}
