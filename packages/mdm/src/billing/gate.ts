import type { Bill } from "../rating/bill.ts";
import { Money } from "../rating/money.ts";

/** Shares (0 to 1) above which a bill waits for a person; stated per system that receives the bills. */
export interface GateLimits {
  readonly missingShare: number;
  readonly failedShare: number;
  readonly estimatedShare: number;
  readonly editedShare: number;
  /** Bill against the mean of earlier bills, per day: above and below these factors it waits. */
  readonly highFactor: number;
  readonly lowFactor: number;
  /** Earlier bills needed before high and low are judged. */
  readonly earlierBillsMin: number;
  /** Amounts below this are not worth waiting for. */
  readonly ignoreBelow: string;
}

/** No hole, no failed value; at most a tenth estimated; between a third and three times the usual. */
export const STANDARD_GATE: GateLimits = {
  missingShare: 0,
  failedShare: 0,
  estimatedShare: 0.1,
  editedShare: 0.2,
  highFactor: 3,
  lowFactor: 1 / 3,
  earlierBillsMin: 3,
  ignoreBelow: "10",
};

export type HoldKind =
  | "missing"
  | "failed"
  | "estimated"
  | "edited"
  | "noUsage"
  | "high"
  | "low"
  | "negative"
  | "estimateOverOutageAtEnd"
  | "unscaledEstimates";

/** Why a bill waits. */
export interface Hold {
  readonly kind: HoldKind;
  readonly numbers: Readonly<Record<string, number>>;
  readonly reason: string;
}

/** What the gate looks at beside the bill. */
export interface GateFacts {
  /** Totals of earlier bills with their days, oldest first. */
  readonly earlier?: readonly { readonly total: string; readonly days: number }[];
  readonly days: number;
  /** Intervals that were estimated without a register to scale to. */
  readonly unscaledEstimates?: number;
  /** An outage whose estimates reach into the last day of the cycle (the customer would be billed for the dark). */
  readonly estimateOverOutageAtEnd?: boolean;
  /** Credit notes are expected on net-metered points. */
  readonly mayBeNegative?: boolean;
}

/** Pre-bill validation: empty means that the bill may be issued. */
export function holdsOf(bill: Bill, facts: GateFacts, limits: GateLimits = STANDARD_GATE): readonly Hold[] {
  return [...qualityHolds(bill, facts, limits), ...amountHolds(bill, facts, limits)];
}

function qualityHolds(bill: Bill, facts: GateFacts, limits: GateLimits): readonly Hold[] {
  const { quality } = bill;
  if (quality.intervals === 0) return [{ kind: "noUsage", numbers: {}, reason: "there is no usage at all in the billed time" }];
  const holds: Hold[] = [];
  const judge = (kind: "missing" | "failed" | "estimated" | "edited", limit: number) => {
    const share = quality[kind] / quality.intervals;
    if (share > limit)
      holds.push({
        kind,
        numbers: { share, limit, intervals: quality[kind] },
        reason: `${quality[kind]} of ${quality.intervals} intervals are ${kind} (limit ${(100 * limit).toFixed(1)} %)`,
      });
  };
  judge("missing", limits.missingShare);
  judge("failed", limits.failedShare);
  judge("estimated", limits.estimatedShare);
  judge("edited", limits.editedShare);
  const unscaled = facts.unscaledEstimates ?? 0;
  if (unscaled / quality.intervals > limits.estimatedShare)
    holds.push({
      kind: "unscaledEstimates",
      numbers: { intervals: unscaled },
      reason: `${unscaled} estimated intervals were never scaled to a register`,
    });
  if (facts.estimateOverOutageAtEnd === true)
    holds.push({
      kind: "estimateOverOutageAtEnd",
      numbers: {},
      reason: "an outage near the end of the cycle is estimated: the register after it will tell",
    });
  return holds;
}

function amountHolds(bill: Bill, facts: GateFacts, limits: GateLimits): readonly Hold[] {
  const total = new Money(bill.total);
  if (total.isNegative() && facts.mayBeNegative !== true)
    return [
      {
        kind: "negative",
        numbers: { total: total.toNumber() },
        reason: `the bill is a credit of ${total.neg().toFixed()} ${bill.currency}`,
      },
    ];
  const earlier = facts.earlier ?? [];
  if (earlier.length < limits.earlierBillsMin) return [];
  const days = earlier.reduce((sum, entry) => sum + entry.days, 0);
  const usual = earlier
    .reduce((sum, entry) => sum.plus(entry.total), new Money(0))
    .div(days)
    .times(facts.days);
  if (total.minus(usual).abs().lt(limits.ignoreBelow)) return [];
  const numbers = { total: total.toNumber(), usual: usual.toNumber() };
  if (total.gt(usual.times(limits.highFactor)))
    return [
      {
        kind: "high",
        numbers,
        reason: `the bill is ${total.toFixed()}, usual for ${facts.days} days is ${usual.toFixed(2)} (limit ${limits.highFactor} times)`,
      },
    ];
  if (total.lt(usual.times(limits.lowFactor)))
    return [
      {
        kind: "low",
        numbers,
        reason: `the bill is ${total.toFixed()}, usual for ${facts.days} days is ${usual.toFixed(2)} (limit ${limits.lowFactor.toFixed(2)} times)`,
      },
    ];
  return [];
}
