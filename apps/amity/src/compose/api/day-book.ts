import { DAY_MS, isMissingSlot } from "@amity/intervals";
import { channelIdOf, type ChannelId, type Ledger } from "@amity/mdm";
import { isEstimated } from "@amity/model";
import type { Timers } from "@amity/runtime";
import type { Store } from "@amity/store";

/** One UTC day of the utility, summed by group (feeder and concentrator of each meter). Slots are quarter-hours. */
export interface DayTotals {
  readonly dayStartMs: number;
  readonly groups: ReadonlyMap<string, GroupTotals>;
}

export interface GroupTotals {
  /** Energy of each slot, Wh. */
  readonly importWh: Float64Array;
  readonly exportWh: Float64Array;
  /** Import intervals held in each slot, and how many of them are estimates. */
  readonly received: Uint32Array;
  readonly estimated: Uint32Array;
}

/** Slots of a day. */
export const DAY_SLOTS = 96;
const SLOT_SECONDS = 900;
/** Machine time for which a day that changes all the time is not summed again. */
const FRESH_MS = 3_000;
const DAYS_KEPT = 120;
const IMPORT = "1-0:1.8.0";
const EXPORT = "1-0:2.8.0";

interface Kept {
  totals: Promise<DayTotals>;
  summedMs: number;
  isStale: boolean;
}

/**
 * Sums of whole days over all meters, read from the ledger when asked for and kept until the day changes: what the overview,
 * the load curve and the completeness page show is always what the ledger holds.
 */
export class DayBook {
  readonly #store: Store;
  readonly #ledger: Ledger;
  readonly #timers: Pick<Timers, "elapsedMs">;
  readonly #groupOf: (meterId: string) => string;
  readonly #days = new Map<number, Kept>();
  #channels: { readonly loadedMs: number; readonly byId: ReadonlyMap<ChannelId, ChannelUse> } | undefined;

  constructor(parts: { store: Store; ledger: Ledger; timers: Pick<Timers, "elapsedMs">; groupOf: (meterId: string) => string }) {
    this.#store = parts.store;
    this.#ledger = parts.ledger;
    this.#timers = parts.timers;
    this.#groupOf = parts.groupOf;
  }

  /** Marks a day as changed. */
  changed(dayStartMs: number): void {
    const kept = this.#days.get(dayStartMs);
    if (kept !== undefined) kept.isStale = true;
  }

  day(dayStartMs: number): Promise<DayTotals> {
    const nowMs = this.#timers.elapsedMs();
    const kept = this.#days.get(dayStartMs);
    if (kept !== undefined && (!kept.isStale || nowMs - kept.summedMs < FRESH_MS)) return kept.totals;
    const totals = this.#sum(dayStartMs);
    if (this.#days.size >= DAYS_KEPT) this.#days.clear();
    this.#days.set(dayStartMs, { totals, summedMs: nowMs, isStale: false });
    totals.catch(() => this.#days.delete(dayStartMs));
    return totals;
  }

  async #sum(dayStartMs: number): Promise<DayTotals> {
    const channels = await this.#loadChannels();
    const groups = new Map<string, GroupTotals>();
    const selection = { channelIds: [...channels.keys()], fromDayMs: dayStartMs, toDayMs: dayStartMs + DAY_MS };
    await this.#ledger.read(selection, ({ channelId, block }) => {
      const use = channels.get(channelId);
      if (use === undefined || block.intervalSeconds !== SLOT_SECONDS) return;
      let group = groups.get(use.group);
      if (group === undefined) {
        group = emptyTotals();
        groups.set(use.group, group);
      }
      const sums = use.isImport ? group.importWh : group.exportWh;
      for (let slot = 0; slot < DAY_SLOTS; slot++) {
        const quality = block.qualities[slot] ?? 0;
        if (isMissingSlot(quality)) continue;
        sums[slot] = (sums[slot] ?? 0) + (block.values[slot] ?? 0) * use.whPerCount;
        if (!use.isImport) continue;
        group.received[slot] = (group.received[slot] ?? 0) + 1;
        if (isEstimated(quality)) group.estimated[slot] = (group.estimated[slot] ?? 0) + 1;
      }
    });
    return { dayStartMs, groups };
  }

  async #loadChannels(): Promise<ReadonlyMap<ChannelId, ChannelUse>> {
    const nowMs = this.#timers.elapsedMs();
    if (this.#channels !== undefined && nowMs - this.#channels.loadedMs < FRESH_MS) return this.#channels.byId;
    const { rows } = await this.#store.query<{ meter_id: string; meter_key: number; channel_no: number; name: string; scaler: number }>(
      `select m.meter_id, c.meter_key, c.channel_no, c.name, c.scaler from mdm.channel c join mdm.meter m on m.meter_key = c.meter_key
       where c.kind = 'interval' and c.interval_seconds = $1 and c.name in ($2, $3)`,
      [SLOT_SECONDS, IMPORT, EXPORT],
    );
    const byId = new Map(
      rows.map((row): [ChannelId, ChannelUse] => [
        channelIdOf(row.meter_key, row.channel_no),
        { group: this.#groupOf(row.meter_id), isImport: row.name === IMPORT, whPerCount: 10 ** row.scaler },
      ]),
    );
    this.#channels = { loadedMs: nowMs, byId };
    return byId;
  }
}

interface ChannelUse {
  readonly group: string;
  readonly isImport: boolean;
  readonly whPerCount: number;
}

function emptyTotals(): GroupTotals {
  return {
    importWh: new Float64Array(DAY_SLOTS),
    exportWh: new Float64Array(DAY_SLOTS),
    received: new Uint32Array(DAY_SLOTS),
    estimated: new Uint32Array(DAY_SLOTS),
  };
}
