import { AmityError, LinkError } from "@amity/bytes";
import type { ReadingBatch, ReadingSink } from "@amity/model";
import type { Clock } from "@amity/runtime";
import type { Store } from "@amity/store";
import type { Ledger } from "../ledger/ledger.ts";
import type { Registry } from "../registry/registry.ts";
import { storeDelivery, type DeliveryContext, type DeliverySummary } from "./delivery.ts";

export interface LedgerSinkOptions {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly clock: Pick<Clock, "nowMs">;
  /** Readings of meters that nobody registered: `register` (default) them, or `putAside` as exceptions. */
  readonly unknownMeters?: "register" | "putAside";
  /** Recorded as the author of what is stored. Default `ingest`. */
  readonly author?: string;
  /** Most values that may wait or be written at once; beyond it `accept` rejects with `overloaded`. */
  readonly pendingValuesMax?: number;
  /** Told of every committed group: for counters and live views. */
  readonly onStored?: (summary: DeliverySummary) => void;
}

/** Values (intervals, registers, events) that may wait. */
const PENDING_VALUES_MAX = 16_000_000;
/** Values that one transaction takes: what waits beyond goes into the next. */
const GROUP_VALUES_MAX = 2_000_000;

interface Request {
  readonly batches: readonly ReadingBatch[];
  readonly size: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Joins a head-end or a file reader to the ledger. Deliveries that arrive while one group is being written form the next: many
 * meters share a transaction and its one flush to disk. No timers: a delivery never waits for company.
 */
export function createLedgerSink(options: LedgerSinkOptions): ReadingSink {
  const context: DeliveryContext = {
    store: options.store,
    ledger: options.ledger,
    registry: options.registry,
    clock: options.clock,
    author: options.author ?? "ingest",
    unknownMeters: options.unknownMeters ?? "register",
  };
  const pendingMax = options.pendingValuesMax ?? PENDING_VALUES_MAX;
  let waiting: Request[] = [];
  let pending = 0;
  let isWriting = false;

  const writeAll = async (): Promise<void> => {
    isWriting = true;
    while (waiting.length > 0) {
      const group = takeGroup(waiting);
      waiting = waiting.slice(group.length);
      await writeGroup(group);
      for (const request of group) pending -= request.size;
    }
    isWriting = false;
  };

  const writeGroup = async (group: readonly Request[]): Promise<void> => {
    try {
      const summary = await storeDelivery(
        context,
        group.flatMap((request) => request.batches),
      );
      options.onStored?.(summary);
      for (const request of group) request.resolve();
    } catch (error) {
      // One bad delivery must not take its neighbours with it; a lost database takes all alike.
      const isShared = group.length === 1 || (error instanceof AmityError && error.blame === "link");
      if (isShared) for (const request of group) request.reject(error as Error);
      else for (const request of group) await writeGroup([request]);
    }
  };

  return {
    accept(batches) {
      const size = batches.reduce((sum, batch) => sum + sizeOf(batch), 0);
      if (size === 0) return Promise.resolve();
      if (pending > 0 && pending + size > pendingMax) {
        return Promise.reject(
          new LinkError(`${pending} values wait for the ledger, ${pendingMax} may`, { code: "overloaded", advice: "deliver again later" }),
        );
      }
      pending += size;
      return new Promise((resolve, reject) => {
        waiting.push({ batches, size, resolve, reject });
        if (!isWriting) void writeAll();
      });
    },
  };
}

function takeGroup(waiting: readonly Request[]): Request[] {
  const group: Request[] = [];
  let size = 0;
  for (const request of waiting) {
    if (group.length > 0 && size + request.size > GROUP_VALUES_MAX) break;
    group.push(request);
    size += request.size;
  }
  return group;
}

function sizeOf(batch: ReadingBatch): number {
  let size = batch.registers.length + batch.events.length;
  for (const series of batch.intervals) size += series.values.length;
  return size;
}
