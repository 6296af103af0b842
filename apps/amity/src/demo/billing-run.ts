import { localDayOf, type Zone } from "@amity/intervals";
import type { BillAsk, Billing } from "@amity/mdm";
import { residentialTimeOfUse } from "@amity/mdm";
import type { Clock, Timer } from "@amity/runtime";

/** Days of a billing cycle: four whole weeks. */
const CYCLE_DAYS = 28;
/** Civil time between two looks for cycles that have ended (ms). */
const LOOK_EVERY_MS = 6 * 3_600_000;
/** Civil days after a cycle's end before it is billed: readings come late, validation waits. */
const SETTLE_DAYS = 1;
/** Cycles end on this many different days, so that a run bills a part of the utility, as real ones do. */
const CYCLE_GROUPS = 7;

export interface BillingRunParts {
  readonly billing: Billing;
  readonly clock: Clock;
  readonly zone: Zone;
  readonly usagePoints: readonly string[];
  /** The first cycles end on the days after this instant, or later where less than a cycle is known before it. */
  readonly foundedMs: number;
  /** Days before the founding of which there are readings. */
  readonly historyDays: number;
  /** False while the history is still being read: a bill made of half of it would only have to be cancelled. */
  readonly isReady: () => boolean;
}

/** Bills each usage point every four weeks, and again while a bill is held, until it can be issued. */
export class BillingRun {
  readonly #billing: Billing;
  readonly #clock: Clock;
  readonly #zone: Zone;
  readonly #usagePoints: readonly string[];
  readonly #firstDay: number;
  readonly #isReady: () => boolean;
  readonly #billedTo = new Map<string, number>();
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: BillingRunParts) {
    this.#billing = parts.billing;
    this.#clock = parts.clock;
    this.#zone = parts.zone;
    this.#usagePoints = parts.usagePoints;
    this.#isReady = parts.isReady;
    this.#firstDay = localDayOf(parts.zone, parts.foundedMs) - Math.min(CYCLE_DAYS, parts.historyDays);
  }

  async start(): Promise<void> {
    await this.#billing.publish(residentialTimeOfUse(this.#zone.name));
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
    const asks = this.#usagePoints.flatMap((usagePointId, index): BillAsk[] => {
      const from = this.#billedTo.get(usagePointId) ?? this.#firstDay + (index % CYCLE_GROUPS);
      return from + CYCLE_DAYS <= settled ? [{ usagePointId, tariffId: "home-tou", fromDay: from, toDay: from + CYCLE_DAYS }] : [];
    });
    const bills = await this.#billing.bill(asks);
    for (const { usagePointId, toDay, state } of bills) if (state === "issued") this.#billedTo.set(usagePointId, toDay);
    return bills.length;
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
