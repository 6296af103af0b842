import { AmityError } from "@amity/bytes";
import { formatDay } from "@amity/intervals";
import type { Clock } from "@amity/runtime";
import type { Store } from "@amity/store";
import { continuationOf } from "../billing/continuation.ts";
import { holdsOf, type GateLimits } from "../billing/gate.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { rate, type ReadyTariff } from "../rating/index.ts";
import type { Registry } from "../registry/registry.ts";
import type { Tariff, TariffVersion } from "../tariff/index.ts";
import type { Usage } from "../usage/usage.ts";
import { earlierBills, inPinOrder, type EarlierBill } from "./bill-table.ts";
import type { BillAsk, BillDraft } from "./stored-bill.ts";
import { installationsOfAll, readUsage } from "./usage-reader.ts";
import { usageTotals } from "./usage-totals.ts";

interface Parts {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly clock: Pick<Clock, "nowMs">;
}

interface Terms {
  readonly tariffOf: (tariffId: string) => Promise<ReadyTariff>;
  readonly limits: GateLimits;
}

/** What rating made of one ask. */
export type Drafted = { readonly kind: "rated"; readonly draft: BillDraft } | { readonly kind: "failed"; readonly error: AmityError };

/** How far back bills are looked at: two years of ratchet and the year's minimum. */
const LOOK_BACK_DAYS = 750;

/** Rates many usage points in one pass over ledger and bills, with what their earlier bills hand on. Nothing is stored. */
export async function draftBills(parts: Parts, asks: readonly BillAsk[], terms: Terms): Promise<Drafted[]> {
  const tariffs = await Promise.all(asks.map((ask) => terms.tariffOf(ask.tariffId)));
  const knownAtMs = parts.clock.nowMs();
  const installations = await installationsOfAll(parts.store, [...new Set(asks.map((ask) => ask.usagePointId))]);
  const wanted = asks.flatMap((ask, index) => {
    const tariff = tariffs[index];
    return tariff === undefined ? [] : [{ ...ask, zone: tariff.zone, asOfMs: knownAtMs }];
  });
  const [usages, earlier] = await Promise.all([readUsage(parts, wanted, installations), earlierBills(parts.store, asks, LOOK_BACK_DAYS)]);
  return asks.map((ask, index): Drafted => {
    const tariff = tariffs[index];
    const usage = usages[index];
    if (tariff === undefined || usage === undefined) throw new RangeError("an ask without tariff or usage");
    const meterId = installations.get(ask.usagePointId)?.at(-1)?.meterId ?? ask.usagePointId;
    try {
      const draft = draftOf(ask, { tariff, usage, earlier: earlier[index] ?? [], limits: terms.limits, knownAtMs });
      return { kind: "rated", draft: { ...draft, meterId } };
    } catch (error) {
      if (!(error instanceof AmityError)) throw error;
      return { kind: "failed", error };
    }
  });
}

interface Basis {
  readonly tariff: ReadyTariff;
  readonly usage: Usage;
  readonly earlier: readonly EarlierBill[];
  readonly limits: GateLimits;
  readonly knownAtMs: number;
}

function draftOf(ask: BillAsk, { tariff, usage, earlier, limits, knownAtMs }: Basis): Omit<BillDraft, "meterId"> {
  const { usagePointId, tariffId, fromDay, toDay } = ask;
  const issued = earlier.filter(({ state }) => state === "issued");
  const bill = rate(tariff, { usagePointId, fromDay, toDay, usage, ...continuationOf(issued, fromDay, yearEndMonthOf(tariff.tariff)) });
  const holds = holdsOf(
    bill,
    { days: toDay - fromDay, earlier: issued, mayBeNegative: (usage.flows.export ?? []).length > 0 || bill.carried !== undefined },
    limits,
  ).map(({ reason }) => reason);
  const before = earlier.find(({ state, to }) => state === "held" && to === formatDay(fromDay));
  if (before !== undefined && handsOn(tariff.tariff)) holds.push("the bill before it is held, and this one takes over from it");
  const { importWh, estimatedShare } = usageTotals(usage);
  return {
    usagePointId,
    tariffId,
    fromDay,
    toDay,
    state: holds.length > 0 ? "held" : "issued",
    energyWh: importWh,
    estimatedShare,
    knownAtMs,
    issuedAtMs: holds.length > 0 ? undefined : knownAtMs,
    heldBecause: holds.join("; "),
    bill: { ...bill, pinned: inPinOrder(bill.pinned) },
  };
}

function yearEndMonthOf(tariff: Tariff): number | undefined {
  for (const { charges } of tariff.versions) {
    for (const charge of charges) if (charge.kind === "minimum" && charge.per === "year") return charge.yearEndMonth;
  }
  return undefined;
}

/** Whether a bill by this tariff depends on the one before it. */
function handsOn({ versions }: Tariff): boolean {
  return versions.some((version: TariffVersion) => {
    if (version.netting !== undefined) return true;
    return version.charges.some(
      (charge) => (charge.kind === "demand" && charge.ratchet !== undefined) || (charge.kind === "minimum" && charge.per === "year"),
    );
  });
}
