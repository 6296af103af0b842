import type { BillComparison, Job, Page, RehearsalPoint, RehearsalPointsQuery, RehearsalRequest, RehearsalResult } from "@amity/api";
import { evenSample, rehearseOne, rehearseStored, usagePointIds, type BillLine, type RehearsedPoint } from "@amity/mdm";
import type { Principal, WriteOutcome } from "../../http/ports.ts";
import { differenceOf, moneyText, quantityText, rateText } from "../api/bill-line-text.ts";
import { daysOf, dayTexts, pageOfList, resultOf, type AnalysisParts } from "./analysis-parts.ts";
import { startJob } from "./job-views.ts";

const DAYS_MAX = 400;
const FAILED_SHOWN = 100;

/** Bills stored usage under a tariff and a candidate. */
export async function startRehearsal(parts: AnalysisParts, ask: RehearsalRequest, by: Principal): Promise<WriteOutcome<Job>> {
  const { mdm } = parts;
  const span = daysOf(ask, DAYS_MAX);
  const current = (await mdm.billing.tariffs()).find(({ id }) => id === ask.tariff);
  const kept = await mdm.candidates.find(ask.candidate);
  if (current === undefined || kept === undefined) return { kind: "not-found" };
  const candidate = kept.tariff;
  const commodity = current.commodity ?? "electricity";
  return startJob(
    parts,
    {
      kind: "rehearsal",
      title: `${candidate.name} (${ask.candidate}) against ${current.id}, ${ask.from} to ${ask.to}`,
      async work(watch) {
        const all = await usagePointIds(mdm.store, {
          commodity,
          ...(ask.channelClass === undefined ? {} : { channelClass: ask.channelClass }),
        });
        const report = await rehearseStored(mdm, { current, candidate, usagePointIds: evenSample(all, ask.usagePoints), ...span }, watch);
        if (report === undefined) return undefined;
        return { kind: "rehearsal", ...span, tariff: current, candidateId: ask.candidate, candidate, report };
      },
    },
    by,
  );
}

export function rehearsalOf(parts: AnalysisParts, jobId: string): RehearsalResult | undefined {
  const result = resultOf(parts, jobId, "rehearsal");
  if (result === undefined) return undefined;
  const { report, tariff } = result;
  const { points, totalCurrent, totalCandidate, difference, more, less, same, medianChangePercent } = report;
  return {
    tariff: tariff.id,
    candidate: result.candidateId,
    currency: tariff.currency,
    ...dayTexts(result),
    points,
    totalCurrent: moneyText(totalCurrent),
    totalCandidate: moneyText(totalCandidate),
    difference: moneyText(difference),
    more,
    less,
    same,
    medianChangePercent,
    distribution: report.distribution.map((band) => ({ ...band })),
    failed: report.failed.slice(0, FAILED_SHOWN).map(({ usagePointId, reason }) => ({ usagePoint: usagePointId, reason })),
    failedCount: report.failed.length,
  };
}

export function rehearsalPointsOf(parts: AnalysisParts, jobId: string, query: RehearsalPointsQuery): Page<RehearsalPoint> | undefined {
  const ranked = resultOf(parts, jobId, "rehearsal")?.report.ranked;
  if (ranked === undefined) return undefined;
  return pageOfList((query.order === "more" ? ranked : ranked.toReversed()).map(pointShape), query);
}

function pointShape({ usagePointId, current, candidate, difference }: RehearsedPoint): RehearsalPoint {
  const before = Number(current);
  return {
    usagePoint: usagePointId,
    current: moneyText(current),
    candidate: moneyText(candidate),
    difference: moneyText(difference),
    ...(before > 0 ? { changePercent: (100 * Number(difference)) / before } : {}),
  };
}

/** Both bills of one usage point, rated again, with the lines of one charge side by side. */
export async function rehearsedBillOf(parts: AnalysisParts, jobId: string, usagePointId: string): Promise<BillComparison | undefined> {
  const result = resultOf(parts, jobId, "rehearsal");
  if (result === undefined || !result.report.ranked.some((point) => point.usagePointId === usagePointId)) return undefined;
  const { tariff, candidate, fromDay, toDay } = result;
  const bills = await rehearseOne(parts.mdm, { current: tariff, candidate, usagePointIds: [usagePointId], fromDay, toDay });
  if (bills === undefined) return undefined;
  return {
    usagePoint: usagePointId,
    currency: tariff.currency,
    ...dayTexts(result),
    current: moneyText(bills.current.total),
    candidate: moneyText(bills.candidate.total),
    difference: differenceOf(bills.candidate.total, bills.current.total),
    lines: pairs(bills.current.lines, bills.candidate.lines).map(({ title, current, candidate: after }) => ({
      title,
      ...(current === undefined ? {} : { current: sideOf(current) }),
      ...(after === undefined ? {} : { candidate: sideOf(after) }),
      difference: differenceOf(after?.amount ?? "0", current?.amount ?? "0"),
    })),
  };
}

interface Pair {
  readonly title: string;
  readonly current?: BillLine;
  readonly candidate?: BillLine;
}

/** The first line of a charge beside the first line of the same charge, and so on; what only one bill has stands alone. */
function pairs(current: readonly BillLine[], candidate: readonly BillLine[]): Pair[] {
  const left = [...candidate];
  const found = current.map((line): Pair => {
    const at = left.findIndex(({ chargeId, label }) => chargeId === line.chargeId && label === line.label);
    const fallback = at >= 0 ? at : left.findIndex(({ chargeId }) => chargeId === line.chargeId);
    const [other] = fallback < 0 ? [] : left.splice(fallback, 1);
    return other === undefined ? { title: line.label, current: line } : { title: line.label, current: line, candidate: other };
  });
  return [...found, ...left.map((line): Pair => ({ title: line.label, candidate: line }))];
}

function sideOf(line: BillLine): NonNullable<BillComparison["lines"][number]["current"]> {
  const rate = rateText(line);
  return { quantity: quantityText(line), ...(rate === undefined ? {} : { rate }), amount: moneyText(line.amount) };
}
