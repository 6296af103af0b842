import type { PlaceTrouble, UsagePointDetail } from "@amity/api";
import { metersBeside, usagePointsOf } from "@amity/mdm";
import { summaryShape } from "./bill-views.ts";
import { instantText } from "./cursor.ts";
import { conditionsOf } from "./condition-view.ts";
import { exceptionsOf } from "./exception-views.ts";
import type { UtilityParts } from "./utility-parts.ts";

const BILLS_SHOWN = 12;
const EXCEPTIONS_SHOWN = 20;
/** Exceptions counted; beyond it the number reads as this many. */
const EXCEPTIONS_COUNTED = 1000;

/** Everything about one usage point: who measured it when, what it is billed by, what waits. */
export async function usagePointOf(parts: UtilityParts, id: string): Promise<UsagePointDetail | undefined> {
  const { mdm } = parts;
  const [point] = await usagePointsOf(mdm.store, { usagePointId: id });
  if (point === undefined) return undefined;
  const [installations, beside, bills, tariffs] = await Promise.all([
    mdm.registry.installationsOf(id),
    metersBeside(mdm.store, id),
    mdm.billing.list({ usagePointId: id, limit: BILLS_SHOWN }),
    mdm.billing.tariffs(),
  ]);
  const meterIds = [...new Set(installations.map(({ meterId }) => meterId))];
  const present = installations.at(-1)?.meterId;
  const [open, shown] = await Promise.all([
    meterIds.length === 0 ? [] : mdm.exceptions.list({ meterIds, state: "open", limit: EXCEPTIONS_COUNTED }),
    present === undefined ? { items: [] } : exceptionsOf(parts, { meterId: present, state: "open", limit: EXCEPTIONS_SHOWN }),
  ]);
  const standing = { id: present ?? "", commodity: commodityOfPoint(point.commodity), usagePoint: id };
  const neighbours = beside.map(({ meterId, commodity, usagePointId }) => ({ id: meterId, commodity, usagePoint: usagePointId }));
  const trouble = await Promise.all([...(present === undefined ? [] : [standing]), ...neighbours].map((meter) => troubleOf(parts, meter)));
  const tariff = tariffs.find((one) => one.id === bills[0]?.tariffId);
  return {
    id,
    commodity: point.commodity,
    channelClass: point.channelClass,
    ...(point.premisesId === undefined ? {} : { premises: point.premisesId }),
    ...(point.customerId === undefined ? {} : { customer: point.customerId }),
    installations: installations
      .map(({ meterId, installedAtMs, removedAtMs, multiplier, isReversed = false }) => ({
        meterId,
        from: instantText(installedAtMs),
        ...(removedAtMs === undefined ? {} : { to: instantText(removedAtMs) }),
        multiplier,
        isReversed,
      }))
      .toReversed(),
    ...(tariff === undefined ? {} : { tariff: { id: tariff.id, name: tariff.name } }),
    samePlace: neighbours,
    trouble: trouble.filter(({ conditions, exceptions }) => conditions.length + exceptions.length > 0),
    bills: bills.map(summaryShape),
    exceptions: shown.items,
    openExceptions: open.length,
  };
}

/** What a meter says of itself, and what validation found of it. */
async function troubleOf(parts: UtilityParts, meter: PlaceTrouble["meter"]): Promise<PlaceTrouble> {
  const [conditions, found] = await Promise.all([
    conditionsOf(parts.registry, meter.id, parts.world.clock.nowMs()),
    exceptionsOf(parts, { meterId: meter.id, state: "open", limit: EXCEPTIONS_SHOWN }),
  ]);
  return { meter, conditions, exceptions: found.items };
}

/** The ledger may hold what the console has no pages for. */
function commodityOfPoint(commodity: string): PlaceTrouble["meter"]["commodity"] {
  return commodity === "gas" || commodity === "water" || commodity === "heat" ? commodity : "electricity";
}
