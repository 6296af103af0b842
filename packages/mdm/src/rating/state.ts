import type { BillLine, LineTrace, QuantityUnit, RatingInput } from "./bill.ts";
import type { Money } from "./money.ts";
import type { ReadyTariff, Segment } from "./segment.ts";

/** A line before rounding. */
export interface DraftLine {
  readonly quantity: Money;
  readonly unit: QuantityUnit;
  readonly rate?: Money;
  readonly amount: Money;
  readonly label?: string;
  readonly trace: Omit<LineTrace, "fromMs" | "toMs"> & Partial<Pick<LineTrace, "fromMs" | "toMs">>;
}

/** What grows while a bill is rated. */
export interface RatingState {
  readonly tariff: ReadyTariff;
  readonly input: RatingInput;
  readonly lines: BillLine[];
  /** Billed demand of each demand charge, for tiers by kWh per kW. */
  readonly demands: Map<string, Money>;
  readonly netting: NettingState;
  peakKw: Money | undefined;
}

/** Surplus that came from the bill before and what this bill makes of it. */
export interface NettingState {
  /** kWh carried, by time of use; used up and added to while rating. */
  readonly energyKwh: Map<string, Money>;
  money: Money;
  /** Net surplus of all times of use together. */
  netKwh: Money;
  /** Netted energy by time of use of each segment, computed once. */
  readonly settled: Map<Segment, readonly Money[]>;
  isCarried: boolean;
}
