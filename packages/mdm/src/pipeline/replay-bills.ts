import { startOfLocalDayMs } from "@amity/intervals";
import type { UsagePointId } from "@amity/model";
import { prepareTariff, rate, type RatingInput, type ReadyTariff } from "../rating/index.ts";
import type { Tariff } from "../tariff/index.ts";
import type { Usage, UsagePart } from "../usage/usage.ts";
import type { Series, SubjectBill } from "../vee/index.ts";
import { standingBills } from "./bill-table.ts";
import { readUsage, type UsageReaderParts } from "./usage-reader.ts";

/** Stored bills that can be rated again with other values of one channel. */
export interface BillReplay {
  /** Bills that the channel feeds, each wholly within the time asked for. */
  billsOn(channelId: string): readonly SubjectBill[];
}

/**
 * The bills of usage points that stand (issued or held) and lie wholly within `[fromMs, toMs)`, over their usage as it is
 * stored now. What earlier bills hand on (surplus, ratchets) is left out on both sides of a comparison.
 */
export async function replayBills(
  parts: UsageReaderParts,
  usagePointIds: readonly UsagePointId[],
  time: { fromMs: number; toMs: number },
): Promise<BillReplay> {
  const standing = await standingBills(parts.store, usagePointIds, time);
  const tariffs = await readyTariffs(parts, [...new Set(standing.map(({ tariffId }) => tariffId))]);
  const bills = standing.flatMap((bill) => {
    const tariff = tariffs.get(bill.tariffId);
    if (tariff === undefined) return [];
    const { fromDay, toDay } = bill;
    const isWithin = startOfLocalDayMs(tariff.zone, fromDay) >= time.fromMs && startOfLocalDayMs(tariff.zone, toDay) <= time.toMs;
    return isWithin ? [{ ...bill, tariff, zone: tariff.zone }] : [];
  });
  const usages = await readUsage(parts, bills);
  const byChannel = new Map<string, SubjectBill[]>();
  for (const [index, { billId, usagePointId, tariff, fromDay, toDay }] of bills.entries()) {
    const usage = usages[index];
    if (usage === undefined) continue;
    const input: RatingInput = { usagePointId, fromDay, toDay, usage };
    for (const channelId of new Set(Object.values(usage.flows).flatMap((flow) => flow.map((part) => part.channelId)))) {
      const bill: SubjectBill = {
        billId,
        total: (series) => rate(tariff, { ...input, usage: usageWith(usage, channelId, series) }).total,
      };
      const known = byChannel.get(channelId);
      if (known === undefined) byChannel.set(channelId, [bill]);
      else known.push(bill);
    }
  }
  return { billsOn: (channelId) => byChannel.get(channelId) ?? [] };
}

async function readyTariffs(parts: UsageReaderParts, tariffIds: readonly string[]): Promise<Map<string, ReadyTariff>> {
  const { rows } = await parts.store.query<{ document: Tariff }>("select document from mdm.tariff where tariff_id = any ($1::text[])", [
    tariffIds,
  ]);
  return new Map(rows.map(({ document }) => [document.id, prepareTariff(document)]));
}

/** The usage with the values of one channel replaced where `series` has them. */
function usageWith(usage: Usage, channelId: string, series: Series): Usage {
  const flows = Object.fromEntries(
    Object.entries(usage.flows).map(([flow, parts]) => [
      flow,
      parts.map((part) => (part.channelId === channelId ? { ...part, series: overlaid(part, series) } : part)),
    ]),
  );
  return { ...usage, flows };
}

function overlaid({ series }: UsagePart, over: Series): UsagePart["series"] {
  const stepMs = series.intervalSeconds * 1000;
  const shift = (series.startMs - over.startMs) / stepMs;
  if (over.intervalSeconds !== series.intervalSeconds || !Number.isInteger(shift)) return series;
  const values = series.values.slice();
  const qualities = series.qualities.slice();
  for (let index = Math.max(0, -shift); index < Math.min(values.length, over.values.length - shift); index += 1) {
    values[index] = over.values[index + shift] ?? 0;
    qualities[index] = over.qualities[index + shift] ?? 0;
  }
  return { ...series, values, qualities };
}
