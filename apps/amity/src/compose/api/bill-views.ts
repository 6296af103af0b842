import type { Bill, BillRelease, BillsQuery, BillSummary, Page } from "@amity/api";
import { formatDay } from "@amity/intervals";
import { intervalsBehind, prepareTariff, readUsage, type BillLine as RatedLine, type StoredBill, type TracedInterval } from "@amity/mdm";
import type { Principal, WriteOutcome } from "../../http/ports.ts";
import { moneyText, quantityText, rateText } from "./bill-line-text.ts";
import { instantText, readCursor, writeCursor } from "./cursor.ts";
import type { UtilityParts } from "./utility-parts.ts";

const WINDOWS_MAX = 3000;

/** Bills, newest period first. */
export async function billsOf(parts: UtilityParts, query: BillsQuery): Promise<Page<BillSummary>> {
  if (query.state === "draft") return { items: [] };
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor, 2);
  const found = await parts.mdm.billing.list({
    limit: query.limit + 1,
    ...(query.meterId === undefined ? {} : { meterId: query.meterId }),
    ...(query.state === undefined ? {} : { state: query.state }),
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
  const behind = await intervalsByLine(parts, stored);
  const { quality } = bill;
  const notes = [
    `${bill.pinned.length} stored days are pinned by version.`,
    `${quality.actual} of ${quality.intervals} intervals measured, ${quality.estimated} estimated, ${quality.edited} edited, ${quality.missing} missing.`,
    ...(stored.heldBecause === "" ? [] : [`Held: ${stored.heldBecause}.`]),
    ...(stored.revision > 1 ? [`Revision ${stored.revision}: an earlier bill of this time was cancelled.`] : []),
  ];
  return {
    summary: summaryShape(stored),
    lines: bill.lines.map((line) => lineShape(line, behind.get(line.id) ?? [])),
    knownAt: instantText(stored.knownAtMs),
    zone: parts.zone.name,
    notes,
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

function summaryShape(stored: StoredBill): BillSummary {
  return {
    id: stored.billId,
    usagePoint: stored.usagePointId,
    meterId: stored.meterId,
    from: formatDay(stored.fromDay),
    to: formatDay(stored.toDay),
    tariff: stored.tariffId,
    currency: stored.bill.currency,
    total: moneyText(stored.bill.total),
    energyWh: Math.round(stored.energyWh),
    estimatedShare: stored.estimatedShare,
    state: stored.state,
    ...(stored.issuedAtMs === undefined ? {} : { issuedAt: instantText(stored.issuedAtMs) }),
  };
}

const CHANNELS: Readonly<Record<string, string>> = {
  import: "1-0:1.8.0",
  export: "1-0:2.8.0",
  reactiveImport: "1-0:3.8.0",
  reactiveExport: "1-0:4.8.0",
};
function lineShape(line: RatedLine, behind: readonly TracedInterval[]): Bill["lines"][number] {
  const channel = line.trace.flow === undefined ? undefined : CHANNELS[line.trace.flow];
  const rate = rateText(line);
  return {
    id: line.id,
    title: line.label,
    quantity: line.quantity,
    unit: line.unit,
    ...(line.rate === undefined ? {} : { rate: line.rate }),
    amount: moneyText(line.amount),
    quantityText: quantityText(line),
    ...(rate === undefined ? {} : { rateText: rate }),
    ...(line.isTax ? { isTax: true } : {}),
    ...explanationOf(line),
    ...(channel === undefined ? {} : { channel, intervals: behind.length, windows: windowsOf(behind) }),
  };
}

/** The intervals behind every line, read again at what was known when the bill was made. */
async function intervalsByLine(parts: UtilityParts, stored: StoredBill): Promise<ReadonlyMap<string, readonly TracedInterval[]>> {
  const tariff = (await parts.mdm.billing.tariffs()).find(({ id }) => id === stored.tariffId);
  if (tariff === undefined) return new Map();
  const ready = prepareTariff(tariff);
  const { usagePointId, fromDay, toDay, knownAtMs } = stored;
  const [usage] = await readUsage(parts.mdm, [{ usagePointId, fromDay, toDay, zone: ready.zone, asOfMs: knownAtMs }]);
  if (usage === undefined) return new Map();
  const input = { usagePointId, fromDay, toDay, usage };
  return new Map(
    stored.bill.lines
      .filter(({ trace }) => trace.flow !== undefined)
      .map((line) => [line.id, intervalsBehind(line, stored.bill, ready, input)]),
  );
}

/** Consecutive intervals as one window. */
function windowsOf(intervals: readonly TracedInterval[]): { from: string; to: string }[] {
  const windows: { fromMs: number; toMs: number }[] = [];
  for (const { atMs, intervalSeconds } of intervals.toSorted((left, right) => left.atMs - right.atMs)) {
    const last = windows.at(-1);
    const toMs = atMs + intervalSeconds * 1000;
    if (last !== undefined && last.toMs >= atMs) last.toMs = Math.max(last.toMs, toMs);
    else windows.push({ fromMs: atMs, toMs });
  }
  return windows.slice(0, WINDOWS_MAX).map(({ fromMs, toMs }) => ({ from: instantText(fromMs), to: instantText(toMs) }));
}

function explanationOf({ trace }: RatedLine): { explanation?: string } {
  const parts = [
    ...(trace.periods === undefined ? [] : [`times of use: ${trace.periods.map(inWords).join(", ")}`]),
    ...(trace.steps ?? []),
  ];
  return parts.length === 0 ? {} : { explanation: parts.join("; ") };
}

/** `offPeak` as people write it. */
function inWords(period: string): string {
  return period.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
