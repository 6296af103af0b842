import { UsageError } from "@amity/bytes";
import type { Commodity, UsagePointId } from "@amity/model";
import { Money } from "../rating/money.ts";
import type { Registry } from "../registry/registry.ts";
import type { Billing } from "./billing.ts";
import type { StoredBill } from "./stored-bill.ts";

/** One commodity on a joint bill. */
export interface JointBillPart {
  readonly commodity: Commodity;
  readonly usagePointId: UsagePointId;
  readonly bill: StoredBill;
}

/** What a customer owes for all commodities of a time. Its parts are the bills themselves: each leads to its own intervals. */
export interface JointBill {
  readonly parts: readonly JointBillPart[];
  readonly currency: string;
  /** Decimal text; what is held is in it. */
  readonly total: string;
  /** `held` while any part is. */
  readonly state: "held" | "issued";
  /** Usage points that have no bill of the time yet. */
  readonly missing: readonly { readonly commodity: Commodity; readonly usagePointId: UsagePointId }[];
}

/** Bills of one usage point looked through. */
const BILLS_MAX = 200;

/**
 * Puts the bills of one customer or place together whose cycle ends within `(afterDay, untilDay]`; cancelled ones are left out. Nothing
 * is stored: a part that is cancelled and made again is in the next answer. `undefined` where there are no usage points or no bills.
 * @throws UsageError `currencies-differ`.
 */
export async function jointBillOf(
  parts: { readonly registry: Registry; readonly billing: Billing },
  ask: { readonly customerId?: string; readonly premisesId?: string; readonly afterDay: number; readonly untilDay: number },
): Promise<JointBill | undefined> {
  const points = await parts.registry.usagePointsOf(ask);
  const found = await Promise.all(
    points.map(async ({ usagePointId, commodity }): Promise<JointBillPart[]> => {
      const bills = await parts.billing.list({ usagePointId, limit: BILLS_MAX });
      return bills
        .filter(({ state, toDay }) => state !== "cancelled" && toDay > ask.afterDay && toDay <= ask.untilDay)
        .map((bill) => ({ commodity, usagePointId, bill }));
    }),
  );
  const all = found.flat();
  const [first] = all;
  if (first === undefined) return undefined;
  const { currency } = first.bill.bill;
  const other = all.find(({ bill }) => bill.bill.currency !== currency);
  if (other !== undefined)
    throw new UsageError(`${other.usagePointId} is billed in ${other.bill.bill.currency}, ${first.usagePointId} in ${currency}`, {
      code: "currencies-differ",
      advice: "bill each currency by itself",
    });
  return {
    parts: all,
    currency,
    total: all.reduce((sum, { bill }) => sum.plus(bill.bill.total), new Money(0)).toFixed(),
    state: all.some(({ bill }) => bill.state === "held") ? "held" : "issued",
    missing: points.filter((_, index) => found[index]?.length === 0).map(({ usagePointId, commodity }) => ({ usagePointId, commodity })),
  };
}
