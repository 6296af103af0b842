import type { Charge, DecimalText, EnergyUnit, Flow } from "../tariff/tariff.ts";
import type { Commodity } from "@amity/model";
import type { BlockRef, Usage, UsagePart } from "../usage/usage.ts";

/** Prices for consecutive intervals, per kWh. */
export interface PriceSeries {
  readonly startMs: number;
  readonly intervalSeconds: number;
  readonly prices: readonly DecimalText[];
}

/** What is carried from one bill to the next under net metering. */
export interface Carried {
  /** Surplus kWh by time of use. */
  readonly energyKwh: Readonly<Record<string, DecimalText>>;
  readonly money: DecimalText;
  /** Net surplus of all times of use together, where the tariff trues up on it. */
  readonly netKwh?: DecimalText;
}

/** Everything that a bill is computed from. Days are civil days of the tariff's zone (see `@amity/intervals`), `toDay` exclusive. */
export interface RatingInput {
  readonly usagePointId: string;
  readonly fromDay: number;
  readonly toDay: number;
  readonly usage: Usage;
  /** How many months the cycle stands for; less than 1 after a move-in. Default 1. */
  readonly months?: DecimalText;
  readonly contractDemandKw?: DecimalText;
  /** Demands of earlier months (`peakKw` of their bills), oldest first, for ratchets. */
  readonly demandHistory?: readonly { readonly month: number; readonly kw: DecimalText }[];
  readonly events?: Readonly<Record<string, readonly { readonly fromMs: number; readonly toMs: number }[]>>;
  readonly priceSeries?: Readonly<Record<string, PriceSeries>>;
  /** Instants of system peaks, for coincident demand. */
  readonly coincidentPeaks?: Readonly<Record<string, readonly number[]>>;
  /** Import before the bill, for rebate baselines. */
  readonly history?: readonly UsagePart[];
  /** kWh to add to each rebate baseline for the weather, per event. */
  readonly weatherAdjustmentKwh?: readonly DecimalText[];
  readonly carried?: Carried;
  /** Totals of the year's bills before this one, for yearly minimums; a bill below zero counts as zero. */
  readonly yearToDate?: DecimalText;
}

export type QuantityUnit = EnergyUnit | "m3" | "kvarh" | "kW" | "kVA" | "day" | "month" | "bill" | "year" | "percent" | "credit";

/** How a line leads back to what it was computed from. */
export interface LineTrace {
  readonly fromMs: number;
  readonly toMs: number;
  readonly flow?: Flow;
  /** Times of use whose intervals count; absent: all. */
  readonly periods?: readonly string[];
  /** Only intervals within, or outside, these events. */
  readonly during?: string;
  readonly except?: string;
  /** Of a demand: the window of the peak. */
  readonly peaks?: readonly { readonly channelId: string; readonly atMs: number; readonly windowMinutes: number }[];
  /** Lines that this one was computed from. */
  readonly lines?: readonly string[];
  /** What was done to the measured number on its way to the quantity, in order. */
  readonly steps?: readonly string[];
}

/** One line of a bill. All numbers are decimals as text. */
export interface BillLine {
  /** Unique on the bill. */
  readonly id: string;
  readonly chargeId: string;
  readonly kind: Charge["kind"] | "carried";
  readonly label: string;
  readonly tariffVersion: number;
  readonly quantity: DecimalText;
  readonly unit: QuantityUnit;
  readonly rate?: DecimalText;
  readonly amount: DecimalText;
  readonly isTax: boolean;
  readonly trace: LineTrace;
}

/** How much of the billed flow was measured, estimated and missing. */
export interface UsageQuality {
  readonly intervals: number;
  readonly actual: number;
  readonly estimated: number;
  readonly edited: number;
  readonly failed: number;
  readonly missing: number;
}

export interface Bill {
  readonly usagePointId: string;
  readonly tariffId: string;
  /** Absent: electricity. */
  readonly commodity?: Commodity;
  readonly currency: string;
  /** Civil dates; `to` exclusive. */
  readonly from: string;
  readonly to: string;
  readonly lines: readonly BillLine[];
  readonly subtotal: DecimalText;
  readonly tax: DecimalText;
  readonly total: DecimalText;
  readonly quality: UsageQuality;
  /** Cubic metres that were metered, of gas, water and heating water. */
  readonly volumeM3?: DecimalText;
  /** The stored versions that the bill rests on. */
  readonly pinned: readonly BlockRef[];
  readonly carried?: Carried;
  /** Highest demand before ratchet and minimum, to become history for ratchets. */
  readonly peakKw?: DecimalText;
}
