import { DAY_MS, spanOf, type IntervalBlock } from "@amity/intervals";
import { isEstimated, isMissing } from "@amity/model";
import type { ChannelId } from "../ledger/channel-id.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** How much of a span a channel has. */
export interface ChannelCoverage {
  readonly channelId: ChannelId;
  readonly expected: number;
  /** Intervals with a value, estimates included. */
  readonly received: number;
  readonly estimated: number;
  /** Runs without a value, the first few. */
  readonly missing: readonly { readonly fromMs: number; readonly toMs: number }[];
}

const RUNS_MAX = 20;

/** Counts the intervals of channels over `[fromMs, toMs)`, in the order asked; a channel without any block lacks all of them. */
export async function coverageOf(
  ledger: Pick<Ledger, "read">,
  channels: readonly { readonly channelId: ChannelId; readonly intervalSeconds: number }[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<ChannelCoverage[]> {
  const blocks = new Map<ChannelId, IntervalBlock[]>(channels.map(({ channelId }) => [channelId, []]));
  const selection = {
    channelIds: [...blocks.keys()],
    fromDayMs: Math.floor(fromMs / DAY_MS) * DAY_MS - DAY_MS,
    toDayMs: Math.ceil(toMs / DAY_MS) * DAY_MS,
  };
  await ledger.read(selection, ({ channelId, block }) => blocks.get(channelId)?.push(block));
  return channels.map(({ channelId, intervalSeconds }) => {
    const onGrid = (blocks.get(channelId) ?? []).filter((block) => block.intervalSeconds === intervalSeconds);
    return { channelId, ...countSpan(spanOf(onGrid, { fromMs, toMs, intervalSeconds })) };
  });
}

function countSpan(span: ReturnType<typeof spanOf>): Omit<ChannelCoverage, "channelId"> {
  const stepMs = span.intervalSeconds * 1000;
  const missing: { fromMs: number; toMs: number }[] = [];
  let [received, estimated] = [0, 0];
  let lastMissing = -2;
  for (const [index, quality] of span.qualities.entries()) {
    if (!isMissing(quality)) {
      received += 1;
      if (isEstimated(quality)) estimated += 1;
      continue;
    }
    const fromMs = span.startMs + index * stepMs;
    const run = missing.at(-1);
    if (run !== undefined && lastMissing === index - 1) run.toMs = fromMs + stepMs;
    else if (missing.length < RUNS_MAX) missing.push({ fromMs, toMs: fromMs + stepMs });
    // Beyond the limit nothing may be joined to the last run that is kept.
    lastMissing = missing.at(-1)?.toMs === fromMs + stepMs ? index : -2;
  }
  return { expected: span.values.length, received, estimated, missing };
}
