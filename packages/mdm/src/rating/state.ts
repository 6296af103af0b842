import type { DecimalText } from "../tariff/tariff.ts";
import type { BillLine, LineTrace, QuantityUnit, RatingInput } from "./bill.ts";
import type { Money } from "./money.ts";
import type { NettingState } from "./netting.ts";
import type { ReadyTariff } from "./segment.ts";

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

/** A decimal as it is written on a label. */
export function plain(value: Money | DecimalText): string {
  return typeof value === "string" ? value : value.toFixed();
}
