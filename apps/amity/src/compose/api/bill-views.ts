import type { Bill, BillsQuery, BillSummary, Page } from "@amity/api";
import { formatDay } from "@amity/intervals";
import type { BillLine as RatedLine, StoredBill } from "@amity/mdm";
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
  const { quality } = bill;
  const notes = [
    `${bill.pinned.length} stored days are pinned by version.`,
    `${quality.actual} of ${quality.intervals} intervals measured, ${quality.estimated} estimated, ${quality.edited} edited, ${quality.missing} missing.`,
    ...(stored.heldBecause === "" ? [] : [`Held: ${stored.heldBecause}.`]),
    ...(stored.revision > 1 ? [`Revision ${stored.revision}: an earlier bill of this time was cancelled.`] : []),
  ];
  return {
    summary: summaryShape(stored),
    lines: bill.lines.map((line) => lineShape(line)),
    knownAt: instantText(stored.knownAtMs),
    zone: parts.zone.name,
    notes,
  };
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
    total: money(stored.bill.total),
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
const UNITS: Readonly<Record<string, Bill["lines"][number]["unit"]>> = {
  kWh: "kWh",
  kW: "kW",
  kVA: "VA",
  kvarh: "varh",
  day: "day",
  month: "month",
};

function lineShape(line: RatedLine): Bill["lines"][number] {
  const channel = line.trace.flow === undefined ? undefined : CHANNELS[line.trace.flow];
  const windows = line.trace.peaks?.map(({ atMs, windowMinutes }) => ({
    from: instantText(atMs),
    to: instantText(atMs + windowMinutes * 60_000),
  }));
  const wholeTime = [{ from: instantText(line.trace.fromMs), to: instantText(line.trace.toMs) }];
  return {
    id: line.id,
    title: line.label,
    quantity: line.quantity,
    unit: UNITS[line.unit] ?? "each",
    rate: line.rate ?? "0",
    amount: money(line.amount),
    ...explanationOf(line),
    ...(channel === undefined ? {} : { channel, windows: (windows ?? wholeTime).slice(0, WINDOWS_MAX) }),
  };
}

function explanationOf({ trace }: RatedLine): { explanation?: string } {
  const parts = [...(trace.periods === undefined ? [] : [`times of use: ${trace.periods.join(", ")}`]), ...(trace.steps ?? [])];
  return parts.length === 0 ? {} : { explanation: parts.join("; ") };
}

/** Two places at least, as money is written. */
function money(decimal: string): string {
  const [whole = "0", places = ""] = decimal.split(".");
  return `${whole}.${places.padEnd(2, "0")}`;
}
