import { parseDay, utcDayStartMs } from "@amity/intervals";
import { intervalStartMs } from "../vee/series.ts";
import type { Bill, BillLine, RatingInput } from "./bill.ts";
import { selectionMask } from "./energy-charge.ts";
import { flowOf, periodIndices, segmentsOf, type ReadyTariff } from "./segment.ts";

/** One interval behind a bill line. */
export interface TracedInterval {
  readonly channelId: string;
  readonly atMs: number;
  readonly intervalSeconds: number;
  readonly counts: number;
  readonly quality: number;
  /** Version of the stored block, where known. */
  readonly version: number | undefined;
}

/**
 * The intervals that a line rests on, from the usage that was billed (fetch it at the versions that the bill pins). For a
 * line computed from other lines, theirs. A demand leads to the windows of its peaks.
 */
export function intervalsBehind(line: BillLine, bill: Bill, tariff: ReadyTariff, input: RatingInput): readonly TracedInterval[] {
  const { trace } = line;
  if (trace.lines !== undefined)
    return trace.lines.flatMap((id) =>
      bill.lines.filter((other) => other.id === id).flatMap((other) => intervalsBehind(other, bill, tariff, input)),
    );
  const { flow } = trace;
  if (flow === undefined || parseDay(bill.from) === undefined) return [];
  const segment = segmentsOf(tariff, input).find((candidate) => candidate.fromMs <= trace.fromMs && candidate.toMs >= trace.toMs);
  if (segment === undefined) return [];
  const periods = periodIndices(segment, trace.periods, line.chargeId);
  const traced: TracedInterval[] = [];
  for (const part of flowOf(segment, input, flow)) {
    const mask = selectionMask(part, periods, trace, input);
    const { series, channelId, blocks } = part.part;
    const versions = new Map(blocks.filter((block) => block.channelId === channelId).map((block) => [block.dayStartMs, block.version]));
    for (let index = part.from; index < part.to; index += 1) {
      const atMs = intervalStartMs(series, index);
      if (mask[index] !== 1 || atMs < trace.fromMs || atMs >= trace.toMs || !isInPeak(channelId, atMs, trace.peaks)) continue;
      traced.push({
        channelId,
        atMs,
        intervalSeconds: series.intervalSeconds,
        counts: series.values[index] ?? 0,
        quality: series.qualities[index] ?? 0,
        version: versions.get(utcDayStartMs(atMs)),
      });
    }
  }
  return traced;
}

function isInPeak(channelId: string, atMs: number, peaks: BillLine["trace"]["peaks"]): boolean {
  return (
    peaks === undefined ||
    peaks.some((peak) => peak.channelId === channelId && atMs >= peak.atMs && atMs < peak.atMs + peak.windowMinutes * 60_000)
  );
}
