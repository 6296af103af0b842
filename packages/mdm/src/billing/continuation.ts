import { civilDateOf, parseDay } from "@amity/intervals";
import type { Bill, RatingInput } from "../rating/bill.ts";
import { Money, ZERO } from "../rating/money.ts";

/** The part of a rating input that earlier bills decide. */
export type Continuation = Pick<RatingInput, "carried" | "demandHistory" | "yearToDate">;

/** What of an earlier bill the next one may need. */
export type HandedOn = Pick<Bill, "to" | "total" | "carried" | "peakKw">;

/**
 * What a bill takes over from those before it: surplus and credit carried, the demands for ratchets, the year's totals for
 * yearly minimums. `earlier` are the valid bills (no cancelled ones) of the usage point, oldest first; those that end after
 * the new bill begins are passed over. A year ends with `yearEndMonth`.
 */
export function continuationOf(earlier: readonly HandedOn[], fromDay: number, yearEndMonth = 12): Continuation {
  const before = earlier.filter((bill) => (parseDay(bill.to) ?? Infinity) <= fromDay);
  const last = before.at(-1);
  // What a gap of unbilled days did to the balance is not known: only an adjoining bill hands on.
  const carried = last !== undefined && parseDay(last.to) === fromDay ? last.carried : undefined;
  const demandHistory = before.flatMap((bill) => (bill.peakKw === undefined ? [] : [{ month: endMonthOf(bill), kw: bill.peakKw }]));
  const yearToDate = before
    .filter((bill) => billingYearOf(parseDay(bill.to) ?? 0, yearEndMonth) === billingYearOf(fromDay + 1, yearEndMonth))
    .reduce((sum, bill) => sum.plus(Money.max(0, bill.total)), ZERO);
  return { ...(carried === undefined ? {} : { carried }), demandHistory, yearToDate: yearToDate.toFixed() };
}

function endMonthOf(bill: HandedOn): number {
  return civilDateOf((parseDay(bill.to) ?? 0) - 1).month;
}

/** The year in which the day before `day` falls, when years end with a given month. */
function billingYearOf(day: number, yearEndMonth: number): number {
  const { year, month } = civilDateOf(day - 1);
  return month > yearEndMonth ? year + 1 : year;
}
