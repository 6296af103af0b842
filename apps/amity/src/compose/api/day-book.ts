import { DAY_MS, isMissingSlot, type IntervalBlock } from "@amity/intervals";
import { channelIdOf, type ChannelId, type Ledger } from "@amity/mdm";
import { isEstimated, type Commodity } from "@amity/model";
import type { Timers } from "@amity/runtime";
import type { Store } from "@amity/store";

/** One UTC day of the utility, summed by group (feeder and concentrator of each meter). Slots are quarter-hours. */
export interface DayTotals {
  readonly dayStartMs: number;
  readonly groups: ReadonlyMap<string, GroupTotals>;
  /** Gas, water and heat, whose intervals are hours. */
  readonly hourly: ReadonlyMap<Commodity, HourTotals>;
}

/** The main channels of one commodity, hour by hour. */
export interface HourTotals {
  /** Delivered in each hour: m3 of gas and water, Wh of heat. */
  readonly quantity: Float64Array;
  readonly received: Uint32Array;
  readonly estimated: Uint32Array;
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
const HOURS = 24;
const HOUR_SECONDS = 3600;
const HOURLY: Readonly<Record<string, Commodity>> = { "7-0:3.0.0": "gas", "8-0:1.0.0": "water", "9-0:1.0.0": "water", "6-0:1.0.0": "heat" };
const JOULES_PER_WH = 3600;

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
    const hourly = new Map<Commodity, HourTotals>();
    const selection = { channelIds: [...channels.keys()], fromDayMs: dayStartMs, toDayMs: dayStartMs + DAY_MS };
    await this.#ledger.read(selection, ({ channelId, block }) => {
      const use = channels.get(channelId);
      if (use?.commodity !== undefined) return addHours(hourly, use.commodity, use.perCount, block);
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
        sums[slot] = (sums[slot] ?? 0) + (block.values[slot] ?? 0) * use.perCount;
        if (!use.isImport) continue;
        group.received[slot] = (group.received[slot] ?? 0) + 1;
        if (isEstimated(quality)) group.estimated[slot] = (group.estimated[slot] ?? 0) + 1;
      }
    });
    return { dayStartMs, groups, hourly };
  }

  async #loadChannels(): Promise<ReadonlyMap<ChannelId, ChannelUse>> {
    const nowMs = this.#timers.elapsedMs();
    if (this.#channels !== undefined && nowMs - this.#channels.loadedMs < FRESH_MS) return this.#channels.byId;
    const { rows } = await this.#store.query<ChannelRow>(
      `select m.meter_id, c.meter_key, c.channel_no, c.name, c.scaler, c.unit from mdm.channel c join mdm.meter m on m.meter_key = c.meter_key
       where c.kind = 'interval' and (c.interval_seconds = $1 and c.name in ($2, $3) or c.interval_seconds = $4 and c.name = any ($5::text[]))`,
      [SLOT_SECONDS, IMPORT, EXPORT, HOUR_SECONDS, Object.keys(HOURLY)],
    );
    const byId = new Map(
      rows.map((row): [ChannelId, ChannelUse] => [
        channelIdOf(row.meter_key, row.channel_no),
        {
          group: this.#groupOf(row.meter_id),
          isImport: row.name === IMPORT,
          perCount: 10 ** row.scaler / (row.unit === "J" ? JOULES_PER_WH : 1),
          commodity: HOURLY[row.name],
        },
      ]),
    );
    this.#channels = { loadedMs: nowMs, byId };
    return byId;
  }
}

interface ChannelRow {
  readonly meter_id: string;
  readonly meter_key: number;
  readonly channel_no: number;
  readonly name: string;
  readonly scaler: number;
  readonly unit: string;
}

interface ChannelUse {
  readonly group: string;
  readonly isImport: boolean;
  /** Wh (m3) of one count. */
  readonly perCount: number;
  /** Of an hourly channel; absent for electricity. */
  readonly commodity: Commodity | undefined;
}

function addHours(hourly: Map<Commodity, HourTotals>, commodity: Commodity, perCount: number, block: IntervalBlock): void {
  let totals = hourly.get(commodity);
  if (totals === undefined) {
    totals = { quantity: new Float64Array(HOURS), received: new Uint32Array(HOURS), estimated: new Uint32Array(HOURS) };
    hourly.set(commodity, totals);
  }
  for (let hour = 0; hour < HOURS; hour++) {
    const quality = block.qualities[hour] ?? 0;
    if (isMissingSlot(quality)) continue;
    totals.quantity[hour] = (totals.quantity[hour] ?? 0) + (block.values[hour] ?? 0) * perCount;
    totals.received[hour] = (totals.received[hour] ?? 0) + 1;
    if (isEstimated(quality)) totals.estimated[hour] = (totals.estimated[hour] ?? 0) + 1;
  }
}

function emptyTotals(): GroupTotals {
  return {
    importWh: new Float64Array(DAY_SLOTS),
    exportWh: new Float64Array(DAY_SLOTS),
    received: new Uint32Array(DAY_SLOTS),
    estimated: new Uint32Array(DAY_SLOTS),
  };
}
