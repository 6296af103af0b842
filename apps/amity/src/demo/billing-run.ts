import { localDayOf, type Zone } from "@amity/intervals";
import type { BillAsk, Billing } from "@amity/mdm";
import { districtHeating, residentialGas, residentialTimeOfUse, residentialWater } from "@amity/mdm";
import type { Clock, Timer } from "@amity/runtime";

/** Days of a billing cycle: four whole weeks. */
const CYCLE_DAYS = 28;
/** Civil time between two looks for cycles that have ended (ms). */
const LOOK_EVERY_MS = 6 * 3_600_000;
/** Civil days after a cycle's end before it is billed: readings come late, validation waits. */
const SETTLE_DAYS = 1;
/** Cycles end on this many different days, so that a run bills a part of the utility, as real ones do. */
const CYCLE_GROUPS = 7;

/** A usage point that is billed. */
export interface BilledPoint {
  readonly usagePointId: string;
  readonly tariffId: string;
  /** Usage points of one home have the same: their cycles end together. */
  readonly group: number;
  /** Whether there are readings of the time before the founding. */
  readonly hasHistory: boolean;
}

export interface BillingRunParts {
  readonly billing: Billing;
  readonly clock: Clock;
  readonly zone: Zone;
  readonly usagePoints: readonly BilledPoint[];
  /** Publishes what bills are made with, before each run. */
  readonly prepare?: () => Promise<void>;
  /** The first cycles end on the days after this instant, or later where less than a cycle is known before it. */
  readonly foundedMs: number;
  /** Days before the founding of which there are readings. */
  readonly historyDays: number;
  /** False while the history is still being read: a bill made of half of it would only have to be cancelled. */
  readonly isReady: () => boolean;
  /** Bills that could not be rated: they are tried again at the next look. */
  readonly onFailed?: (error: unknown) => void;
}

/** Bills each usage point every four weeks, and again while a bill is held, until it can be issued. */
export class BillingRun {
  readonly #billing: Billing;
  readonly #clock: Clock;
  readonly #zone: Zone;
  readonly #parts: BillingRunParts;
  readonly #firstDay: number;
  readonly #foundedDay: number;
  readonly #isReady: () => boolean;
  readonly #billedTo = new Map<string, number>();
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: BillingRunParts) {
    this.#billing = parts.billing;
    this.#clock = parts.clock;
    this.#zone = parts.zone;
    this.#parts = parts;
    this.#foundedDay = localDayOf(parts.zone, parts.foundedMs);
    this.#isReady = parts.isReady;
    this.#firstDay = this.#foundedDay - Math.min(CYCLE_DAYS, parts.historyDays);
  }

  async start(): Promise<void> {
    const place = { zone: this.#zone.name };
    for (const tariff of [residentialTimeOfUse(place.zone), residentialGas(place), residentialWater(place), districtHeating(place)])
      await this.#billing.publish(tariff);
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** Bills every cycle that has ended and settled. */
  async look(): Promise<number> {
    if (!this.#isReady()) return 0;
    const settled = localDayOf(this.#zone, this.#clock.nowMs()) - SETTLE_DAYS;
    const asks = this.#parts.usagePoints.flatMap(({ usagePointId, tariffId, group, hasHistory }): BillAsk[] => {
      const first = (hasHistory ? this.#firstDay : this.#foundedDay) + (group % CYCLE_GROUPS);
      const from = this.#billedTo.get(usagePointId) ?? first;
      return from + CYCLE_DAYS <= settled ? [{ usagePointId, tariffId, fromDay: from, toDay: from + CYCLE_DAYS }] : [];
    });
    if (asks.length === 0) return 0;
    await this.#parts.prepare?.();
    let count = 0;
    // One commodity that cannot be rated does not hold up the others.
    for (const tariffId of new Set(asks.map((ask) => ask.tariffId)))
      count += await this.#bill(asks.filter((ask) => ask.tariffId === tariffId));
    return count;
  }

  async #bill(asks: readonly BillAsk[]): Promise<number> {
    try {
      const bills = await this.#billing.bill(asks);
      for (const { usagePointId, toDay, state } of bills) if (state === "issued") this.#billedTo.set(usagePointId, toDay);
      return bills.length;
    } catch (error) {
      this.#parts.onFailed?.(error);
      return 0;
    }
  }

  #arm(): void {
    this.#timer = this.#clock.at(this.#clock.nowMs() + LOOK_EVERY_MS, () => {
      this.#running = this.look()
        .then(
          () => undefined,
          () => undefined,
        )
        .finally(() => {
          if (!this.#stopped) this.#arm();
        });
    });
  }
}
