import { Decimal } from "decimal.js";

export interface MonthlyEstimateInput {
  readonly historyKwh: number;
  readonly historyDays: number;
  readonly estimateDays: number;
  /** kWh of one dial unit. */
  readonly meterConstant: number;
  readonly lastRead: number;
}

export interface MonthlyEstimate {
  readonly averageDailyUse: number;
  readonly usage: number;
  readonly dialUnits: number;
  readonly estimatedRead: number;
}

/**
 * A register read that was not taken, by the steps proposed to the California commission (PSWG 3): average daily use
 * rounded to 2 places, times days rounded to 2 places, divided by the constant, truncated, added to the last read.
 */
export function monthlyEstimate(input: MonthlyEstimateInput): MonthlyEstimate {
  const averageDailyUse = new Decimal(input.historyKwh).div(input.historyDays).toDecimalPlaces(2, Decimal.ROUND_HALF_UP);
  const usage = averageDailyUse.times(input.estimateDays).toDecimalPlaces(2, Decimal.ROUND_HALF_UP);
  const dialUnits = usage.div(input.meterConstant).trunc();
  return {
    averageDailyUse: averageDailyUse.toNumber(),
    usage: usage.toNumber(),
    dialUnits: dialUnits.toNumber(),
    estimatedRead: dialUnits.plus(input.lastRead).toNumber(),
  };
}
