import { AmityError } from "@amity/bytes";
import { blocksOf, type IntervalBlock } from "@amity/intervals";
import type { EndDeviceEvent, IntervalSeries, MeterId, ReadingBatch, RegisterReading } from "@amity/model";
import type { Clock } from "@amity/runtime";
import type { Store, Transaction } from "@amity/store";
import { versionsOf } from "../ledger/block-table.ts";
import { blockKeyOf, type ChannelId } from "../ledger/channel-id.ts";
import { writeEvents } from "../ledger/event-table.ts";
import { putAside, type LedgerException, type LedgerExceptionKind } from "../ledger/exception-table.ts";
import { whileOthersWrite, type BlockWrite, type Ledger, type WriteOutcome } from "../ledger/ledger.ts";
import { writeRegisters, type RegisterWrite } from "../ledger/register-table.ts";
import type { ChannelDescription, Registry } from "../registry/registry.ts";

export interface DeliveryContext {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly clock: Pick<Clock, "nowMs">;
  readonly author: string;
  readonly unknownMeters: "register" | "putAside";
}

/** What a committed delivery changed. */
export interface DeliverySummary {
  readonly blocksStored: number;
  readonly blocksUnchanged: number;
  readonly registersStored: number;
  readonly eventsStored: number;
  readonly putAside: number;
  /** Channel days that got a new version: what validation should look at next. */
  readonly changed: readonly { channelId: ChannelId; dayStartMs: number }[];
  /** The events of a delivery that held at least one that was new. */
  readonly events: readonly EndDeviceEvent[];
}

/** One source's share of a delivery, with its channels resolved. */
interface Share {
  readonly source: string;
  readonly writes: BlockWrite[];
  /** For each write its series, for what may have to be put aside. */
  readonly origins: IntervalSeries[];
  readonly registers: RegisterWrite[];
  readonly registerOrigins: RegisterReading[];
  readonly events: EndDeviceEvent[];
}

/**
 * Stores batches in one transaction, everything or nothing; what cannot be stored as it is goes aside in the same transaction.
 * Meters and channels seen for the first time are registered before: a crash between leaves a channel without data, no more.
 */
export async function storeDelivery(context: DeliveryContext, batches: readonly ReadingBatch[]): Promise<DeliverySummary> {
  const aside: LedgerException[] = [];
  const admitted = context.unknownMeters === "register" ? batches : await admitKnown(context, batches, aside);
  const shares = await sharesOf(context, admitted, aside);
  const stamps = new Map<string, number>();
  for (const { source } of shares)
    stamps.set(source, await context.ledger.provenanceId({ author: context.author, reason: "", source, ruleSet: "" }));
  const meterKeys = await context.registry.resolveMeters(
    shares.flatMap((share) => share.events.map((event) => event.meterId)),
    context.author,
  );
  const knownAtMs = context.clock.nowMs();
  return whileOthersWrite(() =>
    context.store.transaction(async (transaction) => {
      const totals = { blocksStored: 0, blocksUnchanged: 0, registersStored: 0, eventsStored: 0 };
      const changed = new Map<number, { channelId: ChannelId; dayStartMs: number }>();
      const found = [...aside];
      for (const share of shares) {
        const stamp = { provenanceId: stamps.get(share.source) ?? 0, knownAtMs };
        if (share.writes.length > 0) {
          const outcomes = await context.ledger.writeIn(transaction, share.writes, stamp);
          for (const [index, outcome] of outcomes.entries()) {
            const write = share.writes[index];
            const origin = share.origins[index];
            if (write === undefined || origin === undefined) continue;
            if (outcome.kind === "stored" || (outcome.kind === "protected" && outcome.isStored)) {
              totals.blocksStored++;
              const { dayStartMs } = write.block;
              changed.set(blockKeyOf(write.channelId, dayStartMs), { channelId: write.channelId, dayStartMs });
            }
            if (outcome.kind === "unchanged") totals.blocksUnchanged++;
            else if (outcome.kind !== "stored")
              found.push(...(await refused(transaction, { write, origin, outcome, source: share.source })));
          }
        }
        if (share.registers.length > 0) {
          const { storedCount, protectedAt } = await writeRegisters(transaction, share.registers, stamp);
          totals.registersStored += storedCount;
          for (const at of protectedAt) found.push(...registerAside(share, at));
        }
        if (share.events.length > 0) {
          totals.eventsStored += await writeEvents(transaction, share.events, { meterKeys, source: share.source, knownAtMs });
        }
      }
      if (found.length > 0) await putAside(transaction, found, knownAtMs);
      const events = totals.eventsStored === 0 ? [] : shares.flatMap((share) => share.events);
      return { ...totals, putAside: found.length, changed: [...changed.values()], events };
    }),
  );
}

async function admitKnown(context: DeliveryContext, batches: readonly ReadingBatch[], aside: LedgerException[]): Promise<ReadingBatch[]> {
  const named = batches.flatMap((batch) => [...batch.intervals, ...batch.registers, ...batch.events].map((reading) => reading.meterId));
  const known = await context.registry.knownMeters([...new Set(named)]);
  return batches.map((batch) => {
    const admit = <T extends { meterId: MeterId }>(readings: readonly T[]): T[] =>
      readings.filter((reading) => {
        if (known.has(reading.meterId)) return true;
        aside.push(
          exceptionOf(reading, { kind: "unknownMeter", reason: `meter ${reading.meterId} is not registered`, source: batch.source }),
        );
        return false;
      });
    return { source: batch.source, intervals: admit(batch.intervals), registers: admit(batch.registers), events: admit(batch.events) };
  });
}

async function sharesOf(context: DeliveryContext, batches: readonly ReadingBatch[], aside: LedgerException[]): Promise<Share[]> {
  const shares = new Map<string, { share: Share; channels: ChannelDescription[]; blocks: IntervalBlock[] }>();
  for (const batch of batches) {
    let entry = shares.get(batch.source);
    if (entry === undefined) {
      const share: Share = { source: batch.source, writes: [], origins: [], registers: [], registerOrigins: [], events: [] };
      entry = { share, channels: [], blocks: [] };
      shares.set(batch.source, entry);
    }
    for (const series of batch.intervals) cut(series, entry, aside);
    entry.share.registerOrigins.push(...batch.registers);
    entry.share.events.push(...batch.events);
  }
  for (const { share, channels, blocks } of shares.values()) {
    const registers = share.registerOrigins.map(registerChannel);
    const ids = await context.registry.resolve([...channels, ...registers], context.author);
    blocks.forEach((block, index) => share.writes.push({ channelId: ids[index] ?? 0, block }));
    share.registerOrigins.forEach((reading, index) => {
      const channelId = ids[channels.length + index] ?? 0;
      share.registers.push({ channelId, atMs: reading.atMs, value: reading.value, quality: reading.quality });
    });
  }
  return [...shares.values()].map(({ share }) => share);
}

/** Cuts a series into days; one that is no series goes aside whole. */
function cut(
  series: IntervalSeries,
  into: { share: Share; channels: ChannelDescription[]; blocks: IntervalBlock[] },
  aside: LedgerException[],
): void {
  const { meterId, channel: name, unit, scaler, intervalSeconds } = series;
  try {
    const broken = series.values.findIndex((value) => !Number.isSafeInteger(value));
    if (broken >= 0) throw new RangeError(`value ${broken} is ${series.values[broken]}, no safe integer`);
    const blocks = blocksOf(series);
    for (const block of blocks) {
      blockKeyOf(0, block.dayStartMs);
      into.blocks.push(block);
      into.share.origins.push(series);
      into.channels.push({ meterId, name, kind: "interval", unit, scaler, intervalSeconds });
    }
  } catch (error) {
    if (!(error instanceof AmityError || error instanceof RangeError)) throw error;
    aside.push(exceptionOf(series, { kind: "malformed", reason: error.message, source: into.share.source }));
  }
}

function registerChannel(reading: RegisterReading): ChannelDescription {
  const { meterId, channel: name, unit, scaler } = reading;
  return { meterId, name, kind: "register", unit, scaler, intervalSeconds: 0 };
}

interface Refusal {
  readonly write: BlockWrite;
  readonly origin: IntervalSeries;
  readonly outcome: WriteOutcome;
  readonly source: string;
}

/** What of a refused day is news: nothing, where the same values stood in an earlier version and were replaced knowingly. */
async function refused(transaction: Transaction, { write, origin, outcome, source }: Refusal): Promise<LedgerException[]> {
  const { block, channelId } = write;
  const day = new Date(block.dayStartMs).toISOString().slice(0, 10);
  const content = { ...origin, startMs: block.dayStartMs + block.phaseSeconds * 1000, values: block.values, qualities: block.qualities };
  if (outcome.kind !== "protected") {
    const reason = `${origin.channel} on ${day} is stored on another interval grid`;
    return [exceptionOf(content, { kind: "gridConflict", reason, source })];
  }
  const versions = await versionsOf(transaction, { channelId, dayStartMs: block.dayStartMs });
  const news = outcome.slots.filter((slot) => !versions.some((stored) => stored.block.values[slot] === block.values[slot]));
  if (news.length === 0) return [];
  const reason = `${origin.channel} on ${day}: ${news.length} delivered value(s) differ from edited or final ones, first in slot ${news[0]}`;
  return [exceptionOf(content, { kind: "protected", reason, source })];
}

function registerAside(share: Share, at: number): LedgerException[] {
  const reading = share.registerOrigins[at];
  if (reading === undefined) return [];
  const reason = `register ${reading.channel} at ${new Date(reading.atMs).toISOString()} differs from an edited or final value`;
  return [exceptionOf(reading, { kind: "protected", reason, source: share.source })];
}

function exceptionOf(reading: { meterId: MeterId }, why: { kind: LedgerExceptionKind; reason: string; source: string }): LedgerException {
  return { meterId: reading.meterId, ...why, content: JSON.stringify(reading, plain) };
}

/** JSON of a reading: big integers as text, typed arrays as lists. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Float64Array || value instanceof Uint16Array) return Array.from(value);
  return value;
}
