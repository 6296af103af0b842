import { localDayOf, type Zone } from "@amity/intervals";
import type { GasParameters } from "@amity/mdm";
import type { Clock } from "@amity/runtime";

/** The gas zones of the demo utility: what flows north and south of the substation comes from different pipelines. */
const GAS_ZONES = ["north", "south"] as const;
export type GasZone = (typeof GAS_ZONES)[number];

/** Days before the founding whose calorific values the network publishes at once. */
const PAST_DAYS = 60;
/** kWh for a cubic metre: the middle of each zone, and how far days swing around it (natural gas H, 38 to 40 MJ). */
const MIDDLE: Readonly<Record<GasZone, number>> = { north: 10.82, south: 10.69 };
const SWING = 0.09;

export interface GasQualityParts {
  readonly gas: GasParameters;
  readonly clock: Pick<Clock, "nowMs">;
  readonly zone: Zone;
  readonly foundedMs: number;
}

/** The network operator of the demo: publishes yesterday's calorific values, day by day. */
export class GasQualityFeed {
  readonly #parts: GasQualityParts;
  #publishedTo: number;

  constructor(parts: GasQualityParts) {
    this.#parts = parts;
    this.#publishedTo = localDayOf(parts.zone, parts.foundedMs) - PAST_DAYS;
  }

  /** Publishes every gas day that has ended. */
  async publish(): Promise<void> {
    const { gas, clock, zone } = this.#parts;
    const today = localDayOf(zone, clock.nowMs());
    const days = Array.from({ length: Math.max(0, today - this.#publishedTo) }, (_, index) => this.#publishedTo + index);
    if (days.length === 0) return;
    for (const name of GAS_ZONES) {
      const values = days.map((day) => ({ day, kwhPerM3: calorificValue(name, day) }));
      await gas.keepCalorificValues(name, values, "network operator");
    }
    this.#publishedTo = today;
  }
}

/** Smooth over weeks, a little rough from day to day, the same whenever it is asked. Three places, as networks publish them. */
function calorificValue(name: GasZone, day: number): string {
  const phase = name === "north" ? 0 : 2;
  const swing = 0.7 * Math.sin(day / 9 + phase) + 0.3 * Math.sin(day * 1.7 + phase);
  return (MIDDLE[name] + SWING * swing).toFixed(3);
}
