import type { Bill, BilledInterval, Page, PageQuery } from "@amity/api";
import {
  channelsById,
  intervalsBehind,
  prepareTariff,
  readUsage,
  type BillLine,
  type Channel,
  type StoredBill,
  type TracedInterval,
  type UsagePart,
} from "@amity/mdm";
import { moneyText, quantityText, rateText } from "./bill-line-text.ts";
import { instantText, readCursor, writeCursor } from "./cursor.ts";
import { pageQuality } from "./interval-views.ts";
import { qualityText } from "./quality-text.ts";
import type { UtilityParts } from "./utility-parts.ts";

const WINDOWS_MAX = 3000;
const PARTS_MAX = 50;

/** The intervals behind each line of a bill, and the channels that they are of. */
export interface BillBasis {
  readonly behind: ReadonlyMap<string, readonly TracedInterval[]>;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly multipliers: ReadonlyMap<string, number>;
}

const NOTHING: BillBasis = { behind: new Map(), channels: new Map(), multipliers: new Map() };

/** Reads the usage of a bill again at what was known when it was made, and finds the intervals behind its lines. */
export async function billBasisOf(parts: Pick<UtilityParts, "mdm">, stored: StoredBill): Promise<BillBasis> {
  const tariff = (await parts.mdm.billing.tariffs()).find(({ id }) => id === stored.tariffId);
  if (tariff === undefined) return NOTHING;
  const ready = prepareTariff(tariff);
  const { usagePointId, fromDay, toDay, knownAtMs } = stored;
  const [usage] = await readUsage(parts.mdm, [{ usagePointId, fromDay, toDay, zone: ready.zone, asOfMs: knownAtMs }]);
  if (usage === undefined) return NOTHING;
  const input = { usagePointId, fromDay, toDay, usage };
  const used: readonly UsagePart[] = Object.values(usage.flows).flat();
  const known = await channelsById(
    parts.mdm.store,
    used.map(({ channelId }) => Number(channelId)),
  );
  const byTime = (left: TracedInterval, right: TracedInterval): number => left.atMs - right.atMs;
  return {
    behind: new Map(
      stored.bill.lines
        .filter(({ trace }) => trace.flow !== undefined)
        .map((line) => [line.id, intervalsBehind(line, stored.bill, ready, input).toSorted(byTime)]),
    ),
    channels: new Map([...known].map(([channelId, channel]) => [String(channelId), channel])),
    multipliers: new Map(used.map(({ channelId, multiplier }) => [channelId, multiplier])),
  };
}

/** A line as people and programs read it. */
export function lineShape(line: BillLine, basis: BillBasis): Bill["lines"][number] {
  const behind = basis.behind.get(line.id);
  const parts = behind === undefined ? [] : partsOf(behind, basis);
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
    ...(behind === undefined
      ? {}
      : {
          ...(parts[0] === undefined ? {} : { channel: parts[0].channel }),
          intervals: behind.length,
          parts,
          windows: windowsOf(behind),
        }),
  };
}

/** One page of the intervals behind a line, in the order of time. */
export async function billedIntervalsOf(
  parts: Pick<UtilityParts, "mdm">,
  ask: { billId: string; lineId: string },
  query: PageQuery,
): Promise<Page<BilledInterval> | undefined> {
  const stored = await parts.mdm.billing.find(ask.billId);
  if (stored === undefined || !stored.bill.lines.some(({ id }) => id === ask.lineId)) return undefined;
  const basis = await billBasisOf(parts, stored);
  const behind = basis.behind.get(ask.lineId) ?? [];
  const from = query.cursor === undefined ? 0 : Number(readCursor(query.cursor, 1)[0]);
  const to = from + query.limit;
  const items = behind.slice(from, to).map((interval) => intervalShape(interval, basis));
  return { items, total: behind.length, ...(to < behind.length ? { next: writeCursor([to]) } : {}) };
}

function intervalShape({ channelId, atMs, intervalSeconds, counts, quality, version }: TracedInterval, basis: BillBasis): BilledInterval {
  const channel = basis.channels.get(channelId);
  return {
    meterId: channel?.meterId ?? "",
    channel: channel?.name ?? channelId,
    from: instantText(atMs),
    to: instantText(atMs + intervalSeconds * 1000),
    value: counts,
    scaler: channel?.scaler ?? 0,
    unit: channel?.unit ?? "none",
    multiplier: basis.multipliers.get(channelId) ?? 1,
    quality: pageQuality(quality),
    qualityText: qualityText(quality),
    ...(version === undefined ? {} : { version }),
  };
}

/** Which channel of which meter, from its first to its last interval behind the line. */
function partsOf(behind: readonly TracedInterval[], basis: BillBasis): NonNullable<Bill["lines"][number]["parts"]> {
  const spans = new Map<string, { fromMs: number; toMs: number }>();
  for (const { channelId, atMs, intervalSeconds } of behind) {
    const span = spans.get(channelId);
    const toMs = atMs + intervalSeconds * 1000;
    if (span === undefined) spans.set(channelId, { fromMs: atMs, toMs });
    else span.toMs = Math.max(span.toMs, toMs);
  }
  return [...spans].slice(0, PARTS_MAX).map(([channelId, { fromMs, toMs }]) => {
    const channel = basis.channels.get(channelId);
    return { meterId: channel?.meterId ?? "", channel: channel?.name ?? channelId, from: instantText(fromMs), to: instantText(toMs) };
  });
}

/** Consecutive intervals as one window. */
function windowsOf(intervals: readonly TracedInterval[]): { from: string; to: string }[] {
  const windows: { fromMs: number; toMs: number }[] = [];
  for (const { atMs, intervalSeconds } of intervals) {
    const last = windows.at(-1);
    const toMs = atMs + intervalSeconds * 1000;
    if (last !== undefined && last.toMs >= atMs) last.toMs = Math.max(last.toMs, toMs);
    else windows.push({ fromMs: atMs, toMs });
  }
  return windows.slice(0, WINDOWS_MAX).map(({ fromMs, toMs }) => ({ from: instantText(fromMs), to: instantText(toMs) }));
}

function explanationOf({ trace }: BillLine): { explanation?: string } {
  const words = [
    ...(trace.periods === undefined ? [] : [`times of use: ${trace.periods.map(inWords).join(", ")}`]),
    ...(trace.steps ?? []),
  ];
  return words.length === 0 ? {} : { explanation: words.join("; ") };
}

/** `offPeak` as people write it. */
function inWords(period: string): string {
  return period.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
