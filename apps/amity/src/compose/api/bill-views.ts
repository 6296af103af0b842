import type { Bill, BillRelease, BillsQuery, BillSummary, Page } from "@amity/api";
import { formatDay } from "@amity/intervals";
import { jointBillOf, type StoredBill } from "@amity/mdm";
import type { Principal, WriteOutcome } from "../../http/ports.ts";
import { moneyText } from "./bill-line-text.ts";
import { billBasisOf, lineShape } from "./bill-lines.ts";
import { instantText, readCursor, writeCursor } from "./cursor.ts";
import type { UtilityParts } from "./utility-parts.ts";

/** Bills, newest period first. */
export async function billsOf(parts: UtilityParts, query: BillsQuery): Promise<Page<BillSummary>> {
  if (query.state === "draft") return { items: [] };
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor, 2);
  const found = await parts.mdm.billing.list({
    limit: query.limit + 1,
    ...(query.meterId === undefined ? {} : { meterId: query.meterId }),
    ...(query.state === undefined ? {} : { state: query.state }),
    ...(query.commodity === undefined ? {} : { commodity: query.commodity }),
    ...(after === undefined ? {} : { after: { toDay: Number(after[0]), billId: String(after[1]) } }),
  });
  const items = found.slice(0, query.limit);
  const last = items.at(-1);
  const more = found.length > query.limit && last !== undefined;
  return { items: items.map(summaryShape), ...(more ? { next: writeCursor([last.toDay, last.billId]) } : {}) };
}

export async function billOf(parts: UtilityParts, id: string): Promise<Bill | undefined> {
  const stored = await parts.mdm.billing.find(id);
  if (stored === undefined) return undefined;
  const { bill } = stored;
  const basis = await billBasisOf(parts, stored);
  const { quality } = bill;
  const together = await togetherOf(parts, stored);
  const notes = [
    `${bill.pinned.length} stored days are pinned by version.`,
    `${quality.actual} of ${quality.intervals} intervals measured, ${quality.estimated} estimated, ${quality.edited} edited, ${quality.missing} missing.`,
    ...(stored.heldBecause === "" ? [] : [`Held: ${stored.heldBecause}.`]),
    ...(stored.revision > 1 ? [`Revision ${stored.revision}: an earlier bill of this time was cancelled.`] : []),
  ];
  return {
    summary: summaryShape(stored),
    lines: bill.lines.map((line) => lineShape(line, basis)),
    knownAt: instantText(stored.knownAtMs),
    zone: parts.zone.name,
    notes,
    ...(together === undefined ? {} : { together }),
  };
}

/** Days between the ends of cycles that one customer is billed for together. */
const TOGETHER_DAYS = 3;

/** The customer's bills of all commodities whose cycles end with this one. `undefined` where there is nothing but this one. */
async function togetherOf({ mdm }: UtilityParts, stored: StoredBill): Promise<Bill["together"]> {
  const { customerId } = (await mdm.registry.usagePoint(stored.usagePointId)) ?? {};
  if (customerId === undefined || stored.state === "cancelled") return undefined;
  const { toDay } = stored;
  const joint = await jointBillOf(mdm, { customerId, afterDay: toDay - TOGETHER_DAYS - 1, untilDay: toDay + TOGETHER_DAYS });
  if (joint === undefined || joint.parts.length + joint.missing.length < 2) return undefined;
  return {
    bills: joint.parts.map((part) => summaryShape(part.bill)),
    total: moneyText(joint.total),
    currency: joint.currency,
    state: joint.state,
    missing: joint.missing.map(({ usagePointId, commodity }) => ({ usagePoint: usagePointId, commodity })),
  };
}

/** Lets a held bill go out in a person's name; one that is out, or cancelled, is a conflict. */
export async function releaseBill(
  parts: UtilityParts,
  id: string,
  { reason }: BillRelease,
  by: Principal,
): Promise<WriteOutcome<BillSummary>> {
  const held = await parts.mdm.billing.find(id);
  if (held === undefined) return { kind: "not-found" };
  if (held.state !== "held") return { kind: "conflict", detail: `The bill is ${held.state}: only a held bill can be released.` };
  const released = await parts.mdm.billing.release(id, { author: by.user, note: reason });
  return released === undefined ? { kind: "not-found" } : { kind: "done", value: summaryShape(released) };
}

/** A bill as lists show it. */
export function summaryShape(stored: StoredBill): BillSummary {
  return {
    id: stored.billId,
    usagePoint: stored.usagePointId,
    commodity: stored.bill.commodity ?? "electricity",
    meterId: stored.meterId,
    from: formatDay(stored.fromDay),
    to: formatDay(stored.toDay),
    tariff: stored.tariffId,
    currency: stored.bill.currency,
    total: moneyText(stored.bill.total),
    energyWh: Math.round(stored.energyWh),
    ...(stored.bill.volumeM3 === undefined ? {} : { volumeM3: stored.bill.volumeM3 }),
    estimatedShare: stored.estimatedShare,
    state: stored.state,
    ...(stored.issuedAtMs === undefined ? {} : { issuedAt: instantText(stored.issuedAtMs) }),
  };
}
