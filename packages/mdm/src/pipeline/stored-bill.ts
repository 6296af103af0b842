import type { Commodity, UsagePointId } from "@amity/model";
import type { Bill } from "../rating/index.ts";

export type BillState = "held" | "issued" | "cancelled";

/** A bill as it is kept. A bill that is out is never changed: late data cancel it and make the next revision. */
export interface StoredBill {
  readonly billId: string;
  readonly usagePointId: UsagePointId;
  readonly meterId: string;
  readonly tariffId: string;
  readonly fromDay: number;
  readonly toDay: number;
  readonly revision: number;
  readonly state: BillState;
  readonly energyWh: number;
  /** Share of the energy that is estimated, 0 to 1. */
  readonly estimatedShare: number;
  /** The ledger as of this instant gives the bill's intervals again; `bill.pinned` names their versions. */
  readonly knownAtMs: number;
  readonly issuedAtMs: number | undefined;
  readonly heldBecause: string;
  readonly bill: Bill;
}

export interface BillAsk {
  readonly usagePointId: UsagePointId;
  readonly tariffId: string;
  /** Civil days in the tariff's zone, `toDay` exclusive. */
  readonly fromDay: number;
  readonly toDay: number;
}

export interface BillFilter {
  readonly usagePointId?: UsagePointId;
  readonly meterId?: string;
  readonly state?: BillState;
  readonly commodity?: Commodity;
  readonly limit: number;
  /** Only what comes after this one in the list (newest period first). */
  readonly after?: { readonly toDay: number; readonly billId: string };
}

/** A rated bill before it has its number. */
export type BillDraft = Omit<StoredBill, "billId" | "revision">;
